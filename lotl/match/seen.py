"""What a run saw of each kind of event, small enough to send between processes, and what follows for the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lotl.match.constants import decide_constants
from lotl.match.graph_kernels import NO, OPEN, YES, settle
from lotl.match.prepare import Graph, Leaf, absent_states, needed, resolve
from lotl.match.values import frozen
from lotl.plan.build import Plan, Route
from lotl.schema import Kind

NO_EVENTS, LACKING, ABLE = range(3)
"""What a rule had: no events; events without a field that it needs; events that it could match."""

EVERY_KIND = Kind(None, None, None)
"""The kind of events that do not say what they are: every rule is tried on them."""


def routes_of(plan: Plan, kind: Kind) -> list[Route]:
    """Return what to evaluate on events of a kind; on events without a kind, every rule under the record's names."""
    if kind == EVERY_KIND:
        return [Route(None, np.arange(len(plan.roots), dtype=np.int32), plan.roots)]
    return plan.for_kind(kind)


@dataclass
class Seen:
    """Kinds of event and their fields, over all batches so far.

    Attributes
    ----------
    rows : Counter of Kind
    fields : dict of (Kind, view) to set of str
        Columns that rules name, as the view shows them.
    stopped : Counter of (pattern, flags)
        Values on which a regular expression was stopped because it took too long.
    """

    rows: Counter[Kind] = field(default_factory=Counter)
    fields: dict[tuple[Kind, str | None], set[str]] = field(default_factory=dict)
    stopped: Counter[tuple[str, str]] = field(default_factory=Counter)

    def merge(self, other: Seen) -> None:
        """Add what another run (or process) saw."""
        self.rows.update(other.rows)
        self.stopped.update(other.stopped)
        for key, names in other.fields.items():
            self.fields.setdefault(key, set()).update(names)

    def had_data(self, plan: Plan) -> Any:
        """Return which rules had events to look at: bool, shape (len(plan.rules),).

        A rule that asks for an event id which its kinds of event do not have had none.
        """
        return self.levels(plan) > NO_EVENTS

    def blind(self, plan: Plan) -> dict[int, tuple[str, ...]]:
        """Return the rules that had events but could not match any, for lack of fields, and those fields."""
        levels = self.levels(plan)
        return {int(rule): self.missing(plan, int(rule)) for rule in np.flatnonzero(levels == LACKING)}

    def levels(self, plan: Plan) -> Any:
        """Return per rule `NO_EVENTS`, `LACKING` or `ABLE`: int8, shape (len(plan.rules),)."""
        levels = np.zeros(len(plan.roots), np.int8)
        for (kind, view), names in self.fields.items():
            for route in routes_of(plan, kind):
                if route.view == view:
                    found = _route_levels(plan, route, kind, sorted(names))
                    np.maximum.at(levels, route.rules, found)
        return levels

    def missing(self, plan: Plan, rule: int) -> tuple[str, ...]:
        """Return the fields that a rule names and that its events never had."""
        atoms = needed(plan, plan.roots[rule : rule + 1])
        wanted = {plan.fields[number] for number in plan.atom_field[atoms].tolist() if number >= 0}
        for (kind, view), names in self.fields.items():
            if any(route.view == view and rule in route.rules for route in routes_of(plan, kind)):
                columns = resolve(plan, atoms, [*sorted(names), *_kind_names(kind)])
                wanted -= {plan.fields[number] for number, found in columns.items() if found}
        return tuple(sorted(wanted))


def _kind_names(kind: Kind) -> list[str]:
    names = ("Channel", "Provider_Name", "EventID")
    return [name for name, value in zip(names, kind, strict=True) if value is not None]


def _route_levels(plan: Plan, route: Route, kind: Kind, names: Sequence[str]) -> Any:
    atoms = needed(plan, route.roots)
    graph = Graph(*map(frozen, (plan.node_kind, plan.node_count, plan.child_start, plan.child)))
    state = np.full(len(plan.node_kind), OPEN, np.uint8)
    columns = resolve(plan, atoms, [*_kind_names(kind), *names])
    constant = decide_constants(plan, atoms, columns, kind, names)
    for node in atoms.tolist():
        atom = plan.atoms[node]
        if atom.field is not None:
            known = constant.get(Leaf(columns[int(plan.atom_field[node])], atom))
            if known is not None:
                state[node] = YES if known else NO
    before = state.copy()
    settle(graph.kind, graph.count, graph.start, graph.child, before)
    absent_states(plan, atoms, columns, state)
    settle(graph.kind, graph.count, graph.start, graph.child, state)
    lacking = np.where(state[route.roots] == NO, LACKING, ABLE)
    return np.where(before[route.roots] == NO, NO_EVENTS, lacking).astype(np.int8)
