"""What a rule is made of: items (one field, one or more wanted values) and the logic above them.

All logic is one idea, *at least `need` of the children*: "and" needs all, "or" needs one, ``2 of x*`` needs two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from lotl.match.reference.leaves import Leaf


@dataclass(frozen=True)
class Item:
    """One key of a detection map, or keywords (`field` is None).

    Attributes
    ----------
    label : str
        The key as the rule writes it.
    leaves : tuple of Leaf
    need : int
        How many leaves must match: 1, or all of them under `all`.
    """

    label: str
    field: str | None
    leaves: tuple[Leaf, ...]
    need: int


@dataclass(frozen=True)
class Group:
    """At least `need` of the children; `kind` says how people call it."""

    kind: str
    label: str
    children: tuple[Node, ...]
    need: int


@dataclass(frozen=True)
class Negation:
    """Not the child."""

    label: str
    child: Node


Node: TypeAlias = "Item | Group | Negation"


def both(children: list[Node], label: str = "") -> Node:
    """All of the children."""
    return children[0] if len(children) == 1 else Group("and", label, tuple(children), len(children))


def either(children: list[Node], label: str = "") -> Node:
    """At least one of the children."""
    return children[0] if len(children) == 1 else Group("or", label, tuple(children), 1)
