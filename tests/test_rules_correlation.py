"""Correlation documents: reading, references, and who alerts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lotl.sigma.load import load
from lotl.sigma.model import Correlation, State
from lotl.sigma.ruleset import RuleSet

RULE = """
title: {name}
name: {name}
id: 00000000-0000-4000-9000-0000000000{number}
logsource: {{product: test, category: test}}
detection: {{selection: {{EventID: 1}}, condition: selection}}
"""
CORRELATION = """
title: corr
id: 00000000-0000-4000-9000-000000000999
correlation:
    type: event_count
    rules: [login, 00000000-0000-4000-9000-000000000012]
    group-by: [User, Host]
    timespan: 5m
    condition: {gt: 2, lte: 4.5}
level: high
"""
BASE = RULE.format(name="login", number=11) + "---" + RULE.format(name="logout", number=12)
LOGIN, LOGOUT = "00000000-0000-4000-9000-000000000011", "00000000-0000-4000-9000-000000000012"


def found(*documents: str) -> RuleSet:
    return load("---".join((BASE, *documents)))


def only(rules: RuleSet) -> Correlation:
    assert [issue for issue in rules.errors if issue.state is State.INVALID] == []
    return rules.correlations[-1]


def test_everything_is_read() -> None:
    rules = found(CORRELATION)
    correlation = only(rules)
    assert correlation.rules == (LOGIN, LOGOUT)
    assert (correlation.type, correlation.group_by) == ("event_count", ("User", "Host"))
    assert correlation.timespan == 300_000_000
    # pySigma takes one operator per condition, and cuts 4.5 to 4.
    assert correlation.conditions == (("gt", 2), ("lte", 4.5))
    assert (correlation.generate, correlation.alerts, correlation.meta.level) == (False, True, "high")
    assert [rule.generates for rule in rules.rules] == [False, False]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("2h", 7200), ("1d", 86400), ("1w", 604_800), ("1M", 2_629_746), ("1y", 31_556_952)],
)
def test_time_spans(text: str, seconds: int) -> None:
    assert only(found(CORRELATION.replace("5m", text))).timespan == seconds * 1_000_000


def test_generate_lets_the_rules_alert_too() -> None:
    rules = found(CORRELATION.replace("timespan", "generate: true\n    timespan"))
    assert [rule.generates for rule in rules.rules] == [True, True]
    quiet = CORRELATION.replace("999", "998").replace("[login, 00000000-0000-4000-9000-000000000012]", "login")
    both = found(CORRELATION.replace("timespan", "generate: true\n    timespan"), quiet)
    assert [rule.generates for rule in both.rules] == [True, True]


def test_value_conditions() -> None:
    text = CORRELATION.replace("event_count", "value_count").replace("gt: 2", "field: [A, B], gt: 2")
    assert only(found(text)).fields == ("A", "B")
    text = CORRELATION.replace("event_count", "value_percentile").replace("gt: 2", "field: A, percentile: 95, gt: 2")
    correlation = only(found(text))
    assert (correlation.fields, correlation.percentile) == (("A",), 95)


def test_temporal_without_condition_wants_all_rules() -> None:
    text = CORRELATION.replace("event_count", "temporal_ordered").replace("    condition: {gt: 2, lte: 4.5}\n", "")
    assert only(found(text)).conditions == (("gte", 2),)


def test_conditions_over_rules() -> None:
    text = CORRELATION.replace("event_count", "temporal").replace(
        "{gt: 2, lte: 4.5}", "login and not (logout or login)"
    )
    text = text.replace("00000000-0000-4000-9000-000000000012]", "logout]")
    correlation = only(found(text))
    assert correlation.conditions == ()
    assert correlation.expression == ("and", (LOGIN, ("not", (("or", (LOGOUT, LOGIN)),))))
    without = text.replace("    rules: [login, logout]\n", "")
    assert only(found(without)).rules == (LOGIN, LOGOUT)


def test_aliases_are_resolved() -> None:
    text = CORRELATION.replace(
        "timespan", "aliases:\n        User: {login: SubjectUser, logout: TargetUser}\n    timespan"
    )
    assert only(found(text)).aliases == {"User": {LOGIN: "SubjectUser", LOGOUT: "TargetUser"}}


def test_chains() -> None:
    inner = CORRELATION.replace("title: corr", "title: inner\nname: inner").replace("999", "998")
    outer = CORRELATION.replace("[login, 00000000-0000-4000-9000-000000000012]", "[inner, login]")
    for order in ((inner, outer), (outer, inner)):
        rules = found(*order)
        assert not [issue for issue in rules.errors if issue.state is State.INVALID]
        assert {each.meta.title: each.alerts for each in rules.correlations} == {"inner": False, "corr": True}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("event_count", "nonsense", "unknown correlation type"),
        ("rules: [login, 00000000-0000-4000-9000-000000000012]", "x: y", "names no rules"),
        ("[login, 00000000-0000-4000-9000-000000000012]", "[missing]", "there is no rule 'missing'"),
        ("[login, 00000000-0000-4000-9000-000000000012]", "[5]", "rules is neither text"),
        ("5m", "5 minutes", "invalid timespan"),
        ("5m", "0m", "invalid timespan"),
        ("    timespan: 5m\n", "", "no timespan"),
        ("{gt: 2, lte: 4.5}", "{}", "no operator"),
        ("{gt: 2, lte: 4.5}", "{gt: many}", "not a number"),
        ("{gt: 2, lte: 4.5}", "{above: 2}", "unknown part 'above'"),
        ("{gt: 2, lte: 4.5}", "login", "only temporal"),
        ("    condition: {gt: 2, lte: 4.5}\n", "", "needs a condition"),
        ("event_count", "value_sum", "needs a field"),
        ("group-by: [User, Host]", "group-by: {a: b}", "group-by is neither"),
        ("timespan", "generate: perhaps\n    timespan", "generate is neither"),
        ("timespan", "aliases: [a]\n    timespan", "aliases are not a map"),
        ("timespan", "aliases: {a: {ghost: x}}\n    timespan", "there is no rule 'ghost'"),
        ("correlation:\n", "correlation: x\nother:\n", "not a map"),
    ],
)
def test_bad_correlations_are_reported_and_the_rules_alert(old: str, new: str, says: str) -> None:
    assert old in CORRELATION
    rules = found(CORRELATION.replace(old, new))
    (issue,) = [issue for issue in rules.errors if issue.state is State.INVALID]
    assert says in issue.what
    assert not rules.correlations and [rule.generates for rule in rules.rules] == [True, True]


def test_what_reads_a_lost_rule_is_lost_with_the_reason() -> None:
    broken = RULE.format(name="bad", number=13).replace("EventID", "EventID|bogus")
    inner = (
        CORRELATION.replace("title: corr", "title: inner\nname: inner").replace("999", "998").replace("login", "bad")
    )
    outer = CORRELATION.replace("login", "inner")
    rules = found(broken, inner, outer)
    what = [issue.what for issue in rules.errors if issue.state is State.INVALID]
    assert len(what) == 3 and all("bogus" in each for each in what)


def test_circles_and_ambiguous_names_are_errors() -> None:
    circle = CORRELATION.replace("title: corr", "title: corr\nname: me").replace("login", "me")
    assert "reads itself" in next(i.what for i in found(circle).errors if i.state is State.INVALID)
    twin = RULE.format(name="login", number=14)
    assert "belongs to 2 rules" in next(i.what for i in found(twin, CORRELATION).errors if i.state is State.INVALID)


def test_conformance_correlations_are_read(shared: Path) -> None:
    for line in (shared / "conformance" / "correlations.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        rules = load(case["rules"])
        assert not [str(issue) for issue in rules.errors if issue.state is State.INVALID], case["name"]
        assert case["correlation"] in {each.meta.name for each in rules.correlations}
