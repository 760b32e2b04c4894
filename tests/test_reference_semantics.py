"""The reference evaluator against the battery and the shared conformance cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lotl.errors import LotlError, RuleError, UnsupportedRule
from lotl.match.reference import Reference, load_rule
from lotl.match.reference.regexes import LONGEST
from lotl.match.text import fold, fold_pairs
from tests.battery import cases, invalid_cases

DECISIONS = {
    # Disputed conformance cases in which lotl's own page of semantics decides against the case's first answer.
    # In every other disputed case lotl gives the case's own answer.
    "cidr-v4mapped#1": True,  # ::ffff:10.1.2.3 is 10.1.2.3
    "windash-inner-hyphen": False,  # only a dash at the start of a word is interchangeable
    "windash-trailing-dash": False,
}


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def test_battery_is_large_and_its_names_are_unique() -> None:
    names = [case.name for case in cases()]
    assert len(names) == len(set(names)) >= 1000


def test_battery() -> None:
    wrong = []
    for name, rule, event, expect, placeholders in cases():
        reference = Reference(rule, placeholders)
        answers = (reference.matches(event), reference.explain(event).matched, reference.near_misses(event) == 0)
        if set(answers) != {expect}:
            wrong.append((name, event, answers))
    assert wrong == []


def test_invalid_rules_say_why() -> None:
    for name, rule, says in invalid_cases():
        with pytest.raises(RuleError) as caught:
            Reference(rule)
        assert says in str(caught.value), name
        assert caught.value.where, name


def test_conformance_semantics(shared: Path) -> None:
    wrong = {}
    known = _lines(shared / "conformance" / "semantics.jsonl")
    for case in known:
        expect = DECISIONS.get(case["name"], case["expect"])
        answer = Reference(case["rule"], case.get("placeholders")).matches(case["event"])
        if answer is not expect:
            wrong[case["name"]] = answer
    assert wrong == {}
    disputed = {case["name"] for case in known if case.get("disputed")}
    assert set(DECISIONS) <= disputed


def test_conformance_invalid_rules(shared: Path) -> None:
    for case in _lines(shared / "conformance" / "invalid_rules.jsonl"):
        with pytest.raises(RuleError):
            Reference(case["rule"])


def test_unresolved_placeholder_is_unsupported_and_named() -> None:
    with pytest.raises(UnsupportedRule, match="%hosts%"):
        Reference({"detection": {"s": {"F|expand": "%hosts%"}, "condition": "s"}})


def test_fold_keeps_lengths_is_idempotent_and_follows_its_table() -> None:
    pairs = fold_pairs()
    assert all(fold(chr(point)) == chr(pairs.get(point, point)) for point in range(0x110000))
    assert not pairs.keys() & set(pairs.values())
    text = "".join(map(chr, [*range(1, 0xD800), *range(0x1F000, 0x1F700)]))
    assert fold(text) == "".join(map(fold, text))


@pytest.mark.parametrize(
    "text",
    [
        "title: [",
        "a: 1\n---\na: 2",
        "detection: {s: {F: x, F: y}, condition: s}",
        "detection: &a {s: *a, condition: s}",
        "detection: {s: &a [*a], condition: s}",
        "!!python/object/apply:os.system [x]",
        "detection: {s: {F: 0x" + "f" * 5000 + "}, condition: s}",
        "detection: {s: {F: " + "9" * 5000 + "}, condition: s}",
        "[" * 1200,
        "",
        "- a",
        "just text",
    ],
)
def test_hostile_yaml_is_refused(text: str) -> None:
    with pytest.raises(RuleError):
        Reference(text)


def _billion_laughs() -> str:
    levels = [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 9)]
    return "\n".join(["l0: &l0 [x, x]", *levels, "detection: {s: *l8, condition: s}"])


@pytest.mark.parametrize(
    "rule",
    [
        _billion_laughs(),
        {"detection": {"s": {"F": "x"}, "condition": "(" * 5000 + "s" + ")" * 5000}},
        {"detection": {"s": {"F|re": "(" * 5000 + ")" * 5000}, "condition": "s"}},
        {"detection": {"s": {"F|re": "a" * (LONGEST + 1)}, "condition": "s"}},
        {"detection": {"s": {"F|re": "a{99999999999999999999}"}, "condition": "s"}},
        {"detection": {"s": {"F|windash|base64": " -a" * 12}, "condition": "s"}},
        {"detection": {"s": {"F|base64": "\ud800"}, "condition": "s"}},
        {"detection": {"s": {"F|wide": "\ud800"}, "condition": "s"}},
    ],
    ids=["laughs", "parentheses", "groups", "long", "count", "dashes", "surrogate", "wide surrogate"],
)
def test_rules_that_would_explode_are_refused(rule: dict[str, Any] | str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lotl.match.reference.detection.MOST_VALUES", 2000)
    with pytest.raises(RuleError):
        Reference(rule)


def test_many_nots_and_many_dashes_are_fine() -> None:
    detection = {"s": {"F|windash|contains": " -a" * 500}, "condition": "not " * 10_000 + "s"}
    rule = Reference({"detection": detection})
    assert rule.matches({"F": "x" + " /a" * 500}) and not rule.matches({"F": "x" + " /a" * 499})


def test_many_wildcards_take_no_time() -> None:
    rule = Reference({"detection": {"s": {"F": "*a" * 50 + "*b"}, "condition": "s"}})
    assert not rule.matches({"F": "a" * 50_000})


def test_runaway_regex_is_stopped_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lotl.match.reference.regexes.SECONDS", 0.05)
    rule = Reference({"detection": {"s": {"F|re": "^(a|a)*$"}, "condition": "not s"}})
    event = {"F": "a" * 60 + "b"}
    assert rule.matches(event)
    assert "stopped" in str(rule.explain(event))


def test_hostile_events_do_not_crash() -> None:
    rule = Reference({"detection": {"s": {"F|gt": 1}, "t": {"F|cidr": "::/0"}, "u": ["x"], "condition": "1 of them"}})
    for value in ("9" * 10_000, "1e999999999999", "\ud800", "%" * 10_000, "::1%" + "z" * 9000, [[], None], "1" * 4001):
        rule.matches({"F": value})
        str(rule.explain({"F": value}))


def test_duplicate_keys_are_named() -> None:
    with pytest.raises(LotlError, match="'F' occurs twice"):
        load_rule("a: {F: 1, F: 2}")
