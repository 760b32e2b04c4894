"""What canonical forms are made of: the result, the steps that led to it, and the bounds of the work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

INPUT: Final = 1 << 16
"""Characters of a text that are looked at. Windows command lines end at 32,767."""
OUTPUT: Final = 1 << 17
"""Characters of all inner commands together."""
WORK: Final = 1 << 21
"""Characters that all passes over a text and what is nested in it may read."""
DEPTH: Final = 10
"""Commands inside commands."""
COMMANDS: Final = 48
"""Inner commands that are kept."""
STEPS: Final = 64
"""Steps that are kept."""
SHOWN: Final = 400
"""Characters of a step's before and after."""


@dataclass(frozen=True)
class Step:
    """One thing that was undone.

    Attributes
    ----------
    what : str
        In words.
    before, after : str
        The text, or the part of it that changed; long ones are cut.
    """

    what: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.what}: {self.before} → {self.after}"


@dataclass(frozen=True)
class Canonical:
    """A command line as a careful administrator would have typed it.

    Attributes
    ----------
    text : str
        The whole command line.
    commands : tuple of str
        The commands that it runs or holds, outermost first, where there is anything inside: parts of ``cmd /c``,
        scripts, decoded payloads. Each is canonical itself.
    steps : tuple of Step
        What was undone, in order.
    cut : bool
        A bound was reached: something is left as it was.
    """

    text: str
    commands: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    cut: bool = False

    def texts(self, raw: str) -> tuple[str, ...]:
        """Return all texts to match, `raw` first, each once."""
        return tuple(dict.fromkeys((raw, self.text, *self.commands)))


@dataclass
class Trail:
    """What happened so far, and how much more may: shared by everything that is nested in one text."""

    steps: list[Step] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    left: int = WORK
    room: int = OUTPUT
    cut: bool = False

    def spend(self, characters: int) -> bool:
        """Take work from the budget; False when it is used up."""
        self.left -= characters + 16
        if self.left < 0:
            self.cut = True
        return self.left >= 0

    def note(self, what: str, before: str, after: str) -> str:
        """Record a step if it changed anything; return `after`."""
        if before != after and len(self.steps) < STEPS:
            step = Step(what, shorten(before), shorten(after))
            if step not in self.steps[-8:]:
                self.steps.append(step)
        return after

    def hold(self, command: str) -> None:
        """Keep an inner command."""
        command = command.strip()
        if not command or command in self.commands[-COMMANDS:]:
            return
        if len(self.commands) >= COMMANDS or len(command) > self.room:
            self.cut = True
            return
        self.room -= len(command)
        self.commands.append(command)


def shorten(text: str) -> str:
    """Cut a text to what a step shows."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 60]}…{text[-59:]}"
