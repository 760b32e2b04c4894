"""The shared conformance cases through the public door: `lotl.scan` over `lotl.from_records`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import lotl
from lotl.sigma.load import load
from lotl.sigma.model import State

OTHERWISE = {
    # Disputed cases that lotl reads the other way, and what of its semantics decides.
    "cidr-v4mapped#1": "::ffff:10.1.2.3 is 10.1.2.3",
    "windash-inner-hyphen": "only the start of a word is a dash",
    "windash-trailing-dash": "only the start of a word is a dash",
}


def cases(shared: Path, name: str) -> list[dict[str, Any]]:
    with (shared / "conformance" / name).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_semantics(shared: Path) -> None:
    wrong = []
    for case in cases(shared, "semantics.jsonl"):
        events = lotl.from_records([case["event"]])
        hits = lotl.scan(events, case["rule"], logsource="ignore", placeholders=case.get("placeholders"))
        expected = case["expect"] is not (case["name"] in OTHERWISE)
        if bool(len(hits)) is not expected:
            wrong.append((case["name"], case["event"], case["expect"], case.get("disputed"), hits.run.issues))
    assert not wrong


def test_invalid_rules(shared: Path) -> None:
    for case in cases(shared, "invalid_rules.jsonl"):
        ruleset = load(case["rule"])
        assert [issue.state for issue in ruleset.errors] == [State.INVALID], case["name"]
        assert ruleset.errors[0].what and len(ruleset) == 0, case["name"]


def test_correlations(shared: Path) -> None:
    wrong = []
    for case in cases(shared, "correlations.jsonl"):
        events = lotl.from_records(case["events"])
        hits = lotl.scan(events, case["rules"], logsource="ignore", time_field=case["time_field"])
        found = [row["group"] for row in hits.correlations.to_pylist() if row["name"] == case["correlation"]]
        as_text = [sorted((name, str(value)) for name, value in group.items()) for group in found]
        expected = [sorted((name, str(value)) for name, value in group.items()) for group in case["expect"]]
        if sorted(as_text) != sorted(expected):
            wrong.append((case["name"], case["expect"], found, case.get("disputed"), hits.run.issues))
    assert not wrong


@pytest.mark.parametrize("name", ["semantics.jsonl", "correlations.jsonl"])
def test_cases_are_there(shared: Path, name: str) -> None:
    assert len(cases(shared, name)) > 50
