"""Simplify and share conditions: trees of `lotl.plan.ir` in, one graph of numbered nodes out.

Every node is made once (hash-consing), already simplified: flat, without repetitions, constants or double negation.
Two-valued logic makes every law of Boolean algebra available; only laws that never make a condition larger are used.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TypeAlias

from lotl.plan.ir import And, AtLeast, Atom, Leaf, Node, Not, Or

Ref: TypeAlias = int
"""A node of a `Graph`: atom ``i`` is ``i``, inner node ``j`` is ``-1 - j``, in the order in which they were made."""


class NodeKind(IntEnum):
    """What a node is; the codes of `lotl.plan.build.Plan.node_kind`."""

    ATOM = 0
    AND = 1
    OR = 2
    AT_LEAST = 3
    NOT = 4
    TRUE = 5
    FALSE = 6


_ATOM, _AND, _OR, _AT_LEAST, _NOT, _TRUE, _FALSE = map(int, NodeKind)


class Graph:
    """Atoms and inner nodes, each once.

    Attributes
    ----------
    atoms : list of Atom
    inner : list of (kind, count, children)
        `count` is for AT_LEAST; children are refs, sorted by node number, made before their parent.

    Examples
    --------
    >>> from lotl.plan.ir import Const, Op
    >>> a, b = Leaf(Atom("A", Op.NULL)), Leaf(Atom("B", Op.NULL))
    >>> graph = Graph()
    >>> graph.add(Not(Not(And((a, Or((a, a)), Const(True)))))), graph.add(AtLeast(2, (a, Const(True), Const(False))))
    (0, 0)
    >>> graph.add(Or((a, b))) == graph.add(Or((b, a, b)))
    True
    """

    def __init__(self) -> None:
        self.atoms: list[Atom] = []
        self.inner: list[tuple[int, int, tuple[Ref, ...]]] = []
        self._atoms: dict[tuple[object, ...], Ref] = {}
        self._inner: dict[tuple[int, int, tuple[Ref, ...]], Ref] = {}

    def add(self, node: Node) -> Ref:
        """Return the simplified node."""
        if isinstance(node, Leaf):
            return self.atom(node.atom)
        if isinstance(node, And):
            return self.conjunction([self.add(child) for child in node.children])
        if isinstance(node, Or):
            return self.disjunction([self.add(child) for child in node.children])
        if isinstance(node, Not):
            return self.negation(self.add(node.child))
        if isinstance(node, AtLeast):
            return self.at_least(node.count, [self.add(child) for child in node.children])
        return self.constant(node.value)

    def atom(self, atom: Atom) -> Ref:
        """Return the node of an atom."""
        # Enum members hash slowly; their values do not.
        key = (atom.field, atom.op._value_, atom.value, atom.cased, atom.hexed)
        ref = self._atoms.setdefault(key, len(self.atoms))
        if ref == len(self.atoms):
            self.atoms.append(atom)
        return ref

    def constant(self, value: bool) -> Ref:
        """Return the node that always holds, or never."""
        return self._node(_TRUE if value else _FALSE, 0, ())

    def negation(self, ref: Ref) -> Ref:
        """Return the negation of a node."""
        kind, _, children = self._parts(ref)
        if kind == _NOT:
            return children[0]
        return self.constant(kind == _FALSE) if kind in (_TRUE, _FALSE) else self._node(_NOT, 0, (ref,))

    def conjunction(self, refs: Iterable[Ref]) -> Ref:
        """Return the conjunction of nodes; TRUE for none."""
        return self._joined(_AND, _TRUE, _FALSE, refs)

    def disjunction(self, refs: Iterable[Ref]) -> Ref:
        """Return the disjunction of nodes; FALSE for none."""
        return self._joined(_OR, _FALSE, _TRUE, refs)

    def at_least(self, count: int, refs: list[Ref]) -> Ref:
        """Return "at least `count` of `refs`"; a node that occurs twice counts twice."""
        kinds = [self._parts(ref)[0] for ref in refs]
        count -= kinds.count(_TRUE)
        rest = [ref for ref, kind in zip(refs, kinds, strict=True) if kind not in (_TRUE, _FALSE)]
        if count <= 0 or count > len(rest):
            return self.constant(count <= 0)
        if count == 1:
            return self.disjunction(rest)
        if count == len(rest):
            return self.conjunction(rest)
        return self._node(_AT_LEAST, count, self._sorted(rest))

    def _joined(self, kind: int, neutral: int, ruling: int, refs: Iterable[Ref]) -> Ref:
        parts: dict[Ref, None] = {}
        for ref in refs:
            if ref >= 0:
                parts[ref] = None
                continue
            below, _, children = self.inner[-1 - ref]
            if below == ruling:
                return ref
            if below == kind:
                parts.update(dict.fromkeys(children))
            elif below != neutral:
                parts[ref] = None
        if any(ref < 0 and self.inner[-1 - ref][0] == _NOT and self.inner[-1 - ref][2][0] in parts for ref in parts):
            return self._node(ruling, 0, ())
        if len(parts) < 2:
            return next(iter(parts)) if parts else self._node(neutral, 0, ())
        return self._node(kind, 0, self._sorted(parts))

    @staticmethod
    def _sorted(refs: Iterable[Ref]) -> tuple[Ref, ...]:
        # Order by final node number: atoms rising, then inner nodes as they were made.
        return tuple(sorted(refs, key=_rank))

    def _parts(self, ref: Ref) -> tuple[int, int, tuple[Ref, ...]]:
        return (_ATOM, 0, ()) if ref >= 0 else self.inner[-1 - ref]

    def _node(self, kind: int, count: int, children: tuple[Ref, ...]) -> Ref:
        key = (kind, count, children)
        ref = self._inner.get(key)
        if ref is None:
            ref = self._inner[key] = -1 - len(self.inner)
            self.inner.append(key)
        return ref


def _rank(ref: Ref) -> int:
    return ref if ref >= 0 else (1 << 40) - ref
