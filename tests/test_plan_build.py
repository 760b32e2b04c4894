"""Plans: simplification keeps meaning, everything is there once, routes are right."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lotl.plan.build import NodeKind, Plan, build
from lotl.plan.fold import Graph
from lotl.plan.ir import And, AtLeast, Atom, Const, Leaf, Node, Not, Op, Or
from lotl.schema import Kind, Selector
from lotl.sigma.model import LogSource, Meta, Rule

NAMES = "ABCD"
LEAVES = [Leaf(Atom(name, Op.NULL)) for name in NAMES]


def trees() -> st.SearchStrategy[Node]:
    leaf: st.SearchStrategy[Node] = st.one_of(st.sampled_from(LEAVES), st.sampled_from([Const(True), Const(False)]))
    return st.recursive(
        leaf,
        lambda below: st.one_of(
            below.map(Not),
            st.lists(below, max_size=4).map(lambda parts: And(tuple(parts))),
            st.lists(below, max_size=4).map(lambda parts: Or(tuple(parts))),
            st.builds(lambda n, parts: AtLeast(n, tuple(parts)), st.integers(-1, 5), st.lists(below, max_size=4)),
        ),
        max_leaves=12,
    )


def holds(node: Node, facts: dict[str | None, bool]) -> bool:
    match node:
        case Leaf(atom):
            return facts[atom.field]
        case Const(value):
            return value
        case Not(child):
            return not holds(child, facts)
        case And(children):
            return all(holds(child, facts) for child in children)
        case Or(children):
            return any(holds(child, facts) for child in children)
        case AtLeast(count, children):
            return sum(holds(child, facts) for child in children) >= count


def rule(node: Node, *selectors: Selector) -> Rule:
    return Rule(Meta("x", "x"), LogSource(), selectors, node, {})


def sweep(plan: Plan, facts: dict[str | None, bool]) -> list[bool]:
    """Evaluate all nodes in one forward sweep, the way the arrays are meant to be used."""
    value = [facts[atom.field] for atom in plan.atoms]
    for node in range(len(plan), len(plan.node_kind)):
        children = [value[child] for child in plan.children(node).tolist()]
        match NodeKind(plan.node_kind[node]):
            case NodeKind.AND:
                value.append(all(children))
            case NodeKind.OR:
                value.append(any(children))
            case NodeKind.AT_LEAST:
                value.append(sum(children) >= plan.node_count[node])
            case NodeKind.NOT:
                value.append(not children[0])
            case kind:
                value.append(kind is NodeKind.TRUE)
    return [value[root] for root in plan.roots.tolist()]


@settings(deadline=None, max_examples=150)
@given(st.lists(trees(), min_size=1, max_size=4))
def test_plans_mean_what_the_rules_mean(nodes: list[Node]) -> None:
    plan = build([rule(node) for node in nodes])
    assert plan.consistent()
    for truth in product([False, True], repeat=len(NAMES)):
        facts: dict[str | None, bool] = dict(zip(NAMES, truth, strict=True))
        expected = [holds(node, facts) for node in nodes]
        assert sweep(plan, facts) == expected
        assert [holds(plan.node(root), facts) for root in plan.roots.tolist()] == expected


@settings(deadline=None, max_examples=100)
@given(trees())
def test_plans_are_simple(node: Node) -> None:
    plan = build([rule(node)])
    for index in range(len(plan), len(plan.node_kind)):
        kind = plan.node_kind[index]
        children = plan.children(index)
        below = set(plan.node_kind[children].tolist())
        assert not below & {NodeKind.TRUE, NodeKind.FALSE} or not plan.reach(plan.roots)[index]
        if plan.reach(plan.roots)[index]:
            assert kind not in below - {NodeKind.AT_LEAST}
            assert len(children) != 1 or kind == NodeKind.NOT
            assert (np.diff(children) > 0).all() or kind == NodeKind.AT_LEAST


def test_equal_parts_are_shared_whatever_their_order() -> None:
    a, b, c, _ = LEAVES
    plan = build([rule(And((a, Or((b, c))))), rule(And((Or((c, b)), a))), rule(Not(Not(And((a, Or((b, c)))))))])
    assert len(set(plan.roots.tolist())) == 1
    assert len(plan) == 3 and plan.reach(plan.roots).sum() == 5


def test_atoms_that_differ_only_in_kind_stay_apart() -> None:
    values = [
        Atom("A", Op.EQUALS, "1"),
        Atom("A", Op.NUMBER, 1),
        Atom("A", Op.NUMBER, 1, hexed=True),
        Atom("A", Op.EQUALS, "1", cased=True),
        Atom(None, Op.CONTAINS, "1"),
    ]
    plan = build([rule(Leaf(atom)) for atom in values])
    assert plan.atoms == values
    assert plan.fields == ("A",) and plan.atom_field.tolist() == [0, 0, 0, 0, -1]


def test_contradictions_and_tautologies_are_found() -> None:
    a = LEAVES[0]
    graph = Graph()
    assert graph.add(And((a, Not(a)))) == graph.constant(False)
    assert graph.add(Or((Not(a), a))) == graph.constant(True)


def test_routes() -> None:
    a, b, *_ = LEAVES
    security, sysmon = Selector("Security"), Selector("Sysmon", frozenset({1}))
    viewed = Selector("Security", frozenset({4688}), view="process_creation")
    plan = build([rule(a, security), rule(b, sysmon, viewed), rule(And((a, b)), security, sysmon), rule(a)])
    assert plan.for_kind(Kind("Other", None, 1)) == []
    (route,) = plan.for_kind(Kind("sysmon", "p", 1))
    assert (route.view, route.rules.tolist()) == (None, [1, 2])
    assert route.roots.tolist() == plan.roots[[1, 2]].tolist()
    routes = {each.view: each.rules.tolist() for each in plan.for_kind(Kind("SECURITY", "p", 4688))}
    assert routes == {None: [0, 2], "process_creation": [1]}
    everything = build(plan.rules, ignore_logsource=True)
    (route,) = everything.for_kind(Kind(None, None, None))
    assert route.rules.tolist() == [0, 1, 2, 3] and route.roots.tolist() == everything.roots.tolist()


def test_conditions_of_the_log_source_guard_the_rule() -> None:
    guarded = Selector("Sysmon", frozenset({12}), where=(("EventType", ("DeleteKey", "DeleteValue")),))
    plan = build([rule(LEAVES[0], guarded), rule(LEAVES[0], Selector("Sysmon", frozenset({12})))])
    (route,) = plan.for_kind(Kind("Sysmon", None, 12))
    types = Or(tuple(Leaf(Atom("EventType", Op.EQUALS, value)) for value in ("DeleteKey", "DeleteValue")))
    graph = Graph()
    assert graph.add(plan.node(route.roots[0])) == graph.add(And((types, LEAVES[0])))
    assert plan.node(route.roots[1]) == LEAVES[0]


def test_overlapping_selectors_keep_every_condition() -> None:
    narrow = Selector("Sysmon", frozenset({12}), where=(("EventType", ("x",)),))
    plan = build([rule(LEAVES[0], narrow, Selector("Sysmon"))])
    roots = [root for route in plan.for_kind(Kind("Sysmon", None, 12)) for root in route.roots.tolist()]
    assert len(roots) == 2 and plan.roots[0] in roots


def test_restricted_plans_keep_their_graph() -> None:
    plan = build([rule(leaf, Selector("Security")) for leaf in LEAVES])
    some = plan.restricted([plan.rules[1], plan.rules[3]], [1, 3])
    (route,) = some.for_kind(Kind("Security", None, 1))
    assert route.rules.tolist() == [0, 1]
    assert [some.node(root) for root in route.roots.tolist()] == [LEAVES[1], LEAVES[3]]
    assert some.consistent()
    assert some.reach(some.roots).tolist()[:4] == [False, True, False, True]


def test_no_rules_make_an_empty_plan() -> None:
    plan = build([])
    assert len(plan) == 0 and plan.consistent() and plan.for_kind(Kind("Security", None, 1)) == []
