"""Values of an event, and how numbers and text meet.

An event value is text, a number, a truth value, None, or a list of those. Text compares with numbers through the one
decimal text that a number has: leading zeros, signs, exponents and blanks make a text that is only itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from lotl.match.text import fold
from lotl.schema import HEX_FIELDS

Scalar: TypeAlias = "str | int | float | bool | None"
Value: TypeAlias = "Scalar | Sequence[Scalar]"
Event: TypeAlias = Mapping[str, Value]
Number: TypeAlias = "int | float"

_NUMERIC = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,4000}")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,39}")
_HEXADECIMAL = re.compile(r"0[xX](?:0|[1-9a-fA-F][0-9a-fA-F]{0,31})")
_HEX_NAMES: Final = frozenset(map(fold, HEX_FIELDS))


def elements(value: Value) -> tuple[Scalar, ...]:
    """Return the single values: a list's elements, or the value itself."""
    if isinstance(value, str | int | float) or value is None:
        return (value,)
    return tuple(value)


def as_text(value: Scalar) -> str | None:
    """Return the text that a value is compared as; None for null.

    Examples
    --------
    >>> as_text(True), as_text(4688), as_text(2.0), as_text(None)
    ('true', '4688', '2', None)
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def as_number(value: Scalar) -> Number | None:
    """Return the number that a value is or that its text writes in decimal; None where it is not one.

    Examples
    --------
    >>> as_number("1e3"), as_number(" 5"), as_number("0x20"), as_number(True)
    (1000.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if not isinstance(value, str):
        return value
    if _INTEGER.fullmatch(value):
        return int(value)
    return float(value) if _NUMERIC.fullmatch(value) else None


def prints_hex(field: str) -> bool:
    """Say whether Windows prints the field in hex in some records (`lotl.schema.HEX_FIELDS`)."""
    return _without_both(field) in _HEX_NAMES


def plain_integer(text: str) -> int | None:
    """Return the integer that a hex field's text writes, in decimal or ``0x``, without leading zeros.

    Examples
    --------
    >>> plain_integer("0x3E7"), plain_integer("999"), plain_integer("0999"), plain_integer("0x03e7")
    (999, 999, None, None)
    """
    if _DECIMAL.fullmatch(text):
        return int(text)
    return int(text, 16) if _HEXADECIMAL.fullmatch(text) else None


def lookup(event: Event, field: str) -> tuple[str, Value] | None:
    """Find a field: the exact name first, then without case, then without spaces.

    Returns
    -------
    tuple of (name in the event, value), or None where the event does not have the field.
    """
    if field in event:
        return field, event[field]
    for same in _SPELLINGS:
        wanted = same(field)
        for name, value in event.items():
            if same(name) == wanted:
                return name, value
    return None


@lru_cache(maxsize=65536)
def _without_case(name: str) -> str:
    return fold(name)


@lru_cache(maxsize=65536)
def _without_spaces(name: str) -> str:
    return name.replace(" ", "")


@lru_cache(maxsize=65536)
def _without_both(name: str) -> str:
    return fold(_without_spaces(name))


_SPELLINGS: Final = (_without_case, _without_spaces, _without_both)
