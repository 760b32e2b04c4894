"""The engine against the reference: same answers, whatever the batch, its order, and the other rules."""

from __future__ import annotations

import json
import pickle
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lotl
from lotl.columns import MISSING, Int, Text
from lotl.frame import Partition, merge
from lotl.match.engine import Matcher
from lotl.match.profile import Profile
from lotl.match.reference import Reference
from lotl.match.seen import Seen
from lotl.normalise.records import encode
from lotl.plan.build import Plan, build
from lotl.schema import SYSMON, Kind, Selector
from lotl.sigma.load import load
from lotl.sigma.lower import lower
from lotl.sigma.model import LogSource, Meta, Rule
from lotl.sigma.ruleset import RuleSet
from tests.battery import cases
from tests.generate_events import Generator
from tests.strategies import World, rule_of, worlds

NO_KIND = Kind(None, None, None)
laws = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def batch(events: Sequence[Mapping[str, Any]], kind: Kind = NO_KIND, **system: Any) -> Partition:
    names = dict.fromkeys(name for event in events for name in event)
    data = {name: encode([event.get(name, MISSING) for event in events]) for name in names}
    size = len(events)
    return Partition(kind, system, data, np.zeros(size, np.int32), np.full(size, -1, np.int64), np.arange(size))


def rule(document: Mapping[str, Any], placeholders: Any = None, *selectors: Selector) -> Rule:
    node = lower(document["detection"], placeholders)
    return Rule(Meta(str(document.get("id", "")), str(document["title"])), LogSource(), selectors, node, document)


def detecting(detection: Mapping[str, Any], *selectors: Selector) -> Rule:
    return rule({"title": "t", "detection": detection}, None, *selectors)


def hits(plan: Plan, events: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """Return the rules of each event."""
    found = Matcher(plan).match(batch(events))
    return [found.rule[found.row == row].tolist() for row in range(len(events))]


@cache
def battery() -> dict[tuple[str, str], list[tuple[dict[str, Any], bool, str]]]:
    groups = defaultdict(list)
    for case in cases():
        groups[case.rule, json.dumps(case.placeholders)].append((case.event, case.expect, case.name))
    return groups


def test_battery() -> None:
    for (text, placeholders), tried in battery().items():
        plan = build([rule(yaml.safe_load(text), json.loads(placeholders))], ignore_logsource=True)
        found = hits(plan, [event for event, _, _ in tried])
        for rules, (_, expect, name) in zip(found, tried, strict=True):
            assert bool(rules) is expect, name


def test_battery_in_one_plan_and_one_batch() -> None:
    groups = battery()
    rules = [rule(yaml.safe_load(text), json.loads(placeholders)) for text, placeholders in groups]
    events = [(number, event, expect) for number, tried in enumerate(groups.values()) for event, expect, _ in tried]
    random.Random(7).shuffle(events)
    found = hits(build(rules, ignore_logsource=True), [event for _, event, _ in events])
    for row, (number, event, expect) in enumerate(events):
        # A batch has columns that the event alone would not have: a near name may then be another column's exact one.
        assert (number in found[row]) is expect, (rules[number].meta.title, event)


def test_conformance(shared: Path) -> None:
    for line in (shared / "conformance" / "semantics.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        plan = build([rule(yaml.safe_load(case["rule"]), case.get("placeholders"))], ignore_logsource=True)
        found = bool(hits(plan, [case["event"]])[0])
        assert found is case["expect"] or case.get("disputed"), case["name"]


@laws
@given(worlds())
def test_drawn_rules(world: World) -> None:
    reference = Reference(world.rule, world.placeholders)
    plan = build([rule(world.rule, world.placeholders)], ignore_logsource=True)
    expected = [reference.matches(event) for event in world.events]
    assert [bool(found) for found in hits(plan, world.events)] == expected
    assert [bool(hits(plan, [event])[0]) for event in world.events] == expected


@laws
@given(st.lists(worlds(), min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_rules_and_rows_do_not_disturb_each_other(drawn: list[World], order: random.Random) -> None:
    rules = [rule(world.rule, world.placeholders) for world in drawn]
    events = [event for world in drawn for event in world.events]
    single = [build([one], ignore_logsource=True) for one in rules]
    alone = [{number for number, one in enumerate(single) if hits(one, [event])[0]} for event in events]
    plan = build(rules, ignore_logsource=True)
    shuffled = order.sample(range(len(events)), len(events))
    together = hits(plan, [events[row] for row in shuffled])
    assert [set(found) for found in together] == [alone[row] for row in shuffled]
    matcher = Matcher(plan)
    assert [set(matcher.match(batch([event])).rule.tolist()) for event in events] == alone


@pytest.fixture(scope="module")
def ruleset(shared: Path) -> RuleSet:
    sigma = shared / "data" / "sigma"
    return load(sigma / "rules/windows", sigma / "rules-emerging-threats", sigma / "rules-threat-hunting/windows")


def test_events_made_from_rules(ruleset: RuleSet) -> None:
    rules = list(ruleset.rules)[::3]
    events = [Generator(number).satisfy(one.node) for number, one in enumerate(rules)]
    found = hits(build(rules, ignore_logsource=True), events)
    own = sum(number in fired for number, fired in enumerate(found))
    assert own >= 0.97 * len(rules)
    chosen = random.Random(3)
    for number, one in enumerate(rules[::4]):
        reference = Reference(one.document)
        rows = {number * 4, *chosen.sample(range(len(events)), 12)}
        rows |= set(chosen.sample([row for row, fired in enumerate(found) if number * 4 in fired] or [0], 1))
        for row in rows:
            assert (number * 4 in found[row]) is reference.matches(events[row]), (one.meta.title, events[row])


def test_large_batches_use_the_same_answers(ruleset: RuleSet) -> None:
    """Pruning, dense sets and posting lists only come into play with many rows and much text."""
    rules = [one for one in ruleset.rules if one.logsource.category == "process_creation"][::5]
    plan = build(rules, ignore_logsource=True)
    events = [Generator(number).satisfy(one.node) for number, one in enumerate(rules)]
    small = hits(plan, events)
    picks = np.random.default_rng(1).zipf(1.3, 20_000) % len(events)
    noise = [f"{number:x}" * 20 for number in range(len(picks))]
    large = [{**events[pick], "Note": noise[at]} for at, pick in enumerate(picks.tolist())]
    found = hits(plan, large)
    assert found == [small[pick] for pick in picks.tolist()]


def test_kinds_select_rules() -> None:
    sysmon, security = Selector(SYSMON, frozenset({1})), Selector("Security")
    first = detecting({"s": {"A": "x"}, "condition": "s"}, sysmon, security)
    plan = build([first, detecting({"s": {"A|exists": False}, "condition": "s"}, security)])
    matcher = Matcher(plan)
    assert matcher.match(batch([{"A": "X"}, {"A": "y"}], Kind(SYSMON, "p", 1))).row.tolist() == [0]
    assert len(matcher.match(batch([{"A": "x"}], Kind(SYSMON, "p", 3)))) == 0
    found = matcher.match(batch([{"A": "x"}, {"B": "x"}], Kind("security", "p", 4)))
    assert list(zip(found.row.tolist(), found.rule.tolist(), strict=True)) == [(0, 0), (1, 1)]


def test_where_of_the_log_source() -> None:
    selector = Selector("Application", where=(("Provider_Name", ("ESENT", "other")),))
    plan = build([detecting({"s": {"A": "x"}, "condition": "s"}, selector)])
    assert len(Matcher(plan).match(batch([{"A": "x"}], Kind("Application", "esent", 1)))) == 1
    assert len(Matcher(plan).match(batch([{"A": "x"}], Kind("Application", "msi", 1)))) == 0


def test_view_of_4688() -> None:
    selector = Selector("Security", frozenset({4688}), view="process_creation")
    plan = build([detecting({"s": {"Image|endswith": "\\net.exe"}, "condition": "s"}, selector)])
    events = [{"NewProcessName": r"C:\Windows\NET.exe"}, {"NewProcessName": "x"}]
    assert Matcher(plan).match(batch(events, Kind("Security", "p", 4688))).row.tolist() == [0]


def test_kind_fields_are_constants_and_payload_wins() -> None:
    selection = {"EventID": 7, "Channel|startswith": "sec"}
    plan = build([detecting({"s": selection, "condition": "s"})], ignore_logsource=True)
    kind = Kind("Security", "p", 7)
    assert len(Matcher(plan).match(batch([{"A": "x"}], kind))) == 1
    assert len(Matcher(plan).match(batch([{"A": "x"}], Kind("Security", "p", 8)))) == 0
    rows = Matcher(plan).match(batch([{"Channel": "other"}, {"A": "x"}], kind)).row
    assert rows.tolist() == [1]


def test_typed_columns() -> None:
    times = Int(np.array([0, 3_600_000_000 * 5 + 1]), time=True)
    numbers = Int(np.array([2**62, -4]))
    plan = build(
        [
            detecting({"s": {"TimeCreated|hour": 5}, "condition": "s"}),
            detecting({"s": {"N": str(2**62)}, "condition": "s"}),
            detecting({"s": {"N|lt": 0.5}, "condition": "s"}),
            detecting({"s": ["1970-01-01T05"], "condition": "s"}),
        ],
        ignore_logsource=True,
    )
    found = Matcher(plan).match(batch([{}, {}], NO_KIND, TimeCreated=times, N=numbers))
    assert list(zip(found.rule.tolist(), found.row.tolist(), strict=True)) == [(1, 0), (0, 1), (2, 1), (3, 1)]


def test_sliced_and_unused_values() -> None:
    values = pa.array(["never", "Ünused", "needle", "hay"])[1:]
    column = Text(np.array([1, 2, -1, 1, -2], np.int32), values)
    size = len(column)
    partition = Partition(NO_KIND, {}, {"A": column}, np.zeros(size, np.int32), np.full(size, -1), np.arange(size))
    rules = [detecting({"s": selection, "condition": "s"}) for selection in ({"A|contains": "EEDL"}, {"A": None})]
    plan = build(rules, ignore_logsource=True)
    found = Matcher(plan).match(partition)
    assert list(zip(found.row.tolist(), found.rule.tolist(), strict=True)) == [(0, 0), (2, 1), (3, 0), (4, 1)]


def test_columns_that_come_and_go() -> None:
    plan = build([detecting({"s": {"A": "x"}, "f": {"B": "y"}, "condition": "s and not f"})], ignore_logsource=True)
    matcher = Matcher(plan)
    for _ in range(2):
        assert matcher.match(batch([{"A": "x"}])).row.tolist() == [0]
        assert matcher.match(batch([{"A": "x", "B": "y"}, {"A": ["q", "x"]}])).row.tolist() == [1]
        assert matcher.match(batch([{"B": "y"}])).row.tolist() == []
        assert matcher.match(batch([{"C": "y"}])).row.tolist() == []
    parts = [batch([{"A": "x"}]), batch([{"A": ["x", "y"], "B": "y"}])]
    assert matcher.match(merge(parts)).row.tolist() == [0]


def test_columns_that_rules_ask_for() -> None:
    plan = build([detecting({"s": {"Threat Name": "x", "B|fieldref": "C"}, "condition": "s"}, Selector("Security"))])
    kind, names = Kind("Security", "p", 1), ("threatname", "A", "b", "C")
    assert Matcher(plan).asks_for(kind, names) == ("threatname", "b", "C")
    assert Matcher(plan).asks_for(Kind("System", "p", 1), names) == ()
    plan = build([detecting({"s": ["keyword"], "condition": "s"}, Selector("Security"))])
    assert Matcher(plan).asks_for(kind, names) == names


def test_states_survive_processes() -> None:
    chosen = Selector("Security")
    plan = build(
        [
            detecting({"s": {"EventID": 1, "A": "x"}, "condition": "s"}, chosen),
            detecting({"s": {"EventID": 2, "A": "x"}, "condition": "s"}, chosen),
            detecting({"s": {"B": "x", "C": "x"}, "condition": "s"}, chosen),
            detecting({"s": {"A": "x"}, "f": {"D": "x"}, "condition": "s and not f"}, chosen),
            detecting({"s": {"A": "x"}, "condition": "s"}, Selector("System")),
        ]
    )
    one, two = Matcher(plan), Matcher(plan)
    one.match(batch([{"A": "y"}], Kind("Security", "p", 1)))
    assert one.seen.blind(plan) == {2: ("B", "C")}
    two.match(batch([{"B": "y"}], Kind("Security", "p", 1)))
    seen: Seen = pickle.loads(pickle.dumps(one.seen))
    seen.merge(pickle.loads(pickle.dumps(two.seen)))
    assert seen.had_data(plan).tolist() == [True, False, True, True, False]
    assert seen.blind(plan) == {2: ("C",)}
    assert seen.rows[Kind("Security", "p", 1)] == 2


def test_hostile_regex_is_stopped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lotl.match.reference.regexes.SECONDS", 0.05)
    plan = build([detecting({"s": {"A|re": r"(?=a)(a|aa)+$"}, "condition": "s"})], ignore_logsource=True)
    matcher = Matcher(plan)
    assert matcher.match(batch([{"A": "a" * 4000 + "!"}, {"A": "aa"}])).row.tolist() == [1]
    assert sum(matcher.seen.stopped.values()) in (0, 1)  # a matcher that is clever enough may finish


def test_profile_names_stages_and_rules() -> None:
    profile = Profile(enabled=True)
    plan = build([detecting({"s": {"A|contains": "needle"}, "condition": "s"})], ignore_logsource=True)
    Matcher(plan, profile=profile).match(batch([{"A": "needle"}]))
    assert ("scan", "A") in profile.stages
    assert list(profile.rules) == [0]
    assert "rule: Needle" in profile.table(["Needle"])


def test_rule_of_is_a_rule() -> None:
    assert rule(rule_of({"s": {"A": 1}, "condition": "s"})).meta.title == "drawn"


def test_a_literal_of_a_dead_rule_still_serves_a_regex() -> None:
    """What one rule no longer needs, another may: large batches are scanned only for what is still needed."""
    rules = """
title: Dead
id: d
logsource: {product: windows}
detection: {a: {Image: C:\\nowhere.exe, CommandLine|contains: '--insecure'}, condition: a}
---
title: Alive
id: a
logsource: {product: windows}
detection: {a: {CommandLine|re: '\\s--insecure\\s'}, condition: a}
---
title: Alive as well
id: w
logsource: {product: windows}
detection: {a: {CommandLine|contains: 'tool 77 '}, condition: a}
"""
    records = [{"Image": "x", "CommandLine": f"tool {number} " + "filler " * 40} for number in range(400)]
    records[250]["CommandLine"] = "curl --insecure https://host"
    hits = lotl.scan(lotl.from_records(records), rules, logsource="ignore")
    assert [(row["rule_title"], row["row"]) for row in hits.to_pylist()] == [("Alive as well", 77), ("Alive", 250)]
