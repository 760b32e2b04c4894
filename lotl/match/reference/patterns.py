r"""Sigma strings: literal text with wildcards, and where such a pattern matches a text.

A pattern is a tuple of parts: literal text, or a `Wild`. ``*`` and ``?`` are wildcards, ``\*``, ``\?`` and ``\\`` are
the characters themselves, and a backslash before anything else (or at the end) is a backslash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple, TypeAlias

from lotl.match.text import fold

DASHES = "-/\u2013\u2014\u2015"
"""Characters that Windows programs take for the dash of an option (Sigma appendix "modifiers", `windash`)."""


class Wild(Enum):
    """What stands for other characters in a pattern."""

    RUN = "*"
    """Any run of characters, newlines included, or nothing."""
    ONE = "?"
    """Any one character (code point)."""
    DASH = "-/"
    """Any one of `DASHES`; comes from `windash`."""


Parts: TypeAlias = tuple[str | Wild, ...]
Span: TypeAlias = tuple[int, int]

_WILDCARDS = {"*": Wild.RUN, "?": Wild.ONE}
_ONE_CHARACTER = {Wild.ONE: "(?s:.)", Wild.DASH: f"[{re.escape(DASHES)}]"}


def parse(text: str) -> Parts:
    r"""Split a Sigma string into parts.

    Examples
    --------
    >>> parse(r"C:\x\*y?")
    ('C:\\x*y', <Wild.ONE: '?'>)
    """
    parts: list[str | Wild] = []
    at = 0
    while at < len(text):
        if text[at] == "\\" and text[at + 1 : at + 2] in ("*", "?", "\\"):
            parts.append(text[at + 1])
            at += 2
            continue
        parts.append(_WILDCARDS.get(text[at], text[at]))
        at += 1
    return join(parts)


def join(parts: list[str | Wild]) -> Parts:
    """Merge neighbouring literals and drop empty ones."""
    merged: list[str | Wild] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    return tuple(merged)


def show(parts: Parts) -> str:
    """Write a pattern for people: wildcards as such, a windash position as ``-``."""
    signs = {Wild.RUN: "*", Wild.ONE: "?", Wild.DASH: "-"}
    return "".join(part if isinstance(part, str) else signs[part] for part in parts)


@dataclass(frozen=True)
class Pattern:
    """A pattern that is compared with whole texts.

    Attributes
    ----------
    parts : tuple of str or Wild
    cased : bool
        Whether upper and lower case differ.
    """

    parts: Parts
    cased: bool = False

    def span(self, text: str) -> Span | None:
        """Return where the pattern matches `text`, without the ends that outer ``*`` cover, or None.

        Runs are matched left to right, each piece between two ``*`` at its first possible place. Pieces have a fixed
        length, so an earlier place never rules out what a later one would allow, and nothing is tried twice.

        Examples
        --------
        >>> Pattern(parse("*net*user*")).span("cmd /c NET  user bob")
        (7, 16)
        """
        subject = text if self.cased else fold(text)
        first, *others = self._pieces
        if first.length > len(subject) or first.regex.match(subject) is None:
            return None
        if not others:
            return (0, len(text)) if first.length == len(subject) else None
        *inner, last = others
        start, end = (0, first.length) if first.length else (None, 0)
        for piece in inner:
            found = piece.regex.search(subject, end)
            if found is None:
                return None
            start, end = found.start() if start is None else start, found.end()
        begin = len(subject) - last.length
        if begin < end or last.regex.match(subject, begin) is None:
            return None
        if last.length:
            return (begin if start is None else start, len(subject))
        return (0, len(subject)) if start is None else (start, end)

    @cached_property
    def _pieces(self) -> list[_Piece]:
        """The fixed-length pieces between the runs: ``a*b`` has two, ``*`` has two empty ones."""
        runs: list[list[str | Wild]] = [[]]
        for part in self.parts:
            if part is Wild.RUN:
                runs.append([])
            else:
                runs[-1].append(part)
        return [_compile(tuple(run)) for run in runs]

    def __post_init__(self) -> None:
        if not self.cased:
            lowered = tuple(fold(part) if isinstance(part, str) else part for part in self.parts)
            object.__setattr__(self, "parts", lowered)


class _Piece(NamedTuple):
    regex: re.Pattern[str]
    length: int


def _compile(part_run: Parts) -> _Piece:
    source = "".join(re.escape(part) if isinstance(part, str) else _ONE_CHARACTER[part] for part in part_run)
    return _Piece(re.compile(source), sum(len(part) if isinstance(part, str) else 1 for part in part_run))
