r"""Sigma strings: literal text with wildcards.

``*`` and ``?`` are wildcards; ``\*``, ``\?`` and ``\\`` are the characters themselves; a backslash before anything
else, or at the end, is a backslash (Sigma specification 2.1, "Escaping").
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from enum import Enum
from typing import TypeAlias

from lotl.plan.ir import Atom, Op, Wild

DASHES = "-/\u2013\u2014\u2015"
"""Characters that Windows programs take for the dash of an option (Sigma appendix "modifiers", `windash`)."""
MOST_SPELLINGS = 5**3
"""Spellings of one dashed pattern that become literals of their own; more become one regular expression."""


class Dash(Enum):
    """A place in a pattern where any of `DASHES` may stand."""

    ANY = "-"


Pattern: TypeAlias = "tuple[str | Wild | Dash, ...]"

_TOKEN = re.compile(r"\\([*?\\])|([*?])", re.DOTALL)
_WILDS = {"*": Wild.RUN, "?": Wild.ONE}
_AS_REGEX = {Wild.RUN: ".*", Wild.ONE: ".", Dash.ANY: f"[{re.escape(DASHES)}]"}


def parse(text: str) -> Pattern:
    r"""Split a Sigma string into literals and wildcards; the empty string has no parts.

    Examples
    --------
    >>> parse(r"C:\x\*y?*")
    ('C:\\x*y', <Wild.ONE: '?'>, <Wild.RUN: '*'>)
    """
    if "*" not in text and "?" not in text and "\\" not in text:
        return (text,) if text else ()
    parts: list[str | Wild] = []
    at = 0
    for token in _TOKEN.finditer(text):
        parts.append(text[at : token.start()])
        escaped, wild = token.groups()
        parts.append(_WILDS[wild] if wild else escaped)
        at = token.end()
    return join((*parts, text[at:]))


def join(parts: Iterable[str | Wild | Dash]) -> Pattern:
    """Merge neighbouring literals, drop empty ones, and make one run of neighbouring runs."""
    merged: list[str | Wild | Dash] = []
    for part in parts:
        last = merged[-1] if merged else None
        if isinstance(part, str) and isinstance(last, str):
            merged[-1] = last + part
        elif part != "" and not (part is Wild.RUN and last is Wild.RUN):
            merged.append(part)
    return tuple(merged)


def spellings(pattern: Pattern) -> list[Pattern]:
    """Return the pattern once per combination of dashes, without `Dash`.

    Examples
    --------
    >>> len(spellings((" ", Dash.ANY, "a")))
    5
    """
    choices: list[Iterable[str | Wild | Dash]] = [DASHES if part is Dash.ANY else (part,) for part in pattern]
    return [join(choice) for choice in itertools.product(*choices)]


def atoms(field: str | None, pattern: Pattern, cased: bool) -> list[Atom]:
    """Return atoms one of which holds exactly where the whole text matches `pattern`."""
    dashes = pattern.count(Dash.ANY)
    if not dashes:
        return [text_atom(field, pattern, cased)]
    if 5**dashes <= MOST_SPELLINGS:
        return [text_atom(field, spelling, cased) for spelling in spellings(pattern)]
    source = "".join(re.escape(part) if isinstance(part, str) else _AS_REGEX[part] for part in pattern)
    return [Atom(field, Op.REGEX, (rf"\A(?:{source})\Z", "s" if cased else "is"))]


def text_atom(field: str | None, pattern: Pattern, cased: bool) -> Atom:
    """Return the plainest atom for a pattern without `Dash` that the whole text must match.

    Examples
    --------
    >>> text_atom("F", (Wild.RUN, "x"), False)
    Atom(field='F', op=<Op.ENDSWITH: 'endswith'>, value='x', cased=False, hexed=False)
    >>> text_atom("F", (Wild.RUN,), False).op, text_atom("F", ("a", Wild.RUN, "b"), True).op
    (<Op.CONTAINS: 'contains'>, <Op.GLOB: 'glob'>)
    """
    match pattern:
        case ():
            return Atom(field, Op.EQUALS, "", cased)
        case (str(text),):
            return Atom(field, Op.EQUALS, text, cased)
        case (Wild.RUN,):
            return Atom(field, Op.CONTAINS, "")
        case (str(text), Wild.RUN):
            return Atom(field, Op.STARTSWITH, text, cased)
        case (Wild.RUN, str(text)):
            return Atom(field, Op.ENDSWITH, text, cased)
        case (Wild.RUN, str(text), Wild.RUN):
            return Atom(field, Op.CONTAINS, text, cased)
        case _:
            return Atom(field, Op.GLOB, tuple(part for part in pattern if not isinstance(part, Dash)), cased)
