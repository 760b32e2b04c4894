"""The plan of a set of rules: every atom once, every sub-condition once, and which kinds of event need which.

The condition trees of all rules become one directed acyclic graph in arrays. Node ``i`` *is* atom ``i`` for
``i < len(plan)``; inner nodes follow, each after its children, so that one forward sweep evaluates everything and one
backward sweep finds what a set of rules needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from lotl.plan.fold import Graph, NodeKind, Ref
from lotl.plan.ir import And, AtLeast, Atom, AtomValue, Const, Leaf, Node, Not, Op, Or
from lotl.schema import Kind, Selector
from lotl.sigma.model import Rule

Ints: TypeAlias = "np.ndarray[Any, np.dtype[np.int32]]"
Bytes: TypeAlias = "np.ndarray[Any, np.dtype[np.uint8]]"
Bools: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"

OPS: tuple[Op, ...] = tuple(Op)
"""Code of an operation in `Plan.atom_op` → operation."""


@dataclass(frozen=True, eq=False)
class Route:
    """Rules to evaluate on one kind of event through one view.

    Attributes
    ----------
    view : str or None
        See `lotl.schema.VIEWS`. None: the record's own names.
    rules : ndarray of int32, shape (r,)
        Indices into `Plan.rules`, rising, each once.
    roots : ndarray of int32, shape (r,)
        Node that decides each of them, the conditions of the log source included.
    """

    view: str | None
    rules: Ints
    roots: Ints


@dataclass(frozen=True, eq=False)
class Plan:
    """Atoms, graph and routes of a set of rules.

    Attributes
    ----------
    rules : sequence of Rule
        What rule indices refer to.
    fields : tuple of str
        Distinct field names, as rules write them.
    atom_field : ndarray of int32, shape (a,)
        Index into `fields`; -1 for a keyword.
    atom_op : ndarray of uint8, shape (a,)
        Index into `OPS`.
    atom_value : list of AtomValue, length a
    atom_cased, atom_hexed : ndarray of bool, shape (a,)
        As in `Atom`.
    node_kind : ndarray of uint8, shape (n,)
        `NodeKind`. The first a nodes are the atoms, in order.
    node_count : ndarray of int32, shape (n,)
        How many children of an AT_LEAST node must hold; 0 elsewhere.
    child_start : ndarray of int32, shape (n + 1,)
        Children of node i are ``child[child_start[i]:child_start[i + 1]]``.
    child : ndarray of int32
        Node indices, each less than its parent's; sorted within a node.
    roots : ndarray of int32, shape (len(rules),)
        Node of each rule's condition, the log source apart.
    routing : tuple of (Selector, ndarray of int32, ndarray of int32)
        For each distinct selector the rules that name it, and their nodes with its `where` conditions.
    """

    rules: Sequence[Rule]
    fields: tuple[str, ...]
    atom_field: Ints
    atom_op: Bytes
    atom_value: list[AtomValue]
    atom_cased: Bools
    atom_hexed: Bools
    node_kind: Bytes
    node_count: Ints
    child_start: Ints
    child: Ints
    roots: Ints
    routing: tuple[tuple[Selector, Ints, Ints], ...]
    _routes: dict[Kind, list[Route]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        """Return the number of atoms."""
        return len(self.atom_value)

    @cached_property
    def atoms(self) -> list[Atom]:
        """The atoms as objects, in order of their nodes."""
        names = [*self.fields, None]  # index -1 is the keyword's None
        columns = zip(
            self.atom_field.tolist(),
            self.atom_op.tolist(),
            self.atom_value,
            self.atom_cased.tolist(),
            self.atom_hexed.tolist(),
            strict=True,
        )
        return [Atom(names[name], OPS[op], value, cased, hexed) for name, op, value, cased, hexed in columns]

    def children(self, node: int) -> Ints:
        """Return the children of `node`; none for an atom."""
        return self.child[self.child_start[node] : self.child_start[node + 1]]

    def for_kind(self, kind: Kind) -> list[Route]:
        """Return what to evaluate on events of `kind`, one `Route` per view.

        A rule that occurs in several routes hits a row when it does so in any of them.
        """
        if kind not in self._routes:
            self._routes[kind] = self._route(kind)
        return self._routes[kind]

    def _route(self, kind: Kind) -> list[Route]:
        chosen: dict[str | None, dict[int, set[int]]] = {}
        for selector, rules, roots in self.routing:
            if selector.selects(kind):
                view = chosen.setdefault(selector.view, {})
                for rule, root in zip(rules.tolist(), roots.tolist(), strict=True):
                    view.setdefault(rule, set()).add(root)
        routes = []
        for view_name, rule_roots in chosen.items():
            # Selectors of one log source may overlap; one more route holds what the first has no place for.
            while rule_roots:
                rules = np.array(sorted(rule_roots), np.int32)
                roots = np.array([rule_roots[rule].pop() for rule in rules.tolist()], np.int32)
                routes.append(Route(view_name, rules, roots))
                rule_roots = {rule: roots for rule, roots in rule_roots.items() if roots}
        return routes

    def restricted(self, rules: Sequence[Rule], chosen: Sequence[int]) -> Plan:
        """Return the plan of some of the rules, over the same graph.

        Parameters
        ----------
        rules : sequence of Rule
            What the new rule indices refer to.
        chosen : sequence of int
            Index in this plan of each of them, rising.
        """
        new = np.full(len(self.rules), -1, np.int32)
        positions = np.asarray(chosen, np.int64)
        new[positions] = np.arange(len(positions), dtype=np.int32)
        routing = []
        for selector, indices, nodes in self.routing:
            kept = new[indices] >= 0
            if kept.any():
                routing.append((selector, new[indices[kept]], nodes[kept]))
        return replace(self, rules=rules, roots=self.roots[positions], routing=tuple(routing), _routes={})

    def consistent(self) -> bool:
        """Say whether every index is in range and every child comes before its parent."""
        atoms, nodes = len(self), len(self.node_kind)
        starts, child = self.child_start, self.child
        lengths = np.diff(starts)
        shapes = [len(self.atom_field), len(self.atom_op), len(self.atom_cased), len(self.atom_hexed)]
        if shapes != [atoms] * 4 or len(starts) != nodes + 1 or len(self.node_count) != nodes or nodes < atoms:
            return False
        if len(self.roots) != len(self.rules) or starts[0] != 0 or starts[-1] != len(child) or (lengths < 0).any():
            return False
        parents = np.repeat(np.arange(nodes), lengths)
        routed = [(indices, found) for _, indices, found in self.routing]
        return bool(
            ((child >= 0) & (child < parents)).all()
            and _within(self.atom_op, len(OPS))
            and _within(self.atom_field + 1, len(self.fields) + 1)
            and _within(self.node_kind, len(NodeKind))
            and ((self.node_kind == NodeKind.ATOM) == (np.arange(nodes) < atoms)).all()
            and _within(self.roots, nodes)
            and all(_within(i, len(self.rules)) and _within(n, nodes) and len(i) == len(n) for i, n in routed)
        )

    def reach(self, roots: Iterable[int]) -> Bools:
        """Return which nodes the given nodes need, themselves included: bool, shape (n,)."""
        needed = np.zeros(len(self.node_kind), np.bool_)
        needed[np.fromiter(roots, np.int64)] = True
        for node in range(len(needed) - 1, len(self) - 1, -1):
            if needed[node]:
                needed[self.children(node)] = True
        return needed

    def node(self, index: int) -> Node:
        """Return the tree under a node."""
        if index < len(self):
            return Leaf(self.atoms[index])
        children = tuple(self.node(child) for child in self.children(index).tolist())
        match NodeKind(self.node_kind[index]):
            case NodeKind.AND:
                return And(children)
            case NodeKind.OR:
                return Or(children)
            case NodeKind.AT_LEAST:
                return AtLeast(int(self.node_count[index]), children)
            case NodeKind.NOT:
                return Not(children[0])
            case kind:
                return Const(kind is NodeKind.TRUE)


def _within(numbers: np.ndarray[Any, Any], limit: int) -> bool:
    return bool(((numbers >= 0) & (numbers < limit)).all())


def build(rules: Iterable[Rule], *, ignore_logsource: bool = False) -> Plan:
    """Compile rules into one plan.

    Parameters
    ----------
    rules : iterable of Rule
        A `RuleSet` or any rules; their order gives the rule indices.
    ignore_logsource : bool
        Route every rule to every kind of event, under the record's own names.

    Returns
    -------
    Plan
    """
    listed = list(rules)
    graph = Graph()
    roots = [graph.add(rule.node) for rule in listed]
    anything = (Selector(),)
    routing: dict[Selector, tuple[list[int], list[Ref]]] = {}
    guards: dict[Selector, list[Ref]] = {}
    for index, rule in enumerate(listed):
        for selector in anything if ignore_logsource else rule.selectors:
            if selector not in guards:
                guards[selector] = _guards(graph, selector)
                routing[selector] = ([], [])
            indices, nodes = routing[selector]
            indices.append(index)
            nodes.append(graph.conjunction((*guards[selector], roots[index])) if guards[selector] else roots[index])
    return _plan(listed, graph, roots, routing)


def _guards(graph: Graph, selector: Selector) -> list[Ref]:
    return [
        graph.disjunction([graph.atom(Atom(name, Op.EQUALS, value)) for value in values])
        for name, values in selector.where
    ]


def _plan(
    rules: list[Rule], graph: Graph, roots: list[Ref], routing: dict[Selector, tuple[list[int], list[Ref]]]
) -> Plan:
    atoms, names = graph.atoms, dict[str, int]()
    field_ids = [-1 if atom.field is None else names.setdefault(atom.field, len(names)) for atom in atoms]
    codes = {op.value: code for code, op in enumerate(OPS)}
    lengths = [0] * len(atoms) + [len(children) for _, _, children in graph.inner]

    def numbers(refs: Iterable[Ref]) -> Ints:
        return _ints(ref if ref >= 0 else len(atoms) - 1 - ref for ref in refs)

    return Plan(
        rules,
        tuple(names),
        _ints(field_ids),
        np.array([codes[atom.op.value] for atom in atoms], np.uint8),
        [atom.value for atom in atoms],
        np.array([atom.cased for atom in atoms], np.bool_),
        np.array([atom.hexed for atom in atoms], np.bool_),
        np.array([0] * len(atoms) + [kind for kind, _, _ in graph.inner], np.uint8),
        _ints([0] * len(atoms) + [count for _, count, _ in graph.inner]),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        numbers(child for _, _, children in graph.inner for child in children),
        numbers(roots),
        tuple((selector, _ints(indices), numbers(nodes)) for selector, (indices, nodes) in routing.items()),
    )


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int32)
