"""One batch: from the sets of values that the scan found to the rows of each rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lotl.columns import Int
from lotl.match import graph_kernels
from lotl.match.graph_kernels import AND, AT_LEAST, ATOM, NO, NOT, OPEN, YES, require, settle
from lotl.match.leaves import decide, related
from lotl.match.prepare import Prepared, Slot
from lotl.match.profile import Profile
from lotl.match.searches import Searched, Searches
from lotl.match.sets import (
    DENSE,
    EVERYTHING,
    NOTHING,
    Codes,
    Rows,
    Values,
    at_least,
    distinct,
    intersection,
    only_numbers,
    union,
)
from lotl.match.values import frozen
from lotl.plan.ir import Op

PRUNE_FROM = 1 << 16
"""Bytes of distinct text from which on it pays to look only for what rules still need."""


class Evaluation:
    """A prepared plan on one batch.

    Parameters
    ----------
    prepared : Prepared
    open_column : callable
        From a slot's names to its `Codes`.
    length : int
        Rows.
    searches : Searches
    profile : Profile
    """

    def __init__(
        self,
        prepared: Prepared,
        open_column: Callable[[tuple[str, ...]], Codes],
        length: int,
        searches: Searches,
        profile: Profile,
    ) -> None:
        self.prepared, self.length = prepared, length
        self.graph = prepared.graph
        self._open, self._searches, self._profile = open_column, searches, profile
        self.columns = [self._opened(slot) for slot in prepared.slots]
        self.state = np.full(len(prepared), OPEN, np.uint8)
        self.sets: dict[int, Values] = {}
        self.searched: dict[int, Searched] = {}
        self._masks: dict[int, Any] = {}
        self._rows: dict[int, Rows] = {}
        self._bounds: dict[int, int] = {}

    def _opened(self, slot: Slot) -> Codes:
        codes = self._open(slot.names)
        column = codes.column
        if slot.numbers is None or not slot.numbers.size or not isinstance(column, Int) or column.time:
            return codes
        return Codes(only_numbers(column, slot.numbers), self.length)

    def run(self) -> list[tuple[int, Rows]]:
        """Return the rows of each rule that has any: (rule, int32 rows, rising)."""
        self._look_at_values()
        prepared, hits = self.prepared, []
        alive = np.flatnonzero(self.state[prepared.roots] != NO)
        for rule, root in zip(prepared.rules[alive].tolist(), prepared.roots[alive].tolist(), strict=True):
            with self._profile.rule(rule):
                rows = self.rows(root)
            if rows.size:
                hits.append((rule, rows))
        everything = np.arange(self.length, dtype=np.int32)
        return hits + [(rule, everything) for rule in prepared.always.tolist()]

    def _look_at_values(self) -> None:
        """Scan the columns, those with little text first: what they rule out need not be looked for in the others."""
        weights = [codes.weight for codes in self.columns]
        large = sum(weights) >= PRUNE_FROM
        for number in sorted(range(len(weights)), key=weights.__getitem__):
            wanted = self._wanted() if large else None
            slot, codes = self.prepared.slots[number], self.columns[number]
            found = self._scan(slot, codes, wanted)
            self._others(slot, codes, found, wanted)
        self._settle()

    def _settle(self) -> None:
        graph = self.graph
        settle(graph.kind, graph.count, graph.start, graph.child, self.state)

    def _wanted(self) -> Any:
        """Return which nodes the undecided rules still need."""
        self._settle()
        needed = np.zeros(len(self.prepared), np.bool_)
        require(self.prepared.roots, self.graph.start, self.graph.child, frozen(self.state), needed)
        return needed

    def _scan(self, slot: Slot, codes: Codes, wanted: Any) -> Found | None:
        """Scan a column and keep the sets of its nodes; return those of all the scanner's nodes."""
        if slot.scanner is None:
            return None
        nodes = slot.nodes
        if slot.wordy and isinstance(codes.column, Int):
            self.state[nodes[nodes >= 0]] = NO
            return None
        chosen = None
        if wanted is not None:
            chosen = wanted[nodes] | (nodes < 0)
            # A literal that a regular expression requires may also be a test of its own, of rules that are dead by now.
            for node, _, literals in slot.others:
                if wanted[node]:
                    chosen[literals] = True
        if chosen is not None and not chosen.any():
            return None
        with self._profile.stage("fold", slot.names[0]):
            values = codes.values
        with self._profile.stage("scan", slot.names[0]):
            start, found = slot.scanner.run(values, chosen)
        asked = slot.exported & (nodes >= 0) if chosen is None else slot.exported & chosen & (nodes >= 0)
        empty = start[1:] == start[:-1]
        self.state[nodes[asked & empty]] = NO
        full = np.flatnonzero(asked & ~empty)
        for node, first, last in zip(nodes[full].tolist(), start[full].tolist(), start[full + 1].tolist(), strict=True):
            self.sets[node] = Values(found[first:last])
        return Found(start, found)

    def _others(self, slot: Slot, codes: Codes, found: Found | None, wanted: Any) -> None:
        """Decide a column's tests that the scan does not."""
        for node, atom, literals in slot.others:
            if wanted is not None and not wanted[node]:
                continue
            candidates = found.any_of(literals) if found is not None and literals.size else None
            if atom.op is Op.REGEX:
                self.searched[node] = Searched(atom, codes, candidates, self._searches)
                if candidates is not None and not candidates.size:
                    self.state[node] = NO
                continue
            with self._profile.stage(atom.op.value, slot.names[0]):
                chosen = decide(atom, codes, candidates, self._searches)
            self.sets[node] = chosen
            if not chosen.negated and not chosen.places.size:
                self.state[node] = NO

    def values(self, node: int) -> Values:
        """Return the places of the one column that decides a node."""
        known = self.sets.get(node)
        if known is not None or self.state[node] != OPEN:
            return known or (EVERYTHING if self.state[node] == YES else NOTHING)
        parts = [self.values(child) for child in self._children(node)]
        match self.graph.kind[node]:
            case graph_kernels.AND:
                found = intersection(parts)
            case graph_kernels.OR:
                found = union(parts)
            case graph_kernels.NOT:
                found = parts[0].complement()
            case _:
                size = self.columns[self.prepared.slot[node]].size
                found = at_least(self._need(node), parts, size)
        self.sets[node] = found
        return found

    def _children(self, node: int) -> list[int]:
        """Return the children that still matter."""
        children = self.graph.children(node)
        return children[self.state[children] == OPEN].tolist()  # type: ignore[no-any-return]

    def _need(self, node: int) -> int:
        """Return how many undecided children of an AT_LEAST node must hold."""
        held = np.count_nonzero(self.state[self.graph.children(node)] == YES)
        return int(self.graph.count[node]) - int(held)

    def bound(self, node: int) -> int:
        """Return an upper bound for the number of rows of a node."""
        known = self._bounds.get(node)
        if known is None:
            known = self._bounds[node] = min(self._bound(node), self.length)
        return known

    def _effort(self, node: int) -> tuple[bool, int]:
        """Sort the children of a conjunction: few rows first, regular expressions last."""
        return node in self.searched, self.bound(node)

    def _bound(self, node: int) -> int:
        column = self.prepared.slot[node]
        if column >= 0:
            return int(self.columns[column].bound(self.values(node)))
        kind = self.graph.kind[node]
        if node in self.searched:
            return self.searched[node].bound()
        if kind in (ATOM, NOT):
            return self.length
        bounds = [self.bound(child) for child in self._children(node)]
        return min(bounds) if kind == AND else sum(bounds)

    def rows(self, node: int) -> Rows:
        """Return the rows of a node: int32, rising."""
        if self.state[node] != OPEN:
            return np.arange(self.length if self.state[node] == YES else 0, dtype=np.int32)
        known = self._rows.get(node)
        if known is None:
            known = self._find(node)
            if self.prepared.shared[node]:
                self._rows[node] = known
        return known

    def _find(self, node: int) -> Rows:
        column = self.prepared.slot[node]
        if column >= 0:
            return self.columns[column].rows(self.values(node))
        if node in self.searched:
            return self.searched[node].rows()
        match self.graph.kind[node]:
            case graph_kernels.AND:
                first, *others = sorted(self._children(node), key=self._effort)
                return self._kept(others, self.rows(first))
            case graph_kernels.OR if self.bound(node) * DENSE <= self.length:
                return distinct(np.concatenate([self.rows(child) for child in self._children(node)]))
            case _:
                return np.flatnonzero(self.test(node, None)).astype(np.int32)

    def _kept(self, nodes: Sequence[int], rows: Rows) -> Rows:
        """Return those of `rows` for which all nodes hold."""
        for node in nodes:
            if not rows.size:
                break
            rows = rows[self.test(node, rows)]
        return rows

    def test(self, node: int, rows: Rows | None) -> Any:
        """Return for which of `rows` (None: all) a node holds: bool."""
        size = self.length if rows is None else rows.size
        if self.state[node] != OPEN:
            return np.full(size, self.state[node] == YES)
        column = self.prepared.slot[node]
        if column >= 0:
            return self.columns[column].test(self.values(node), rows)
        if node in self.searched:
            return self.searched[node].test(rows)
        if node in self._rows or node in self.prepared.references:
            mask = self._mask(node)
            return mask if rows is None else mask[rows]
        kind = self.graph.kind[node]
        if kind == NOT:
            return ~self.test(self._children(node)[0], rows)
        if kind == AT_LEAST:
            return sum(self.test(child, rows).astype(np.int32) for child in self._children(node)) >= self._need(node)
        return self._narrowed(self._children(node), rows, size, every=kind == AND)

    def _narrowed(self, nodes: Sequence[int], rows: Rows | None, size: int, *, every: bool) -> Any:
        """Test nodes one after the other, each only where those before it left the answer open."""
        result = np.full(size, every)
        left = None
        for node in nodes:
            if left is None:
                found = self.test(node, rows)
                result = found.copy()
            else:
                found = self.test(node, left if rows is None else rows[left])
                result[left] = found
            left = np.flatnonzero(result == every)
            if not left.size:
                break
        return result

    def _mask(self, node: int) -> Any:
        """Return the rows of a node as bool, shape (n,)."""
        mask = self._masks.get(node)
        if mask is None:
            if node in self.prepared.references:
                relation, left, right = self.prepared.references[node]
                mask = related(relation, self._open(left), self._open(right))
            else:
                mask = np.zeros(self.length, np.bool_)
                mask[self._rows[node]] = True
            self._masks[node] = mask
        return mask


class Found:
    """What a scan found: values per node of the scanner."""

    def __init__(self, start: Any, values: Any) -> None:
        self._start, self._values = start, values

    def any_of(self, nodes: Any) -> Any:
        """Return the values of any of some nodes: int32, rising."""
        parts = [self._values[self._start[node] : self._start[node + 1]] for node in nodes.tolist()]
        return parts[0] if len(parts) == 1 else distinct(np.concatenate(parts))
