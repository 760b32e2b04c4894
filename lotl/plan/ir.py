"""The plan's language: atoms and the boolean nodes above them.

Lowering is lossless: one `Atom` says one thing about one field, exactly as the rule means it (two-valued logic: a test
on a missing field is false). Folding, interning and hash-consing happen later, in one pass, on these same classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Op(Enum):
    """What an atom tests. Multi-valued fields: any element. `value` is given as str unless said otherwise."""

    EQUALS = "equals"
    """The whole text equals `value`; ``''`` means present and empty."""
    STARTSWITH = "startswith"
    ENDSWITH = "endswith"
    CONTAINS = "contains"
    """`value` occurs in the text; ``''`` means present and not null (a lone ``*``)."""
    GLOB = "glob"
    """The whole text matches `value`, a tuple of parts: literal str, or `Wild`."""
    NUMBER = "number"
    """The value is the same number as `value` (int or float): its decimal text, or 0x text in a hex field."""
    REGEX = "regex"
    """`value` = (pattern, flags): search; flags is a subset of "ims"."""
    CIDR = "cidr"
    """The text is an address inside the network `value`."""
    NULL = "null"
    """The field is missing or null. `value` is None."""
    EXISTS = "exists"
    """The field is in the record, even if null or empty. `value` is None (``exists: false`` is a `Not`)."""
    COMPARE = "compare"
    """`value` = (relation, number), relation one of lt lte gt gte: numbers and numeric text."""
    FIELDREF = "fieldref"
    """`value` = (relation, other field), relation one of equals startswith endswith contains."""
    TIMEPART = "timepart"
    """`value` = (part, relation, number): part one of minute hour day week month year; relation eq lt lte gt gte."""


class Wild(Enum):
    """Wildcards inside a `Op.GLOB` value."""

    ONE = "?"
    RUN = "*"


GlobParts: TypeAlias = tuple["str | Wild", ...]
AtomValue: TypeAlias = (
    "str | int | float | GlobParts | tuple[str, str] | tuple[str, int | float] | tuple[str, str, int] | None"
)


@dataclass(frozen=True, slots=True)
class Atom:
    """One test.

    Attributes
    ----------
    field : str or None
        Field name as the rule writes it. None: a keyword, tested on every value of the record.
    op : Op
    value : AtomValue
        See `Op`. Text keeps its case; `cased` says whether case counts.
    cased : bool
    hexed : bool
        The field is one that Windows prints in hex (`lotl.schema.HEX_FIELDS`), which widens number tests.
    """

    field: str | None
    op: Op
    value: AtomValue = None
    cased: bool = False
    hexed: bool = False


@dataclass(frozen=True, slots=True)
class Leaf:
    """An atom as a node."""

    atom: Atom


@dataclass(frozen=True, slots=True)
class And:
    """All children."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one child."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least `count` children (``N of``)."""

    count: int
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not the child: true for a missing field."""

    child: Node


@dataclass(frozen=True, slots=True)
class Const:
    """Always `value`."""

    value: bool


Node: TypeAlias = "Leaf | And | Or | AtLeast | Not | Const"
