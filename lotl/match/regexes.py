"""Regular expressions over distinct values, in bounded time.

A rule's pattern means what Python's `re` makes of it. Three things keep that fast: a literal that every match must hold
goes into the scan, so that few values are left; patterns that RE2 can express are rewritten for it (linear time,
vectorised) with every class spelled out, and used on ASCII values, where the two dialects then agree; all else is
searched one by one under a time budget.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from lotl.match.text import fold

parser: Any = getattr(re, "_parser", None)
"""The parser of `re` itself; without it every pattern is merely slower."""

LEAST: Final = 3
"""Worth of a literal that the scan looks for: letters, digits and blanks count 1, other characters 2, `RARE` ones 3."""
MOST_BRANCHES: Final = 32
MOST_CHOICES: Final = 4
RARE: Final = frozenset("`^~|<>!#*?{}[];$@%+'")
LONG_RUN: Final = 12
"""Least length of a run of one class of characters that is worth looking for."""
WIDEST: Final = 200
"""Repetitions (nested ones multiplied) that RE2 is given; it unrolls them."""

_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_UNSTABLE: Final = re.compile(r"[isIS]|[^\x00-\x7f]")
"""Under `i` these match characters whose simple lower case is another (ſ, ı)."""

_CLASSES: Final = {
    # On ASCII text `re` and these agree; \s of `re` includes the separators 1C to 1F.
    "CATEGORY_DIGIT": "0-9",
    "CATEGORY_NOT_DIGIT": "\\x00-/:-\\x7f",
    "CATEGORY_SPACE": "\\x09-\\x0d\\x1c-\\x20",
    "CATEGORY_NOT_SPACE": "\\x00-\\x08\\x0e-\\x1b!-\\x7f",
    "CATEGORY_WORD": "0-9A-Za-z_",
    "CATEGORY_NOT_WORD": "\\x00-/:-@\\[-\\^`\\{-\\x7f",
}
_PLACES: Final = {
    "AT_BEGINNING": {False: "\\A", True: "(?m:^)"},
    "AT_BEGINNING_STRING": {False: "\\A", True: "\\A"},
    "AT_END": {False: "\\n?\\z", True: "(?m:$)"},
    "AT_END_STRING": {False: "\\z", True: "\\z"},
    "AT_BOUNDARY": {False: "\\b", True: "\\b"},
}


class _NotLinear(Exception):
    """RE2 cannot express the pattern, or not with the same meaning."""


@lru_cache(maxsize=4096)
def required(pattern: str, flags: str, least: int = LEAST) -> tuple[str, ...]:
    r"""Return literals (folded) of which every match holds at least one; empty where none is known.

    Parameters
    ----------
    pattern, flags : str
    least : int
        Worth that a literal must have.

    Examples
    --------
    >>> required(r"(?:net|netsh)\s+user\d", ""), required("PowerShell", "i"), required("a|bcd", "")
    (('user',), ('power',), ())
    """
    if parser is None:
        return ()
    tree = parser.parse(pattern, _bits(flags))
    ignoring = bool(tree.state.flags & re.IGNORECASE) or bool(re.search(r"\(\?[a-zA-Z]*i", pattern))
    found = _best(tree, ignoring)
    return tuple(sorted(set(found))) if _worth(found) >= least else ()


@lru_cache(maxsize=4096)
def shortest(pattern: str, flags: str) -> int:
    """Return how many characters a match has at least.

    Examples
    --------
    >>> shortest(r"[0-9a-f]{64}\\s?x", "")
    65
    """
    return 0 if parser is None else min(int(parser.parse(pattern, _bits(flags)).getwidth()[0]), 1 << 30)


@lru_cache(maxsize=4096)
def linear(pattern: str, flags: str) -> str | None:
    r"""Return the pattern in RE2's syntax, equal to `re`'s on ASCII texts (as a search); None where there is none.

    Examples
    --------
    >>> linear(r"a\s+$", "")
    'a(?:[\\x09-\\x0d\\x1c-\\x20])+\\n?\\z'
    >>> linear(r"(?=a)b", "") is None
    True
    """
    if parser is None:
        return None
    try:
        tree = parser.parse(pattern, _bits(flags))
        bits = tree.state.flags
        body = _sequence(tree, bits, 1, True)
    except (_NotLinear, RecursionError):
        return None
    return f"(?i:{body})" if bits & re.IGNORECASE else body


@lru_cache(maxsize=4096)
def required_run(pattern: str, flags: str) -> tuple[int, bytes]:
    r"""Return a length and a class of bytes: every match in an ASCII text has a run of so many bytes of the class.

    Returns
    -------
    tuple of (int, bytes of length 256)
        0 where no long run is known; a byte of the class is 1.

    Examples
    --------
    >>> length, members = required_run(r"\s[a-f0-9]{64}\s", "")
    >>> length, members[ord("b")], members[ord("g")]
    (64, 1, 0)
    """
    if parser is None:
        return 0, b""
    tree = parser.parse(pattern, _bits(flags))
    ignoring = bool(tree.state.flags & re.IGNORECASE)
    runs = [
        (value[0], value[2][0])
        for op, value in tree
        if str(op) in ("MAX_REPEAT", "MIN_REPEAT") and len(value[2]) == 1 and value[0] >= LONG_RUN
    ]
    for length, (op, value) in sorted(runs, key=lambda run: -run[0]):
        if str(op) == "IN" and str(value[0][0]) != "NEGATE":
            members = {byte for byte in range(128) if any(_is_member(str(kind), item, byte) for kind, item in value)}
            if ignoring:
                members |= {ord(chr(byte).swapcase()) for byte in members}
            return int(length), bytes(byte in members for byte in range(256))
    return 0, b""


def _is_member(kind: str, item: Any, byte: int) -> bool:
    if kind == "LITERAL":
        return bool(item == byte)
    if kind == "RANGE":
        return bool(item[0] <= byte <= item[1])
    return re.match(f"[{_CLASSES[str(item)]}]", chr(byte)) is not None


def _bits(flags: str) -> int:
    bits = 0
    for flag in flags:
        bits |= int(_FLAGS[flag])
    return bits


def _worth(texts: list[str]) -> int:
    """Return the worth of the worst text: what a choice between them is worth."""
    return min((sum(1 if c.isalnum() or c == " " else 2 + (c in RARE) for c in text) for text in texts), default=0)


def _best(tree: Any, ignoring: bool) -> list[str]:
    """Return the best set of texts (folded) of which one must occur in every match of a sequence."""
    found: list[list[str]] = []
    run = [""]
    for op, value in [*tree, (None, None)]:
        choices = _choices(str(op), value, ignoring)
        if choices and len(run) * len(choices) <= MOST_BRANCHES:
            run = [text + choice for text in run for choice in choices]
            continue
        found.append(run)
        run = choices or [""]
        found.append(_inner(str(op), value, ignoring))
    found.append(run)
    return max(found, key=_worth, default=[])


def _choices(op: str, value: Any, ignoring: bool) -> list[str]:
    """Return the few characters (folded) that one place of a match may hold; none where they are many or not sure."""
    if op in ("MAX_REPEAT", "MIN_REPEAT") and value[:2] == (1, 1) and len(value[2]) == 1:
        op, value = str(value[2][0][0]), value[2][0][1]
    if op == "LITERAL":
        items = [("LITERAL", value)]
    elif op == "IN" and len(value) <= MOST_CHOICES:
        items = [(str(kind), character) for kind, character in value]
    else:
        return []
    if any(kind != "LITERAL" or (ignoring and _UNSTABLE.match(chr(character))) for kind, character in items):
        return []
    return sorted({fold(chr(character)) for _, character in items})


def _inner(op: str, value: Any, ignoring: bool) -> list[str]:
    if op == "SUBPATTERN":
        return _best(value[3], ignoring)
    if op == "ATOMIC_GROUP":
        return _best(value, ignoring)
    if op in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and value[0] > 0:
        return _best(value[2], ignoring)
    if op == "BRANCH" and len(value[1]) <= MOST_BRANCHES:
        branches = [_best(branch, ignoring) for branch in value[1]]
        return [text for branch in branches for text in branch] if all(map(_worth, branches)) else []
    return []


def _sequence(tree: Any, bits: int, width: int, last: bool) -> str:
    """Translate a sequence; `last` says that nothing follows it."""
    end = len(tree) - 1
    return "".join(_item(str(op), value, bits, width, last and at == end) for at, (op, value) in enumerate(tree))


def _item(op: str, value: Any, bits: int, width: int, last: bool) -> str:
    match op:
        case "LITERAL":
            return _literal(value, bits)
        case "NOT_LITERAL":
            return f"[^{_in_class(value, bits)}]"
        case "ANY":
            return "(?s:.)" if bits & re.DOTALL else "[^\\n]"
        case "IN":
            return _class(value, bits)
        case "AT" if str(value) in _PLACES and (last or str(value) != "AT_END" or bits & re.MULTILINE):
            return _PLACES[str(value)][bool(bits & re.MULTILINE)]
        case "BRANCH":
            return "(?:" + "|".join(_sequence(branch, bits, width, last) for branch in value[1]) + ")"
        case "SUBPATTERN" if not value[1] and not value[2]:
            return "(?:" + _sequence(value[3], bits, width, last) + ")"
        case "MAX_REPEAT" | "MIN_REPEAT":
            return _repeat(value, bits, width)
        case _:
            raise _NotLinear


def _repeat(value: Any, bits: int, width: int) -> str:
    least, most, body = value
    endless = most == parser.MAXREPEAT
    width *= max(least, 1 if endless else int(most), 1)
    if width > WIDEST:
        raise _NotLinear
    inner = f"(?:{_sequence(body, bits, width, False)})"
    if endless and least < 2:
        return inner + "*+"[least]
    return f"{inner}{{{least},{'' if endless else most}}}"


def _literal(point: int, bits: int) -> str:
    if point < 0x80:
        return re.escape(chr(point)) if 0x20 < point < 0x7F else f"\\x{point:02x}"
    if bits & re.IGNORECASE or 0xD800 <= point <= 0xDFFF:
        raise _NotLinear
    return f"\\x{{{point:x}}}"


def _in_class(point: int, bits: int) -> str:
    if point >= 0x80 and (bits & re.IGNORECASE or 0xD800 <= point <= 0xDFFF):
        raise _NotLinear
    return f"\\x{{{point:x}}}"


def _class(items: list[Any], bits: int) -> str:
    parts = []
    negated = str(items[0][0]) == "NEGATE"
    for op, value in items[negated:]:
        match str(op):
            case "LITERAL":
                parts.append(_in_class(value, bits))
            case "RANGE":
                parts.append(f"{_in_class(value[0], bits)}-{_in_class(value[1], bits)}")
            case "CATEGORY":
                parts.append(_CLASSES[str(value)])
            case _:
                raise _NotLinear
    return f"[{'^' if negated else ''}{''.join(parts)}]"
