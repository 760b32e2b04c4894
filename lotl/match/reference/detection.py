"""Detections: maps and lists of a rule's ``detection`` section, to nodes.

A map is an AND of its items, a list of maps an OR of maps, a list of values an OR of keywords.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lotl.errors import RuleError
from lotl.match.reference.modifiers import JOINING, MODIFIERS, Context, leaf_for
from lotl.match.reference.nodes import Group, Item, Negation, Node, both, either

DEEPEST: Final = 40
MOST_VALUES: Final = 200_000


class DetectionParser:
    """Turns named detections into nodes, and counts what it reads.

    YAML aliases let a small file stand for an endless structure, hence the two limits.

    Parameters
    ----------
    placeholders : mapping of str to sequence of str
        Values for the `expand` modifier.
    """

    def __init__(self, placeholders: Mapping[str, Sequence[str]]) -> None:
        self._placeholders = placeholders
        self._count = 0

    def parse(self, name: str, definition: Any) -> Node:
        """Return the node of one named detection.

        Raises
        ------
        RuleError
            It is not a detection; the error names the place.
        """
        return Group("selection", name, (self._any(definition, f"detection.{name}", 0),), 1)

    def _any(self, definition: Any, where: str, depth: int) -> Node:
        if depth > DEEPEST:
            raise RuleError("lists nested too deeply", where=where)
        if isinstance(definition, Mapping):
            if not definition:
                raise RuleError("the detection is empty", where=where)
            return both([self._item(key, value, where) for key, value in definition.items()])
        if not isinstance(definition, list):
            return self._item(None, definition, where)
        if not definition:
            raise RuleError("the detection is empty", where=where)
        if not any(isinstance(entry, Mapping | list) for entry in definition):
            return self._item(None, definition, where)
        return either([self._any(entry, f"{where}[{at}]", depth + 1) for at, entry in enumerate(definition)])

    def _item(self, key: Any, value: Any, where: str) -> Node:
        if key is not None and not isinstance(key, str):
            raise RuleError(f"field name {key!r} is not text", where=where, hint="quote it")
        field, *chain = (key or "").split("|")
        place = f"{where}.{key}" if key else where
        for name in chain:
            if name not in MODIFIERS and name not in JOINING:
                raise RuleError(f"unknown modifier '{name}'", where=place, hint=f"known: {', '.join(sorted(KNOWN))}")
        context = Context(place, field or None, tuple(chain), 0, self._placeholders)
        values = value if isinstance(value, list) else [value]
        if values:
            leaves = tuple(leaf_for(self._scalar(entry, place), context) for entry in values)
        else:  # an empty list wants no value: pySigma's reading
            leaves = (leaf_for(None, Context(place, field or None, (), 0, self._placeholders)),)
        label = key or "keywords"
        item = Item(label, field or None, leaves, len(leaves) if "all" in chain else 1)
        return Negation("neq", item) if "neq" in chain else item

    def _scalar(self, value: Any, where: str) -> str | int | float | bool | None:
        self._count += 1
        if self._count > MOST_VALUES:
            raise RuleError(f"more than {MOST_VALUES} values in one rule", where=where)
        if value is None or isinstance(value, str | int | float):
            return value
        hint = "quote it" if type(value).__module__ == "datetime" else ""
        raise RuleError(f"a {type(value).__name__} cannot be compared with a field", where=where, hint=hint)


KNOWN: Final = (*MODIFIERS, *JOINING)
"""Every modifier that lotl knows."""
