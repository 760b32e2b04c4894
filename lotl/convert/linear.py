"""Python's regular expressions in RE2's syntax, with the same meaning on every text.

The two dialects agree on little but the basics: RE2's classes know ASCII only, its ``$`` stands at the very end, its
case-insensitive mode has other pairs. So the pattern is taken apart by the parser of `re` and written anew, every class
and every letter's variants spelled out. What then is left over (look-around, back-references, word boundaries inside a
pattern, …) is named and refused.
"""

from __future__ import annotations

import re
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

from lotl.errors import UnsupportedRule

WIDEST: Final = 1000
"""Repetitions (nested ones multiplied) that RE2 accepts."""

_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_SPACE: Final = r"\x09-\x0d\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_CLASSES: Final = {
    "CATEGORY_DIGIT": r"\p{Nd}",
    "CATEGORY_NOT_DIGIT": r"\P{Nd}",
    "CATEGORY_SPACE": _SPACE,
    "CATEGORY_WORD": r"\p{L}\p{N}_",
}
_REFUSED: Final = {
    "ASSERT": "look-ahead or look-behind",
    "ASSERT_NOT": "look-ahead or look-behind",
    "GROUPREF": "a back-reference",
    "GROUPREF_EXISTS": "a conditional group",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive quantifier",
}
_OTHER_CASES: Final = {"i": "İı", "k": "\u212a", "s": "ſ"}
"""What `re` takes for the same letter without case, besides the two cases of ASCII."""


def to_re2(pattern: str, flags: str) -> str:
    r"""Return `pattern` in RE2's syntax.

    Raises
    ------
    UnsupportedRule
        RE2 has no such thing; the message names it.

    Examples
    --------
    >>> to_re2(r"a.b$", ""), to_re2("ok", "i")
    ('a[^\\n]b\\n?\\z', '[oO][kK\\x{212a}]')
    >>> to_re2("(?=a)b", "")
    Traceback (most recent call last):
    lotl.errors.UnsupportedRule: regular expression '(?=a)b': RE2 has no look-ahead or look-behind
    """
    bits = 0
    for flag in flags:
        bits |= int(_FLAGS[flag])
    try:
        tree = parser.parse(pattern, bits)
        return _sequence(tree, tree.state.flags, 1, True)
    except RecursionError as error:
        raise UnsupportedRule(f"regular expression {pattern[:200]!r}: nested too deep") from error
    except UnsupportedRule as error:
        raise UnsupportedRule(f"regular expression {pattern[:200]!r}: {error.what}") from error


def _sequence(tree: Any, bits: int, width: int, last: bool) -> str:
    """Write a sequence; `last` says that nothing follows it."""
    items = list(tree)
    return "".join(
        _item(str(op), value, bits, width, last and at == len(items) - 1) for at, (op, value) in enumerate(items)
    )


def _item(op: str, value: Any, bits: int, width: int, last: bool) -> str:
    if op in _REFUSED:
        raise UnsupportedRule(f"RE2 has no {_REFUSED[op]}")
    match op:
        case "LITERAL":
            found = _variants(value, bits)
            return f"[{found}]" if len(_cases(value, bits)) > 1 else found
        case "NOT_LITERAL":
            return f"[^{_variants(value, bits)}]"
        case "ANY":
            return "(?s:.)" if bits & re.DOTALL else r"[^\n]"
        case "IN":
            return _class(value, bits)
        case "AT":
            return _place(str(value), bits, last)
        case "BRANCH":
            return "(?:" + "|".join(_sequence(branch, bits, width, last) for branch in value[1]) + ")"
        case "SUBPATTERN":
            return "(?:" + _sequence(value[3], (bits | value[1]) & ~value[2], width, last) + ")"
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, body = value
            return _repeat(least, most, body, bits, width)
    raise UnsupportedRule(f"RE2 has no {op.lower().replace('_', ' ')}")


def _place(place: str, bits: int, last: bool) -> str:
    several = bool(bits & re.MULTILINE)
    if place == "AT_END" and not several:
        if not last:
            raise UnsupportedRule("RE2 has no '$' before a final line break inside a pattern")
        return r"\n?\z"
    known = {
        "AT_BEGINNING": "(?m:^)" if several else r"\A",
        "AT_BEGINNING_STRING": r"\A",
        "AT_END": "(?m:$)",
        "AT_END_STRING": r"\z",
    }
    if place not in known:
        raise UnsupportedRule("RE2 knows word boundaries between ASCII characters only")
    return known[place]


def _repeat(least: int, most: Any, body: Any, bits: int, width: int) -> str:
    endless = most == parser.MAXREPEAT
    width *= max(least, 1 if endless else int(most), 1)
    if width > WIDEST:
        raise UnsupportedRule(f"RE2 repeats at most {WIDEST} times")
    inner = f"(?:{_sequence(body, bits, width, False)})"
    if endless and least < 2:
        return inner + "*+"[least]
    return f"{inner}{{{least},{'' if endless else most}}}"


def _cases(point: int, bits: int) -> str:
    """Return the characters that a literal stands for."""
    char = chr(point)
    if 0xD800 <= point <= 0xDFFF:
        raise UnsupportedRule("a surrogate is no character")
    if not bits & re.IGNORECASE or not char.isalpha():
        return char
    if point >= 0x80:
        raise UnsupportedRule("the cases of letters outside ASCII differ between Python and RE2")
    return char.lower() + char.upper() + _OTHER_CASES.get(char.lower(), "")


def _variants(point: int, bits: int) -> str:
    return "".join(_char(ord(char)) for char in _cases(point, bits))


def _char(point: int) -> str:
    if chr(point).isascii() and chr(point).isalnum():
        return chr(point)
    return re.escape(chr(point)) if 0x20 < point < 0x7F else f"\\x{{{point:x}}}"


def _class(items: list[Any], bits: int) -> str:
    negated = str(items[0][0]) == "NEGATE"
    parts, chosen = [], ""
    for op, value in items[negated:]:
        match str(op):
            case "LITERAL":
                chosen += _cases(value, bits)
            case "RANGE":
                parts.append(f"{_char(value[0])}-{_char(value[1])}")
                chosen += _range_cases(*value) if bits & re.IGNORECASE else ""
            case "CATEGORY" if str(value) in _CLASSES:
                parts.append(_CLASSES[str(value)])
            case "CATEGORY" if len(items) == 1:
                return f"[^{_CLASSES[str(value).replace('NOT_', '')]}]"
            case _:
                raise UnsupportedRule("a class of characters holds another class turned around")
    return f"[{'^' if negated else ''}{''.join(parts)}{''.join(_char(ord(char)) for char in dict.fromkeys(chosen))}]"


def _range_cases(first: int, last: int) -> str:
    """Return what a range stands for besides itself, without case."""
    if last >= 0x80 and any(chr(point).isalpha() for point in range(max(first, 0x80), min(last, 0x2FFFF) + 1)):
        raise UnsupportedRule("the cases of letters outside ASCII differ between Python and RE2")
    letters = [chr(point) for point in range(first, min(last, 0x7F) + 1) if chr(point).isalpha()]
    return "".join(_cases(ord(letter), int(re.IGNORECASE)) for letter in letters)
