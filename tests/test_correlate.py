"""Correlations: the conformance cases, equality with a slow reference, and big adversarial feeds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lotl.columns import ABSENT, NULL, Column, Int, Text
from lotl.errors import RuleError, UnsupportedRule
from lotl.match.correlate import NO_TIME, Feed, Result, correlate, needed_fields
from lotl.match.correlate.kernels import sums
from lotl.sigma.model import Correlation, Issue, Meta

from .reference_correlate import Seen, reference

SECOND = 1_000_000
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def column(values: Sequence[Any]) -> Text:
    """Encode Python values: `...` is a missing field, None a null, a list a multi-valued field."""
    lists = [value if isinstance(value, list) else [value] for value in values]
    flat = [value for part in lists for value in part]
    names = list(dict.fromkeys(str(value) for value in flat if value not in (None, ...)))
    places = {name: code for code, name in enumerate(names)}
    codes = [ABSENT if v is ... else NULL if v is None else places[str(v)] for v in flat]
    text = Text.of(names)
    offsets = np.cumsum([0, *map(len, lists)]) if any(isinstance(value, list) for value in values) else None
    return Text(np.array(codes, np.int32), text.values, offsets)


def feed(rule: str, times: Sequence[int], events: Sequence[int] | None = None, **fields: Sequence[Any]) -> Feed:
    numbers = np.arange(len(times)) if events is None else np.array(events, np.int64)
    columns: dict[str, Column] = {name: column(values) for name, values in fields.items()}
    return Feed(rule, np.array(times, np.int64), numbers.astype(np.int64), numbers.astype(np.int64), columns)


def rule(
    kind: str, rules: Sequence[str] = ("r",), *, by: Sequence[str] = (), span: int = 10, **more: Any
) -> Correlation:
    more.setdefault("conditions", (("gte", len(rules)),))
    more["conditions"] = tuple(more["conditions"])
    return Correlation(Meta(more.pop("id", "c"), kind), kind, tuple(rules), tuple(by), span, **more)


def times(results: Sequence[Result]) -> list[list[int]]:
    return [result.events.tolist() for result in results]


# --- conformance ------------------------------------------------------------------------------------------------


def parse_correlation(document: Mapping[str, Any], ids: Mapping[str, str]) -> Correlation:
    body = document["correlation"]
    condition = body.get("condition", {"gte": len(body["rules"])})
    expression = None
    if isinstance(condition, str):
        assert condition == "ra and (rb or rc)", "the one boolean condition of the cases"
        expression, condition = ("and", (ids["ra"], ("or", (ids["rb"], ids["rc"])))), {}
    fields = condition.get("field", ())
    return Correlation(
        Meta(document["id"], document["title"], document["name"]),
        body["type"],
        tuple(ids.get(name, name) for name in body["rules"]),
        tuple(body.get("group-by", ())),
        int(body["timespan"][:-1]) * UNITS[body["timespan"][-1]] * SECOND,
        tuple((key, number) for key, number in condition.items() if key not in ("field", "percentile")),
        (fields,) if isinstance(fields, str) else tuple(fields),
        condition.get("percentile"),
        {alias: {ids[n]: f for n, f in mapping.items()} for alias, mapping in body.get("aliases", {}).items()},
        expression=expression,
    )


def selects(document: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    assert document["detection"]["condition"] == "selection"
    found = True
    for key, wanted in document["detection"]["selection"].items():
        name, _, modifier = key.partition("|")
        value = str(event.get(name, "")).lower()
        found &= str(wanted).lower() in value if modifier == "contains" else value == str(wanted).lower()
    return found


def run_case(case: Mapping[str, Any]) -> list[dict[str, str]]:
    documents = list(yaml.safe_load_all(case["rules"]))
    ids = {document["name"]: document["id"] for document in documents}
    known = {d["id"]: parse_correlation(d, ids) if "correlation" in d else d for d in documents}
    correlations = [value for value in known.values() if isinstance(value, Correlation)]
    wanted = next(c for c in correlations if c.meta.name == case["correlation"])
    needed = needed_fields(wanted, known)
    feeds = {}
    for document in documents:
        if "detection" not in document:
            continue
        hits = [n for n, event in enumerate(case["events"]) if selects(document, event)]
        stamps = [case["events"][n][case["time_field"]].replace("Z", "+00:00") for n in hits]
        fields = {f: column([case["events"][n].get(f, ...) for n in hits]) for f in needed.get(document["id"], ())}
        micros = np.array([round(datetime.fromisoformat(s).timestamp() * SECOND) for s in stamps], np.int64)
        feeds[document["id"]] = Feed(document["id"], micros, np.array(hits, np.int64), np.array(hits, np.int64), fields)
    results = [result for result in correlate(correlations, feeds) if result.correlation is wanted]
    return sorted(({k: str(v) for k, v in result.group.items()} for result in results), key=str)


def test_conformance(shared: Path) -> None:
    lines = (shared / "conformance" / "correlations.jsonl").read_text(encoding="utf-8").splitlines()
    wrong = []
    for line in lines:
        case = json.loads(line)
        expect = sorted(({k: str(v) for k, v in group.items()} for group in case["expect"]), key=str)
        if run_case(case) != expect:
            wrong.append((case["name"], run_case(case), expect))
    assert len(lines) >= 60
    assert not wrong


# --- equality with the reference --------------------------------------------------------------------------------

VALUES = st.sampled_from([..., None, "", "a", "A", "7", 7, ["a", "7"], ["a", "a"], []])
NUMBERS = st.sampled_from([..., None, "x", "", "1", 2, "2.50", "-3", "0.1", "0.2", "1e3", "07", ["1", "4"], ["2", "2"]])
TYPES = ("event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile",
         "value_median")  # fmt: skip
CONDITIONS = st.lists(
    st.tuples(
        st.sampled_from(["gt", "gte", "gte", "gte", "lt", "lte", "eq", "neq"]),
        st.sampled_from([0, 1, 2, 2, 3, 4, 0.3, 1.5]),
    ),
    min_size=1,
    max_size=2,
)


@st.composite
def correlations(draw: st.DrawFn, identity: str, readable: Sequence[str]) -> Correlation:
    kind = draw(st.sampled_from(TYPES))
    rules = draw(st.lists(st.sampled_from(readable), min_size=1, max_size=3, unique=True))
    conditions: Any = draw(CONDITIONS)
    expression = None
    if kind.startswith("temporal") and draw(st.booleans()):
        conditions = [("gte", len(rules))]
    elif kind.startswith("temporal") and len(rules) > 1 and draw(st.booleans()):
        operator = draw(st.sampled_from(["and", "or"]))
        lasts: list[Any] = [rules[-1], ("or", (rules[-1], rules[1])), ("and", (rules[1], rules[-1]))]
        lasts += [("not", (rules[-1],))] * (kind == "temporal")
        expression, conditions = (operator, (rules[0], draw(st.sampled_from(lasts)))), []
    fields: tuple[str, ...] = ()
    if kind == "value_count":
        fields = draw(st.sampled_from([("V",), ("V", "U")]))
    elif kind.startswith("value"):
        fields = ("N",)
    by = draw(st.sampled_from([(), ("U",), ("U",), ("U", "V"), ("alias",)]))
    aliases = {"alias": dict(zip(rules, ("U", "V", "N"), strict=False))} if by == ("alias",) else {}
    return rule(
        kind, rules, by=by, span=draw(st.sampled_from([1, 3, 5, 9])), conditions=conditions, fields=fields, id=identity,
        percentile=draw(st.sampled_from([0, 10, 50, 99.9, 100])), aliases=aliases, expression=expression,
    )  # fmt: skip


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Correlation], list[dict[str, Any]]]:
    chain = [draw(correlations("c0", ["r0", "r1", "r2"]))]
    if draw(st.booleans()):
        chain.append(draw(correlations("c1", ["c0", "r0", "r1"])))
        if draw(st.booleans()):
            chain.append(draw(correlations("c2", ["c1", "c0", "r2"])))
    event = st.fixed_dictionaries(
        {
            "time": st.integers(0, 30),
            "rules": st.sets(st.sampled_from(["r0", "r1", "r2"]), min_size=1),
            "U": VALUES, "V": VALUES, "N": NUMBERS,
        }
    )  # fmt: skip
    return chain, draw(st.lists(event, min_size=1, max_size=12))


def described(results: Sequence[Result]) -> list[Any]:
    return sorted(
        (
            r.correlation.meta.id, tuple(map(str, r.group.values())), float(r.count), r.first, r.last,
            tuple(sorted((name, tuple(events.tolist())) for name, events in r.rules.items())),
        )
        for r in results
    )  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(situations())
def test_equals_the_reference(situation: tuple[list[Correlation], list[dict[str, Any]]]) -> None:
    chain, events = situation
    feeds, seen = {}, {}
    for name in ("r0", "r1", "r2"):
        hits = [n for n, event in enumerate(events) if name in event["rules"]]
        fields = {field: [events[n][field] for n in hits] for field in "UVN"}
        feeds[name] = feed(name, [events[n]["time"] for n in hits], hits, **fields)
        seen[name] = [
            Seen(
                name, events[n]["time"], n, n, {f: None if events[n][f] is ... else events[n][f] for f in "UVN"},
                frozenset({(name, events[n]["time"], n, n)}),
            )
            for n in hits
        ]  # fmt: skip
    expected = []
    for found in (found for results in reference(chain, seen).values() for found in results):
        rules = sorted({name for name, *_ in found.base})
        parts = tuple(
            (name, tuple(e for n, _, _, e in sorted(found.base, key=lambda b: b[1:]) if n == name)) for name in rules
        )
        moments = [time for _, time, _, _ in found.base]
        expected.append((found.correlation.meta.id, found.group, float(found.count), min(moments), max(moments), parts))
    assert described(correlate(chain, feeds)) == sorted(expected)


# --- what the definitions promise -------------------------------------------------------------------------------


def test_bursts_further_apart_than_the_timespan_are_separate_results() -> None:
    many = rule("event_count", conditions=[("gte", 2)], span=10)
    results = correlate([many], {"r": feed("r", [0, 5, 12, 100, 101])})
    assert [(r.first, r.last, r.count) for r in results] == [(0, 12, 2), (100, 101, 2)]
    assert times(results) == [[0, 1, 2], [3, 4]]


def test_success_during_a_burst_of_failures_follows_them() -> None:
    many = rule("event_count", ["fail"], by=["U"], span=600, conditions=[("gte", 3)], id="many", alerts=False)
    then = rule("temporal_ordered", ["many", "ok"], by=["U"], span=600)
    feeds = {
        "fail": feed("fail", [0, 10, 20, 120, 130], [0, 1, 2, 4, 5], U=["bob"] * 5),
        "ok": feed("ok", [60], [3], U=["bob"]),
    }
    [result] = correlate([then, many], feeds)
    assert result.correlation is then
    assert result.events.tolist() == [0, 1, 2, 3]
    assert {name: events.tolist() for name, events in result.rules.items()} == {"ok": [3], "fail": [0, 1, 2]}


def test_ordered_results_name_only_the_events_of_the_sequence() -> None:
    ordered = rule("temporal_ordered", ["a", "b"], span=100)
    feeds = {"a": feed("a", [10, 200], [1, 4]), "b": feed("b", [0, 20, 30], [0, 2, 3])}
    assert times(correlate([ordered], feeds)) == [[1, 2, 3]]


def test_one_event_does_not_follow_itself() -> None:
    feeds = {"a": feed("a", [10], [1]), "b": feed("b", [10], [1])}
    assert correlate([rule("temporal_ordered", ["a", "b"])], feeds) == []
    assert len(correlate([rule("temporal", ["a", "b"])], feeds)) == 1


def test_a_chain_reads_fields_that_the_inner_rule_does_not_group_by() -> None:
    many = rule("event_count", ["fail"], by=["Host"], conditions=[("gte", 2)], id="many", alerts=False)
    then = rule("temporal_ordered", ["many", "ok"], by=["User"])
    assert needed_fields(then, {"many": many, "fail": 1, "ok": 1}) == {"ok": ("User",), "fail": ("Host", "User")}
    feeds = {
        "fail": feed("fail", [0, 1], [0, 1], Host=["h", "h"], User=["eve", "bob"]),
        "ok": feed("ok", [2, 3], [2, 3], User=["bob", "mallory"]),
    }
    [result] = correlate([many, then], feeds)
    assert (result.group, result.events.tolist()) == ({"User": "bob"}, [0, 1, 2])


def test_missing_group_values_and_times_are_reported() -> None:
    issues: list[Issue] = []
    many = rule("event_count", by=["U"], conditions=[("gte", 1)])
    hits = feed("r", [0, 1, NO_TIME], U=["bob", ..., "bob"])
    assert times(correlate([many], {"r": hits}, issues)) == [[0]]
    assert [issue.what for issue in issues] == [
        "1 hits of r have no time: they are in no window",
        "1 hits lack a value in group-by (U): they are in no group",
    ]


def test_numbers_group_as_their_text_and_show_as_numbers() -> None:
    many = rule("event_count", ["a", "b"], by=["P"], conditions=[("gte", 2)])
    a = Feed("a", np.array([0]), np.array([0]), np.array([0]), {"P": Int(np.array([7]))})
    b = Feed("b", np.array([1]), np.array([1]), np.array([1]), {"P": Int(np.array([7]))})
    [result] = correlate([many], {"a": a, "b": b})
    assert result.group == {"P": 7}
    [result] = correlate([many], {"a": a, "b": feed("b", [1], [1], P=["7"])})
    assert result.group == {"P": "7"}


def test_decimal_sums_are_exact() -> None:
    total = rule("value_sum", fields=("N",), conditions=[("eq", 0.8)])
    [result] = correlate([total], {"r": feed("r", [0, 1], N=["0.1", "0.7"])})
    assert result.count == 0.8


def test_a_huge_number_does_not_spoil_later_sums() -> None:
    values = np.array([1e300, 1.0, 2.0, 3.0])
    first, last = np.array([0, 1, 2]), np.array([1, 2, 3])
    assert sums(values, first, last).tolist() == [1e300, 3.0, 5.0]


def test_extreme_times_and_spans() -> None:
    many = rule("event_count", conditions=[("gte", 2)], span=2**62)
    edges = [np.iinfo(np.int64).min + 1, np.iinfo(np.int64).max]
    assert correlate([many], {"r": feed("r", edges)}) == []


def test_circles_and_unknown_rules_are_named() -> None:
    one, two = rule("event_count", ["two"], id="one"), rule("event_count", ["one"], id="two")
    with pytest.raises(RuleError, match="circle: one → two → one"):
        correlate([one, two], {})
    with pytest.raises(RuleError, match="correlation c rules: no rule has the id or name 'nobody'"):
        needed_fields(rule("event_count", ["nobody"]), {})
    deep = [rule("event_count", [f"c{n + 1}"], id=f"c{n}") for n in range(100)]
    with pytest.raises(RuleError, match="more than 64"):
        correlate(deep, {})


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (rule("event_sum"), "unknown correlation type"),
        (rule("event_count", []), "at least one rule"),
        (rule("value_sum", fields=("A", "B")), "exactly one field"),
        (rule("value_count"), "needs a field"),
        (rule("value_percentile", fields=("A",), percentile=101), "0 to 100"),
        (rule("event_count", conditions=[("about", 1)]), "operators"),
        (rule("event_count", expression="r"), "no boolean condition"),
        (rule("temporal", expression=("and", ("r", "s"))), "not in 'rules': s"),
    ],
)
def test_meaningless_correlations_are_refused(bad: Correlation, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        correlate([bad], {})


def test_a_bad_correlation_does_not_stop_the_others() -> None:
    bad = rule("event_count", [], id="bad")
    reader = rule("event_count", ["bad"], id="reader")
    good = rule("event_count", conditions=[("gte", 1)], id="good")
    issues: list[Issue] = []
    [result] = correlate([reader, bad, good], {"r": feed("r", [0])}, issues)
    assert result.correlation is good
    assert [(issue.rule, issue.state.value) for issue in issues] == [("reader", "invalid"), ("bad", "invalid")]
    assert needed_fields(good, {"r": 1, "bad": bad, "good": good}) == {"r": ()}


def test_order_with_a_boolean_condition() -> None:
    logic: Any = ("and", ("a", ("or", ("b", "c"))))
    ordered = rule("temporal_ordered", ["a", "b", "c"], expression=logic, conditions=(), id="o")
    feeds = {"a": feed("a", [1], [1]), "b": feed("b", [0], [0]), "c": feed("c", [2], [2])}
    assert times(correlate([ordered], feeds)) == [[1, 2]]
    with pytest.raises(UnsupportedRule, match="'not'"):
        correlate([rule("temporal_ordered", ["a", "b"], expression=("not", ("a",)))], {})
    wide: Any = ("and", tuple(("or", (f"a{n}", f"b{n}")) for n in range(9)))
    with pytest.raises(UnsupportedRule, match="alternatives"):
        correlate([rule("temporal_ordered", [f"{x}{n}" for n in range(9) for x in "ab"], expression=wide)], {})


def test_crowded_keys_are_refused_and_reported() -> None:
    issues: list[Issue] = []
    many = rule("event_count", by=["U", "V"], conditions=[("gte", 1)])
    wide = [str(n) for n in range(100)]
    hits = feed("r", [0, 1], U=[wide, "a"], V=[wide, "b"])
    assert times(correlate([many], {"r": hits}, issues)) == [[1]]
    assert "too many combinations" in issues[0].what


# --- size -------------------------------------------------------------------------------------------------------

BIG = 200_000


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("operator", ["gte", "eq"])
def test_a_crowd_in_one_instant_is_one_result(kind: str, operator: str) -> None:
    numbers = np.arange(BIG, dtype=np.int64)
    fields = {"N": Int(numbers)} if kind.startswith("value") else {}
    crowd = Feed("r", np.zeros(BIG, np.int64), numbers, numbers, fields)
    reached = {"value_sum": BIG * (BIG - 1) // 2, "value_avg": (BIG - 1) / 2, "value_median": (BIG - 1) / 2,
               "value_percentile": BIG // 2 - 1, "temporal": 1, "temporal_ordered": 1}.get(kind, BIG)  # fmt: skip
    wanted = rule(kind, conditions=[(operator, reached)], fields=tuple(fields), percentile=50)
    [result] = correlate([wanted], {"r": crowd})
    assert (result.count, len(result.events)) == (reached, BIG)


def test_alternating_windows_stay_one_result() -> None:
    # Windows of 1,000 and 1,001 events take turns; listing each satisfied one would take 10^8 rows.
    stamps = np.repeat(np.arange(BIG // 2) * 2, 2) + np.tile([0, 1], BIG // 2) * (np.arange(BIG) % 3 == 0)
    numbers = np.arange(BIG, dtype=np.int64)
    results = correlate(
        [rule("event_count", conditions=[("eq", 1001)], span=999)], {"r": Feed("r", stamps, numbers, numbers, {})}
    )
    assert sum(len(result.events) for result in results) <= BIG
