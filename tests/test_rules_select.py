"""Choosing, checking and showing rules."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from lotl.errors import InputError
from lotl.plan.cache import plan_for
from lotl.sigma.check import check
from lotl.sigma.load import load
from lotl.sigma.model import State
from lotl.sigma.show import render_plan

RULE = """
title: {title}
name: {title}
id: 00000000-0000-4000-9000-00000000000{number}
level: {level}
status: {status}
tags: [{tags}]
logsource: {{product: windows, {source}}}
detection: {{selection: {{F: {title}}}, condition: selection}}
"""
RULES = "---".join(
    RULE.format(title=title, number=number, level=level, status=status, tags=tags, source=source)
    for number, (title, level, status, tags, source) in enumerate(
        [
            ("a", "low", "stable", "attack.t1059", "category: process_creation"),
            ("b", "high", "test", "attack.t1059.001, car.x", "service: security"),
            ("c", "critical", "experimental", "attack.t10590", "service: security"),
            ("d", "informational", "deprecated", "attack.execution", "category: image_load"),
        ],
        1,
    )
)
CORRELATION = """---
title: many
id: 00000000-0000-4000-9000-000000000009
level: high
correlation: {type: event_count, rules: [a], timespan: 5m, condition: {gte: 3}}
"""


@pytest.mark.parametrize(
    ("wanted", "titles"),
    [
        ({}, "abcd"),
        ({"level": "high"}, "bc"),
        ({"level": "informational"}, "abcd"),
        ({"status": "test"}, "b"),
        ({"status": ["stable", "test"]}, "ab"),
        ({"tag": "attack.t1059"}, "ab"),
        ({"tag": ["car.x", "attack.execution"]}, "bd"),
        ({"tag": "ATTACK.T1059.001"}, "b"),
        ({"tag": "attack.t1059*"}, "abc"),
        ({"tag": "*.x"}, "b"),
        ({"exclude": "a"}, "bcd"),
        ({"exclude": "*000000000002"}, "acd"),
        ({"exclude": ["00000000-0000-4000-9000-000000000002", "C"]}, "ad"),
        ({"exclude": "attack.t1059"}, "cd"),
        ({"logsource": "security"}, "bc"),
        ({"logsource": "process_creation"}, "a"),
        ({"level": "high", "tag": "attack.t1059", "logsource": "security"}, "b"),
    ],
    ids=str,
)
def test_select(wanted: dict[str, Any], titles: str) -> None:
    rules = load(RULES)
    chosen = rules.select(**wanted)
    assert "".join(rule.meta.title for rule in chosen) == titles
    assert len(chosen) == len(titles) and chosen.counts()["loaded"] == len(titles)
    assert [chosen.rules[at] for at in range(len(titles))] == [each for each in rules if each.meta.title in titles]
    assert chosen.metas == [rule.meta for rule in chosen.rules]
    plan = plan_for(chosen)
    assert [plan.node(root) for root in plan.roots.tolist()] == [rule.node for rule in chosen.rules]


def test_selecting_twice_is_selecting_both() -> None:
    twice = load(RULES).select(level="low").select(exclude="c")
    assert [rule.meta.title for rule in twice] == ["a", "b"]
    plan = plan_for(twice)
    assert [plan.node(root) for root in plan.roots.tolist()] == [rule.node for rule in twice.rules]


def test_a_selected_correlation_keeps_its_rules_silent() -> None:
    chosen = load(RULES + CORRELATION).select(level="high")
    assert [(rule.meta.title, rule.generates) for rule in chosen] == [("a", False), ("b", True), ("c", True)]
    assert [each.alerts for each in chosen.correlations] == [True]
    without = load(RULES + CORRELATION).select(level="critical")
    assert [rule.meta.title for rule in without] == ["c"] and not without.correlations


@pytest.mark.parametrize("wanted", [{"level": "hihg"}, {"status": "done"}])
def test_unknown_levels_and_statuses_are_refused(wanted: dict[str, str]) -> None:
    with pytest.raises(InputError, match="one of"):
        load(RULES).select(**wanted)  # type: ignore[arg-type]


def test_by_id_and_repr() -> None:
    rules = load(RULES + CORRELATION)
    assert rules.by_id["00000000-0000-4000-9000-000000000002"].meta.title == "b"
    assert rules.by_id["00000000-0000-4000-9000-000000000009"].meta.title == "many"
    assert "5 loaded" in repr(rules)


def test_check_collects_everything_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a check must not touch the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    (tmp_path / "a.yml").write_text(
        RULES.replace("F: a", "F: '*abc*'")
        .replace("F: b", "F|bogus: x")
        .replace("attack.execution", "attack.nonsense"),
        encoding="utf-8",
    )
    (tmp_path / "b.yml").write_text("title: [\ndetection:\n", encoding="utf-8")
    issues = check([tmp_path])
    assert [issue.state for issue in issues if issue.state is not State.LOADED] == [State.INVALID, State.INVALID]
    places = [issue.where for issue in issues]
    assert [place for place in places if "b.yml" in place] == places[-1:]
    assert any("Wildcard" in issue.what and issue.where.endswith("a.yml:2") for issue in issues)
    lines = [int(place.partition(".yml:")[2].partition(" ")[0]) for place in places]
    assert lines[:-1] == sorted(lines[:-1])


def test_plans_are_readable() -> None:
    text = r"""
title: t
logsource: {product: windows, category: registry_add}
detection:
    a: {Image|endswith|cased: '\x.exe', F: null, G: 'a*b\*?', H|re|i: 'x+', I: '*'}
    b: {J|gte: 5, K|fieldref|contains: L, T|hour|lt: 6, ProcessId: 999, M|exists: false, '|all': [p, q]}
    c: {N|cidr: 10.0.0.0/8}
    d: {N|neq: [x, y]}
    condition: 2 of them and not a
"""
    shown = render_plan(load(text).rules[0])
    for expected in (
        "Sysmon/Operational, event id 12, EventType is CreateKey",
        "at least 2 of",
        r"Image ends with '\\x.exe' (case counts)",
        "F is missing or null",
        r"G is like 'a*b\\*?'",
        "H matches /x+/i",
        "I is present",
        "J >= 5",
        "K contains the value of L",
        "T has a hour < 6",
        "ProcessId is the number 999 (or its 0x form)",
        "some value contains 'p'",
        "N is an address in '10.0.0.0/8'",
        "not",
    ):
        assert expected in shown, expected
    assert "no event log" in render_plan(load(text.replace("registry_add", "nonsense")).rules[0])
    correlation = render_plan(load(RULES + CORRELATION).correlations[0])
    assert "event_count within 300 s" in correlation and "when >= 3" in correlation


def test_renamed_tags_are_found_by_either_name() -> None:
    old, new = (
        RULE.format(title=t, number=n, level="low", status="test", tags=tag, source="service: security")
        for t, n, tag in (
            ("old", 1, "attack.defense-evasion, attack.t1070.001"),
            ("new", 2, "attack.stealth, attack.t1685.005"),
        )
    )
    rules = load(f"{old}---{new}")
    for tag in ("attack.defense-evasion", "attack.stealth", "attack.t1070.001", "attack.t1685.005"):
        assert len(rules.select(tag=tag)) == 2
