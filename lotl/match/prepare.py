"""What of a plan is left for one kind of event with given columns: folded, pruned, and laid out for the scan.

Prepared once and used for every batch of the kind. Fields that no batch had so far are constants here (a test on a
missing field is false), and so are the fields that make up the kind; most rules end at that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from lotl.match.fields import candidates
from lotl.match.graph_kernels import NO, OPEN, OR, YES, place, reduce, require, settle
from lotl.match.regexes import required
from lotl.match.scan_kernels import ANYWHERE, WHOLE
from lotl.match.scanner import Scanner, Spec, Wiring, specs_of
from lotl.match.values import frozen
from lotl.plan.build import OPS, Plan
from lotl.plan.ir import Atom, Op

NULL_CODE: Final = OPS.index(Op.NULL)


class Graph(NamedTuple):
    """A condition graph in arrays, children before parents (see `lotl.plan.build.Plan`)."""

    kind: Any
    count: Any
    start: Any
    child: Any

    def children(self, node: int) -> Any:
        """Return the children of a node."""
        return self.child[self.start[node] : self.start[node + 1]]


@dataclass(frozen=True, eq=False)
class Slot:
    """One column and all that rules ask of it.

    Attributes
    ----------
    names : tuple of str
        Columns that the field may mean, the nearest first (`lotl.match.fields.candidates`).
    scanner : Scanner or None
        None where nothing is scanned for.
    nodes : ndarray of int32
        For each node of the scanner the node of the graph that it decides, or -1.
    exported : ndarray of bool
        Nodes of the scanner whose values are asked for.
    numbers : ndarray of int64 or None
        The whole numbers that the column is compared with, if all that is asked is whether it equals one of them.
    wordy : bool
        Nothing that is asked can hold for the text of a number or of a time: every literal has other characters.
    others : tuple of (int, Atom, ndarray of int32)
        Atoms decided by other means: node, atom, and the scanner's nodes that stand for literals one of which every
        match holds (empty: none known).
    """

    names: tuple[str, ...]
    scanner: Scanner | None
    nodes: Any
    exported: Any
    numbers: Any
    wordy: bool
    others: tuple[tuple[int, Atom, Any], ...]


@dataclass(frozen=True, eq=False)
class Prepared:
    """The part of a plan that a kind of event needs.

    Attributes
    ----------
    graph : Graph
    slots : list of Slot
    slot : ndarray of int32, shape (nodes,)
        Column that alone decides a node; -1: none does.
    shared : ndarray of bool, shape (nodes,)
        Nodes with several users.
    rules, roots : ndarray of int32, shape (r,)
        Rules that can still go either way, and their nodes.
    always : ndarray of int32
        Rules that hold for every event of the kind.
    references : dict of int to (str, tuple of str, tuple of str)
        FIELDREF nodes: relation and the columns of both fields.
    """

    graph: Graph
    slots: list[Slot]
    slot: Any
    shared: Any
    rules: Any
    roots: Any
    always: Any
    references: Mapping[int, tuple[str, tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.graph.kind)


class Leaf(NamedTuple):
    """An atom on one column."""

    names: tuple[str, ...]
    atom: Atom


def needed(plan: Plan, roots: Any) -> Any:
    """Return the atoms (rising) that the given nodes need."""
    state = np.full(len(plan.node_kind), OPEN, np.uint8)
    marks = np.zeros(state.size, np.bool_)
    require(frozen(roots), frozen(plan.child_start), frozen(plan.child), frozen(state), marks)
    return np.flatnonzero(marks[: len(plan)])


def absent_states(plan: Plan, atoms: Any, columns: Mapping[int, tuple[str, ...]], state: Any) -> None:
    """Decide the atoms on fields that have no column: only NULL holds for a missing field."""
    no_column = np.array([not columns.get(number) for number in range(len(plan.fields))] + [False], np.bool_)
    missing = atoms[no_column[plan.atom_field[atoms]]]
    state[missing] = np.where(plan.atom_op[missing] == NULL_CODE, YES, NO)


def prepare(
    plan: Plan, rules: Any, roots: Any, names: Sequence[str], several: Iterable[str], constant: Mapping[Leaf, bool]
) -> Prepared:
    """Prepare rules for batches that have the given columns.

    Parameters
    ----------
    plan : Plan
    rules, roots : ndarray of int32
        Rules and their nodes.
    names : sequence of str
        Columns, in the order of the record.
    several : iterable of str
        Those of them in which a row may have several values.
    constant : mapping of Leaf to bool
        Atoms that are known for the whole kind.
    """
    atoms = needed(plan, roots)
    columns = resolve(plan, atoms, names)
    layout = _Layout(plan, columns, names, constant)
    layout.enter(atoms)
    return layout.finish(rules, roots, frozenset(several))


def resolve(plan: Plan, atoms: Any, names: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """Return the columns of each field (by number) that the atoms name."""
    numbers = np.unique(plan.atom_field[atoms])
    return {number: candidates(plan.fields[number], names) for number in numbers.tolist() if number >= 0}


class _Layout:
    """Numbers the nodes anew: atoms on columns first (a keyword is one per column), then what combines them."""

    def __init__(
        self, plan: Plan, columns: dict[int, tuple[str, ...]], names: Sequence[str], constant: Mapping[Leaf, bool]
    ) -> None:
        self.plan, self.columns, self.names, self.constant = plan, columns, names, constant
        self.state = np.full(len(plan.node_kind), OPEN, np.uint8)
        self.leaf_of: dict[int, int] = {}
        self.leaves: list[Leaf] = []
        self.leaf_nodes: list[int] = []
        self.keywords: dict[int, list[int]] = {}
        self.references: dict[int, tuple[str, tuple[str, ...], tuple[str, ...]]] = {}

    def enter(self, atoms: Any) -> None:
        """Take the atoms that are needed; decide those that no data can change."""
        plan = self.plan
        absent_states(plan, atoms, self.columns, self.state)
        for node in atoms[self.state[atoms] == OPEN].tolist():
            atom = plan.atoms[node]
            if atom.field is None:
                self._keyword(node, atom)
            elif atom.op is Op.FIELDREF:
                self._reference(node, atom)
            else:
                self._single(node, Leaf(self.columns[int(plan.atom_field[node])], atom))

    def _single(self, node: int, leaf: Leaf) -> None:
        known = self.constant.get(leaf)
        if known is None:
            self.leaf_of[node] = self._leaf(leaf)
        else:
            self.state[node] = YES if known else NO

    def _leaf(self, leaf: Leaf) -> int:
        self.leaves.append(leaf)
        return len(self.leaves) - 1

    def _reference(self, node: int, atom: Atom) -> None:
        value: Any = atom.value
        relation, other = value
        right = candidates(other, self.names)
        if not right:
            self.state[node] = NO
            return
        self.references[node] = relation, self.columns[int(self.plan.atom_field[node])], right

    def _keyword(self, node: int, atom: Atom) -> None:
        leaves = [Leaf((name,), atom) for name in self.names]
        if any(self.constant.get(leaf) for leaf in leaves):
            self.state[node] = YES
            return
        # Exactly the columns under which a value can be told apart: each name stands for itself.
        self.keywords[node] = [self._leaf(leaf) for leaf in leaves if leaf not in self.constant]
        if not self.keywords[node]:
            self.state[node] = NO

    def finish(self, rules: Any, roots: Any, several: frozenset[str]) -> Prepared:
        plan, state = self.plan, self.state
        graph = tuple(map(frozen, (plan.node_kind, plan.node_count, plan.child_start, plan.child)))
        settle(graph[0], graph[1], graph[2], graph[3], state)
        live = state[roots] == OPEN
        marks = np.zeros(state.size, np.bool_)
        require(frozen(roots[live]), graph[2], graph[3], frozen(state), marks)
        new, number = self._combined(graph, marks)
        wanted = np.bincount(number[roots[live]], minlength=len(new.kind))
        slot, columns = self._slots(new, wanted > 0, several)
        users = wanted + np.bincount(new.child, minlength=len(new.kind))
        references = {int(number[node]): value for node, value in self.references.items() if number[node] >= 0}
        return Prepared(
            Graph(*map(frozen, new)), columns, slot, users > 1,
            rules[live], frozen(number[roots[live]]), rules[state[roots] == YES], references,
        )  # fmt: skip

    def _combined(self, graph: tuple[Any, ...], marks: Any) -> tuple[Graph, Any]:
        """Return the new graph, and the new number of each of the plan's nodes (-1: gone)."""
        chosen = np.flatnonzero(marks).tolist()
        single = [node for node in chosen if node in self.leaf_of]
        others = [node for node in chosen if node not in self.leaf_of]
        self._keep_leaves(single, [node for node in self.keywords if marks[node]])
        first, size = len(self.leaves), len(self.leaves) + len(others)
        number = np.full(marks.size, -1, np.int32)
        number[others] = np.arange(first, size, dtype=np.int32)
        number[single] = [self.leaf_of[node] for node in single]
        new = Graph(
            np.zeros(size, np.uint8), np.zeros(size, np.int32), np.zeros(size + 1, np.int32),
            np.zeros(graph[3].size, np.int32),
        )  # fmt: skip
        kind, count, start, child = graph
        written = reduce(kind, count, start, child, frozen(self.state), frozen(number), *new)
        return self._with_keywords(new._replace(child=new.child[:written]), number), number

    def _keep_leaves(self, single: list[int], keywords: list[int]) -> None:
        """Drop the leaves that only decided nodes used, and number the others anew."""
        kept = [self.leaf_of[node] for node in single] + [leaf for node in keywords for leaf in self.keywords[node]]
        number = {old: new for new, old in enumerate(kept)}
        self.leaves = [self.leaves[old] for old in kept]
        self.leaf_of = {node: number[self.leaf_of[node]] for node in single}
        self.keywords = {node: [number[leaf] for leaf in self.keywords[node]] for node in keywords}

    def _with_keywords(self, graph: Graph, number: Any) -> Graph:
        """Make each keyword the disjunction of its tests on the columns."""
        if not self.keywords:
            return graph
        lists = [graph.children(node) for node in range(len(graph.kind))]
        for node, leaves in self.keywords.items():
            new = number[node]
            graph.kind[new], graph.count[new] = OR, 1
            lists[new] = np.array(leaves, np.int32)
        start = np.concatenate([[0], np.cumsum([len(one) for one in lists])]).astype(np.int32)
        return graph._replace(start=start, child=np.concatenate(lists).astype(np.int32))

    def _slots(self, graph: Graph, asked: Any, several: frozenset[str]) -> tuple[Any, list[Slot]]:
        """Return the column that decides each node, and the columns."""
        groups: dict[tuple[str, ...], list[int]] = {}
        for node, leaf in enumerate(self.leaves):
            groups.setdefault(leaf.names, []).append(node)
        slot = np.full(len(graph.kind), -1, np.int32)
        scannable = np.zeros(len(graph.kind), np.bool_)
        for column, nodes in enumerate(groups.values()):
            # A regular expression is tried on the values of rows that are still candidates: not a matter of sets.
            slot[[node for node in nodes if self.leaves[node].atom.op is not Op.REGEX]] = column
        specs = [specs_of(leaf.atom) for leaf in self.leaves]
        scannable[: len(specs)] = [bool(found) for found in specs]
        lists = np.array([not several.isdisjoint(names) for names in groups], np.bool_)
        place(frozen(graph.kind), frozen(graph.start), frozen(graph.child), frozen(lists), slot, scannable)
        users = np.repeat(np.arange(len(graph.kind)), np.diff(graph.start))
        asked[graph.child[~scannable[users]]] = True
        members = _members(slot, len(groups))
        for column, nodes in enumerate(groups.values()):
            members[column] += [node for node in nodes if self.leaves[node].atom.op is Op.REGEX]
        slots = [
            _slot(names, nodes, graph, specs, [leaf.atom for leaf in self.leaves], scannable, asked)
            for names, nodes in zip(groups, members, strict=True)
        ]
        return slot, slots


def _members(slot: Any, columns: int) -> list[list[int]]:
    """Return the nodes of each column, rising."""
    order = np.argsort(slot, kind="stable")
    bounds = np.searchsorted(slot[order], np.arange(columns + 1))
    return [order[first:last].tolist() for first, last in pairwise(bounds)]


def _slot(
    names: tuple[str, ...], members: list[int], graph: Graph, specs: list[list[Spec]], atoms: list[Atom],
    scannable: Any, asked: Any,
) -> Slot:  # fmt: skip
    """Lay one column out for the scan."""
    builder = _Wires(graph, asked)
    scanned = [node for node in members if scannable[node]]
    others = [node for node in members if not scannable[node] and node < len(specs)]
    for node in scanned:
        if node < len(specs):
            builder.leaf(node, specs[node])
    literals = [builder.literals(atoms[node]) for node in others]
    for node in scanned:
        if node >= len(specs):
            builder.inner(node)
    scanner, nodes, exported, place_of = builder.finish()
    rest = tuple(
        (node, atoms[node], np.array([place_of[spec] for spec in wanted], np.int32))
        for node, wanted in zip(others, literals, strict=True)
    )
    numbers = None if others else _numbers(builder.specs)
    wordy = not others and all(_WORDS.search(spec.text) for spec in builder.specs)
    return Slot(names, scanner, nodes, exported, numbers, wordy, rest)


_WORDS: Final = re.compile(r"[^0-9:.TZtz-]")
"""A character that no number and no time is written with."""


def _numbers(specs: Iterable[Spec]) -> Any:
    """Return the whole numbers (rising) whose decimal texts the tests want; None if a test is of another kind."""
    found: set[int] = set()
    for spec in specs:
        if spec.kind != WHOLE:
            return None
        if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", spec.text, re.ASCII):
            found.add(int(spec.text))
    return np.array(sorted(found), np.int64)


class _Wires:
    """Collects a column's literals, each once, and the conditions over them."""

    def __init__(self, graph: Graph, asked: Any) -> None:
        self.graph, self.asked = graph, asked
        self.specs: dict[Spec, int] = {}
        self.owner: dict[Spec, int] = {}
        self.extra: set[Spec] = set()
        self.pending: list[tuple[int, int, list[Spec] | list[int]]] = []

    def leaf(self, node: int, specs: list[Spec]) -> None:
        """Enter an atom: a literal of its own, or any of several."""
        for spec in specs:
            self.specs.setdefault(spec, len(self.specs))
        if len(specs) == 1 and specs[0] not in self.owner:
            self.owner[specs[0]] = node
        else:
            self.pending.append((node, 1, specs))

    def literals(self, atom: Atom) -> list[Spec]:
        """Enter the literals of which a match of `atom` holds at least one."""
        if atom.op is not Op.REGEX:
            return []
        specs = [Spec(ANYWHERE, text) for text in required(*atom.value)]  # type: ignore[misc]
        for spec in specs:
            self.specs.setdefault(spec, len(self.specs))
        self.extra.update(specs)
        return specs

    def inner(self, node: int) -> None:
        """Enter a condition over what has been entered."""
        self.pending.append((node, int(self.graph.count[node]), self.graph.children(node).tolist()))

    def finish(self) -> tuple[Scanner | None, Any, Any, dict[Spec, int]]:
        """Return the scanner, the graph's node of each of its nodes, which are exported, and where each literal is."""
        if not self.specs:
            return None, np.zeros(0, np.int32), np.zeros(0, np.bool_), {}
        nodes = [self.owner.get(spec, -1) for spec in self.specs] + [node for node, _, _ in self.pending]
        place_of = {node: number for number, node in enumerate(nodes) if node >= 0}
        children = [
            [self.specs[child] if isinstance(child, Spec) else place_of[child] for child in listed]
            for _, _, listed in self.pending
        ]
        graph_nodes = np.array(nodes, np.int32)
        exported = (graph_nodes >= 0) & self.asked[graph_nodes]
        exported[[self.specs[spec] for spec in self.extra]] = True
        wiring = Wiring([count for _, count, _ in self.pending], children, exported)
        return Scanner(list(self.specs), wiring), graph_nodes, exported, dict(self.specs)
