"""Lowering: from the ``detection`` section of a rule to a condition over atoms. Lossless; nothing is simplified here.

A map is an AND of its items, a list of maps an OR of maps, a list of values an OR of keywords.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lotl.plan.ir import And, Atom, Leaf, Node, Not, Op
from lotl.sigma import condition
from lotl.sigma.fault import Fault
from lotl.sigma.modifiers import JOINING, MODIFIERS, Context, Placeholders
from lotl.sigma.values import Value, either, node, prints_hex

DEEPEST = 40
"""Levels of lists within lists in a detection."""
MOST_VALUES = 200_000
"""Values in one rule. YAML aliases let a small file stand for an endless structure."""

_PLAIN = {
    (): Op.EQUALS,
    ("contains",): Op.CONTAINS,
    ("endswith",): Op.ENDSWITH,
    ("startswith",): Op.STARTSWITH,
    ("contains", "all"): Op.CONTAINS,
}

KNOWN = (*MODIFIERS, *JOINING)
"""Every modifier that lotl knows."""


def lower(detection: Any, placeholders: Placeholders | None = None) -> Node:
    """Lower a ``detection`` section.

    Parameters
    ----------
    detection : mapping
        Named detections and the condition.
    placeholders : mapping of str to sequence of str, optional
        Values for the `expand` modifier.

    Returns
    -------
    Node

    Raises
    ------
    Fault
        The rule is invalid or unsupported; the fault names the place.

    Examples
    --------
    >>> lower({"sel": {"Image|endswith": "x.exe"}, "condition": "not sel"})
    Not(child=Leaf(atom=Atom(field='Image', op=<Op.ENDSWITH: 'endswith'>, value='x.exe', cased=False, hexed=False)))
    """
    conditions = conditions_of(detection)
    lowering = _Lowering(placeholders or {})
    nodes = {
        name: lowering.any(definition, ("detection", name), 0)
        for name, definition in detection.items()
        if name != "condition"
    }
    return either([condition.lower(condition.parse(text, nodes), nodes) for text in conditions])


def conditions_of(detection: Any) -> list[str]:
    """Return the conditions of a ``detection`` section, checking what it consists of.

    Raises
    ------
    Fault
        The section is no map, has no detections, or has no or a malformed condition.
    """
    path = ("detection",)
    if not isinstance(detection, Mapping):
        raise Fault("the detection section is not a map", path, hint="it holds named detections and a condition")
    for name in detection:
        if not isinstance(name, str):
            raise Fault(f"the name of a detection is not text: {name!r}", path, hint="quote it")
    if "condition" not in detection:
        raise Fault("the rule has no condition", path, hint="add 'condition:' to the detection section")
    if len(detection) == 1:
        raise Fault("the detection section has only a condition", path, hint="add a detection, e.g. 'selection:'")
    given = detection["condition"]
    conditions = given if isinstance(given, list) else [given]
    if not conditions or not all(isinstance(text, str) and text.strip() for text in conditions):
        raise Fault("the condition is not text or a list of texts", condition.PATH)
    return conditions


class _Lowering:
    """One rule's lowering; counts the values that it sees."""

    def __init__(self, placeholders: Placeholders) -> None:
        self._placeholders = placeholders
        self._count = 0

    def any(self, definition: Any, path: tuple[str | int, ...], depth: int) -> Node:
        """Lower a detection or a part of one."""
        if depth > DEEPEST:
            raise Fault(f"lists nested more than {DEEPEST} deep", path)
        if isinstance(definition, Mapping):
            items = [self._item(key, value, (*path, str(key))) for key, value in definition.items()]
            if not items:
                raise Fault("the detection is empty", path)
            return items[0] if len(items) == 1 else And(tuple(items))
        if not isinstance(definition, list):
            return self._values(None, (), [definition], path)
        if not definition:
            raise Fault("the detection is empty", path)
        if not any(isinstance(entry, Mapping | list) for entry in definition):
            return self._values(None, (), definition, path)
        return either([self.any(entry, (*path, at), depth + 1) for at, entry in enumerate(definition)])

    def _item(self, key: Any, value: Any, path: tuple[str | int, ...]) -> Node:
        if not isinstance(key, str):
            raise Fault(f"a field name is not text: {key!r}", path, hint="quote it")
        field, *chain = key.split("|")
        for name in chain:
            if name not in MODIFIERS and name not in JOINING:
                raise Fault(f"unknown modifier {name!r}", path, hint=f"known: {', '.join(sorted(KNOWN))}")
        if not isinstance(value, list):
            return self._values(field or None, tuple(chain), [value], path)
        # An empty list wants no value at all: pySigma's reading, the specification is silent.
        return self._values(field or None, tuple(chain), value, path) if value else node(field or None, None)

    def _values(
        self, field: str | None, chain: tuple[str, ...], values: list[Any], path: tuple[str | int, ...]
    ) -> Node:
        self._count += len(values)
        if self._count > MOST_VALUES:
            raise Fault(f"more than {MOST_VALUES} values in one rule", path)
        nodes: list[Node] = []
        plain = _PLAIN.get(chain) if field is not None and not prints_hex(field) else None
        for at, value in enumerate(values):
            if plain and type(value) is str and value and not ("*" in value or "?" in value or "\\\\" in value):
                nodes.append(Leaf(Atom(field, plain, value)))  # nine values in ten; the same as below, sooner
                continue
            try:
                nodes.append(node(field, modified(field, chain, value, self._placeholders)))
            except Fault as fault:
                fault.path = fault.path or ((*path, at) if len(values) > 1 else path)
                raise Fault(fault.what, fault.path, hint=fault.hint, state=fault.state) from fault
        joined = And(tuple(nodes)) if "all" in chain and len(nodes) > 1 else either(nodes)
        return Not(joined) if "neq" in chain else joined


def modified(field: str | None, chain: tuple[str, ...], value: Any, placeholders: Placeholders) -> Value:
    """Return what the modifiers of an item make of one of its values.

    Raises
    ------
    Fault
        A modifier does not take what it is given.
    """
    if not isinstance(value, str | int | float | None):
        raise Fault(f"a {type(value).__name__} cannot be compared with a field", hint="give a value or a list")
    made: Value = value
    first = True
    for name in chain:
        if name not in JOINING:
            made = MODIFIERS[name](made, Context(name, first, field, placeholders))
            first = False
    return made
