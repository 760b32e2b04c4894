"""Evidence: what in an event made a rule hit, taken from the reference evaluator's explanation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from lotl.hits.parts import Evidence
from lotl.plan.ir import And, AtLeast, Leaf, Node, Not, Op, Or

if TYPE_CHECKING:
    from lotl.match.reference import Explanation, Result


def evidence(explanation: Explanation) -> Iterator[Evidence]:
    """Yield the values that speak for the rule, in its order; what only had to be absent is left out."""
    yield from _walk(explanation.root, "")


def _walk(result: Result, part: str) -> Iterator[Evidence]:
    if not result.matched or result.kind == "not":
        return
    if result.kind == "selection":
        part = result.label
    seen = result.evidence
    if seen is None:
        for child in result.children:
            yield from _walk(child, part)
    elif seen.field is not None:
        yield Evidence(part, seen.field, seen.value or "", result.label)


@lru_cache(maxsize=1 << 14)
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
