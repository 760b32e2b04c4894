"""Conditions: grammar, patterns, and what pySigma's grammar gets wrong."""

from __future__ import annotations

import pytest

from lotl.plan.ir import And, AtLeast, Atom, Leaf, Node, Not, Op, Or
from lotl.sigma import condition
from lotl.sigma.condition import Group, Name, Negation
from lotl.sigma.fault import Fault
from lotl.sigma.lower import lower

NAMES = ["a", "b", "sel_1", "sel_2", "sel_x_end", "_hidden", "notepad", "1a", "order", "x-y"]


def parsed(text: str) -> condition.Tree:
    return condition.parse(text, NAMES)


def test_precedence_not_before_and_before_or() -> None:
    assert parsed("a or b and not a") == Group(1, (Name("a"), Group(2, (Name("b"), Negation(Name("a"))))))
    assert parsed("(a or b) and a") == Group(2, (Group(1, (Name("a"), Name("b"))), Name("a")))
    assert parsed("not a or b") == Group(1, (Negation(Name("a")), Name("b")))
    assert parsed("not not a") == Name("a")
    assert parsed("not(a)") == Negation(Name("a"))


@pytest.mark.parametrize("name", ["notepad", "order", "1a", "x-y"])
def test_identifiers_may_begin_like_an_operator(name: str) -> None:
    # pySigma 1.x reads an identifier that starts with 'not' as a negation.
    assert parsed(f"a and {name}") == Group(2, (Name("a"), Name(name)))


@pytest.mark.parametrize(
    ("text", "count", "names"),
    [
        ("1 of sel_*", 1, ["sel_1", "sel_2", "sel_x_end"]),
        ("any of sel_*", 1, ["sel_1", "sel_2", "sel_x_end"]),
        ("all of sel_*", 3, ["sel_1", "sel_2", "sel_x_end"]),
        ("2 of sel_*", 2, ["sel_1", "sel_2", "sel_x_end"]),
        ("1 of *_end", 1, ["sel_x_end"]),
        ("all of sel*end", 1, ["sel_x_end"]),
        ("1 of a", 1, ["a"]),
        ("1 of _*", 1, ["_hidden"]),
        ("all of them", 9, [name for name in NAMES if name != "_hidden"]),
    ],
)
def test_quantifiers(text: str, count: int, names: list[str]) -> None:
    assert parsed(text) == Group(count, tuple(map(Name, names)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("(a", "')' is missing"),
        ("a)", "unexpected ')'"),
        ("a b", "unexpected 'b'"),
        ("a and", "something is missing"),
        ("and a", "unexpected 'and'"),
        ("nothing", "there is no detection 'nothing'"),
        ("a AND b", "unexpected 'AND'"),
        ("1 of zzz*", "selects no detection"),
        ("5 of sel_*", "selects from 3"),
        ("0 of sel_*", "selects from 3"),
        ("a | count() > 5", "aggregation"),
        ("1 of", "something is missing"),
        ("(" * 500 + "a" + ")" * 500, "levels of parentheses"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, says: str) -> None:
    with pytest.raises(Fault) as caught:
        parsed(text)
    assert says in caught.value.what


def test_old_aggregations_point_to_correlations() -> None:
    with pytest.raises(Fault) as caught:
        parsed("a | count() by User > 5")
    assert "correlation" in caught.value.hint


def test_long_chains_do_not_recurse() -> None:
    assert parsed("not " * 10_001 + "a") == Negation(Name("a"))
    assert isinstance(parsed(" or ".join(["a"] * 10_000)), Group)


def test_lowering_of_groups() -> None:
    nodes: dict[str, Node] = {name: Leaf(Atom(name, Op.NULL)) for name in "abc"}
    a, b, c = nodes.values()
    assert condition.lower(condition.parse("2 of them", list("abc")), nodes) == AtLeast(2, (a, b, c))
    assert condition.lower(condition.parse("1 of a*", list("abc")), nodes) == a
    assert condition.lower(condition.parse("a and b or not c", list("abc")), nodes) == Or((And((a, b)), Not(c)))


def test_a_list_of_conditions_is_or() -> None:
    detection = {"a": {"A": "1"}, "b": {"B": "2"}, "condition": ["a", "not b"]}
    assert lower(detection) == Or((Leaf(Atom("A", Op.EQUALS, "1")), Not(Leaf(Atom("B", Op.EQUALS, "2")))))


@pytest.mark.parametrize(
    ("detection", "says"),
    [
        (None, "not a map"),
        ([], "not a map"),
        ({"condition": "a"}, "only a condition"),
        ({"a": {"A": 1}}, "no condition"),
        ({"a": {"A": 1}, "condition": ""}, "not text"),
        ({"a": {"A": 1}, "condition": []}, "not text"),
        ({"a": {"A": 1}, "condition": 5}, "not text"),
        ({"a": {}, "condition": "a"}, "empty"),
        ({"a": [], "condition": "a"}, "empty"),
        ({"a": [None], "condition": "a"}, "null as a keyword"),
        ({"a": {5: "x"}, "condition": "a"}, "field name is not text"),
        ({5: {"A": "x"}, "condition": "a"}, "name of a detection is not text"),
    ],
)
def test_malformed_detections_are_refused(detection: object, says: str) -> None:
    with pytest.raises(Fault) as caught:
        lower(detection)
    assert says in caught.value.what


def test_pinned_keeps_the_meaning() -> None:
    for text in ("a and not 1 of sel_*", "2 of sel_*", "not (a or all of sel*)"):
        tree = parsed(text)
        nodes: dict[str, Node] = {name: Leaf(Atom(name, Op.NULL)) for name in NAMES}
        again = condition.lower(condition.parse(condition.pinned(tree), NAMES), nodes)
        from lotl.plan.fold import Graph

        graph = Graph()
        plain = graph.add(condition.lower(tree, nodes))
        if text != "2 of sel_*":
            assert graph.add(again) == plain
    assert condition.pinned(parsed("2 of sel_*")).count(" and ") == 3
