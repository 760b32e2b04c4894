"""What a value of a rule is on its way through the modifiers, and the condition that it becomes in the end.

A value starts as YAML gives it (text, number, truth value, null); each modifier turns it into another value.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple, TypeAlias

from lotl.plan.ir import Atom, Leaf, Node, Not, Op, Or, Wild
from lotl.schema import HEX_FIELDS
from lotl.sigma.fault import Fault
from lotl.sigma.patterns import Pattern, atoms, join, parse

_HEX_NAMES = frozenset(name.lower() for name in HEX_FIELDS)
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,39}")
_HEXADECIMAL = re.compile(r"0[xX](?:0|[1-9a-fA-F][0-9a-fA-F]{0,31})")


class Text(NamedTuple):
    """Text that a field is compared with.

    Attributes
    ----------
    forms : tuple of Pattern
        Patterns for the whole field; any may match.
    original : str
        As the rule writes it.
    cased : bool
    octets : bool
        The literals hold bytes, one per character (after `wide` and its kin).
    placed : bool
        A modifier said where in the field the value stands.
    floating : bool
        The value is part of something longer even where no modifier says so (`base64offset`).
    """

    forms: tuple[Pattern, ...]
    original: str
    cased: bool = False
    octets: bool = False
    placed: bool = False
    floating: bool = False


class Regex(NamedTuple):
    """A regular expression that is searched for; several where placeholders have several values."""

    patterns: tuple[str, ...]
    flags: str = ""


class Network(NamedTuple):
    """An address range, canonical."""

    network: str


class Reference(NamedTuple):
    """Another field of the same event."""

    field: str
    relation: str = "equals"


class Comparison(NamedTuple):
    """An order relation to a number."""

    relation: str
    number: int | float


class TimePart(NamedTuple):
    """A relation of a part of a time to a number."""

    part: str
    relation: str
    number: int


class Presence(NamedTuple):
    """Whether the field is in the record."""

    wanted: bool


Value: TypeAlias = (
    "str | int | float | bool | None | Text | Regex | Network | Reference | Comparison | TimePart | Presence"
)
"""What modifiers take and give. Text that no modifier touched yet is a plain `str`."""


def as_text(value: str) -> Text:
    """Read plain text as a Sigma string."""
    return Text((parse(value),), value)


def prints_hex(field: str | None) -> bool:
    """Say whether Windows prints the field in hex in some records (`lotl.schema.HEX_FIELDS`).

    Examples
    --------
    >>> prints_hex("processid"), prints_hex("Image")
    (True, False)
    """
    return field is not None and field.replace(" ", "").lower() in _HEX_NAMES


def plain_integer(text: str) -> int | None:
    """Return the integer that `text` writes, in decimal or ``0x``, without leading zeros; None for other text.

    Examples
    --------
    >>> plain_integer("0x3E7"), plain_integer("999"), plain_integer("0999")
    (999, 999, None)
    """
    if _DECIMAL.fullmatch(text):
        return int(text)
    return int(text, 16) if _HEXADECIMAL.fullmatch(text) else None


def node(field: str | None, value: Value) -> Node:
    """Return the condition that `field` (None: some value of the record) meets `value`.

    Raises
    ------
    Fault
        The value does not suit the field, or any field.
    """
    if isinstance(value, str):
        value = as_text(value)
    if isinstance(value, Text):
        return _text_node(field, value)
    if field is None and not isinstance(value, Regex | Network):
        return _keyword(value)
    match value:
        case Regex(patterns, flags):
            return either([Leaf(Atom(field, Op.REGEX, (pattern, flags))) for pattern in patterns])
        case Presence(wanted):
            leaf = Leaf(Atom(field, Op.EXISTS))
            return leaf if wanted else Not(leaf)
        case bool():
            return Leaf(Atom(field, Op.EQUALS, "true" if value else "false"))
        case int() | float():
            return Leaf(Atom(field, Op.NUMBER, number(value), hexed=prints_hex(field)))
        case None:
            return Leaf(Atom(field, Op.NULL))
        case Network(network):
            return Leaf(Atom(field, Op.CIDR, network))
        case Reference(other, relation):
            return Leaf(Atom(field, Op.FIELDREF, (relation, other)))
        case Comparison(relation, bound):
            return Leaf(Atom(field, Op.COMPARE, (relation, bound)))
        case TimePart(part, relation, unit):
            return Leaf(Atom(field, Op.TIMEPART, (part, relation, unit)))


def number(value: int | float) -> int | float:
    """Return the number as an int where it is whole.

    Raises
    ------
    Fault
        It is infinite or not a number.
    """
    if isinstance(value, int):
        return int(value)
    if not math.isfinite(value):
        raise Fault(f"{value} is not a number that a field can have")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def either(nodes: list[Node]) -> Node:
    """Return the disjunction of one or more nodes."""
    return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))


def _text_node(field: str | None, text: Text) -> Node:
    anywhere = (field is None or text.floating) and not text.placed
    leaves: list[Node] = []
    for form in text.forms:
        pattern = join((Wild.RUN, *form, Wild.RUN)) if anywhere else form
        leaves += [Leaf(atom) for atom in atoms(field, pattern, text.cased)]
        if len(pattern) == 1 and isinstance(pattern[0], str) and not text.cased and prints_hex(field):
            integer = plain_integer(pattern[0])
            if integer is not None:
                leaves.append(Leaf(Atom(field, Op.NUMBER, integer, hexed=True)))
    return either(leaves)


def _keyword(value: Value) -> Node:
    if value is None:
        raise Fault("null as a keyword", hint="null is a test of one field: write 'Field: null'")
    if isinstance(value, bool):
        return Leaf(Atom(None, Op.CONTAINS, "true" if value else "false"))
    if isinstance(value, int | float):
        return Leaf(Atom(None, Op.CONTAINS, str(number(value))))
    raise Fault(f"{type(value).__name__.lower()} as a keyword: this test needs a field")
