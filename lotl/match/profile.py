"""Where the time of matching goes: per stage, and per rule."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Final

_NOTHING: Final = nullcontext()


@dataclass
class Profile:
    """Seconds spent, where asked for.

    The scan serves all rules at once, so its time belongs to columns; a rule's own time is what it took to get from
    sets of values to rows. What rules share is charged to the first.

    Attributes
    ----------
    enabled : bool
    stages : Counter of (str, str)
        Seconds per stage and column ("" where a stage is not about one).
    rules : Counter of int
        Seconds per rule index.

    Examples
    --------
    >>> profile = Profile(enabled=True)
    >>> with profile.stage("scan", "CommandLine"):
    ...     pass
    >>> list(profile.stages)
    [('scan', 'CommandLine')]
    """

    enabled: bool = False
    stages: Counter[tuple[str, str]] = field(default_factory=Counter)
    rules: Counter[int] = field(default_factory=Counter)

    def stage(self, name: str, column: str = "") -> AbstractContextManager[None]:
        """Measure a stage."""
        return self._measure(self.stages, (name, column)) if self.enabled else _NOTHING

    def rule(self, rule: int) -> AbstractContextManager[None]:
        """Measure a rule's own part."""
        return self._measure(self.rules, rule) if self.enabled else _NOTHING

    @contextmanager
    def _measure(self, counter: Counter, key: object) -> Iterator[None]:  # type: ignore[type-arg]
        begun = time.perf_counter()
        try:
            yield
        finally:
            counter[key] += time.perf_counter() - begun  # type: ignore[assignment]

    def merge(self, other: Profile) -> None:
        """Add what another run (or process) measured."""
        self.stages.update(other.stages)
        self.rules.update(other.rules)

    def table(self, titles: Sequence[str] = (), most: int = 10) -> str:
        """Return the costliest stages and rules as text.

        Parameters
        ----------
        titles : sequence of str
            Title per rule index.
        most : int
            Lines of each.
        """
        lines = [
            f"{seconds:9.4f} s  {' '.join(filter(None, stage))}" for stage, seconds in self.stages.most_common(most)
        ]
        for rule, seconds in self.rules.most_common(most):
            lines.append(f"{seconds:9.4f} s  rule: {titles[rule] if rule < len(titles) else rule}")
        return "\n".join(lines)
