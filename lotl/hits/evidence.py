"""Evidence: what in an event made a rule hit, taken from the reference evaluator's explanation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from lotl.columns import Column, Rows
from lotl.frame import Partition
from lotl.hits.parts import Evidence
from lotl.match.fields import candidates
from lotl.plan.ir import And, AtLeast, Leaf, Node, Not, Op, Or

if TYPE_CHECKING:
    from lotl.match.reference import Reference
    from lotl.match.reference.nodes import Item


def evidence(reference: Reference, event: Mapping[str, Any]) -> tuple[Evidence, ...]:
    """Return the values that speak for a rule on an event that it hits, in the rule's order.

    Of a list of values the first that matches speaks for it; what only had to be absent is left out. Leaves are the
    reference's own, so evidence cannot disagree with an explanation.
    """
    return tuple(_speak(reference.root, event, "", certain=True) or ())


def _speak(node: Any, event: Mapping[str, Any], part: str, *, certain: bool) -> list[Evidence] | None:
    """Return the evidence for a node, or None where it does not hold.

    `certain`: the node is known to hold, so that what must not be there need not be looked at again.
    """
    from lotl.match.reference.nodes import Group, Negation

    if isinstance(node, Negation):
        return [] if certain or _speak(node.child, event, part, certain=False) is None else None
    if not isinstance(node, Group):
        return _item(node, event, part)
    part = node.label if node.kind == "selection" else part
    whole = node.need == len(node.children)
    found: list[Evidence] = []
    matched = 0
    for child in node.children:
        seen = _speak(child, event, part, certain=certain and whole)
        if seen is not None:
            found += seen
            matched += 1
        elif whole:
            return None
        if matched == node.need:
            return found
    return None


def _item(item: Item, event: Mapping[str, Any], part: str) -> list[Evidence] | None:
    from lotl.match.reference.values import lookup

    places = list(event.items()) if item.field is None else [lookup(event, item.field)]
    found: list[Evidence] = []
    matched = 0
    for leaf in item.leaves:
        seen = next((seen for place in places if (seen := leaf.on_field(place, event)).matched), None)
        if seen is not None:
            matched += 1
            if seen.field is not None:
                found.append(Evidence(part, seen.field, seen.value or "", leaf.wanted))
        if matched == item.need:
            return found
    return None


def alike(partition: Partition, names: frozenset[str | None], rows: Rows) -> list[Rows]:
    """Group rows whose fields, as far as a rule reads them, have equal values.

    Parameters
    ----------
    partition : Partition
    names : frozenset of str or None
        See `fields_of`.
    rows : ndarray of int64
        Rows of `partition`.

    Returns
    -------
    list of ndarray of int64
        Places in `rows`, rising within a group; groups by first appearance.
    """
    if None in names or len(rows) < 2:
        return [np.array([place]) for place in range(len(rows))]
    group = np.zeros(len(rows), np.int64)
    for name in read_by(partition, names):
        if name in partition.constants and name not in partition.data:
            continue
        pairs = group * (2**31) + _codes(partition.fields[name])[rows]
        group = pa.array(pairs).dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    order = np.argsort(group, kind="stable")
    bounds = np.flatnonzero(np.diff(group[order])) + 1
    return np.split(order, bounds)


def read_by(partition: Partition, names: frozenset[str | None]) -> list[str]:
    """Return the columns of a partition that a rule reads: all of them for keywords."""
    known = [*partition.constants, *partition.system, *partition.data]
    if None in names:
        return list(dict.fromkeys(known))
    return sorted({place for name in names if name is not None for place in candidates(name, known)})


def _codes(column: Column) -> Rows:
    """Return one number per row, equal where the values are equal."""
    text = column.text()
    if text.offsets is None:
        return text.codes.astype(np.int64)
    lists = [tuple(text.codes[a:b].tolist()) for a, b in zip(text.offsets[:-1], text.offsets[1:], strict=True)]
    places = {value: place for place, value in enumerate(dict.fromkeys(lists))}
    return np.array([places[value] for value in lists], np.int64)


def fields_of(node: Node) -> frozenset[str | None]:
    """Return the fields that a condition reads; None among them means all (keywords)."""
    match node:
        case Leaf(atom):
            other = {str(atom.value[1])} if atom.op is Op.FIELDREF and isinstance(atom.value, tuple) else set()
            return frozenset({atom.field} | other)
        case And(children) | Or(children) | AtLeast(_, children):
            return frozenset().union(*map(fields_of, children))
        case Not(child):
            return fields_of(child)
        case _:
            return frozenset()
