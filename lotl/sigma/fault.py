"""What is wrong with one place of a rule; `lotl.sigma.load` adds file and line and makes an `Issue` of it."""

from __future__ import annotations

from lotl.errors import RuleError
from lotl.sigma.model import State

LONGEST = 200
"""Characters of a key that a message repeats."""


class Fault(RuleError):
    """A rule cannot be used.

    Parameters
    ----------
    what : str
    path : tuple of str or int
        Keys and list positions that lead to the place, from the top of the document.
    hint : str, optional
    state : State, optional
        INVALID or UNSUPPORTED.

    Examples
    --------
    >>> print(Fault("unknown modifier 'bogus'", ("detection", "selection", "F|bogus", 0)))
    detection.selection.F|bogus[0]: unknown modifier 'bogus'
    """

    def __init__(
        self, what: str, path: tuple[str | int, ...] = (), *, hint: str = "", state: State = State.INVALID
    ) -> None:
        self.path, self.state = path, state
        super().__init__(what, where=spell(path), hint=hint)


def spell(path: tuple[str | int, ...]) -> str:
    """Write a path the way people read it: ``detection.selection.Image|endswith[2]``."""
    text = ""
    for step in path[:10]:
        if isinstance(step, str) and len(step) > LONGEST:
            step = f"{step[:LONGEST]}…"
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
