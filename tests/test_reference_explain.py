"""Explanations: what matched where, and what is missing."""

from __future__ import annotations

import json

from lotl.match.reference import Reference, Result

RULE = r"""
title: Shadow copies removed
detection:
  tool:
    Image|endswith: ['\vssadmin.exe', '\wmic.exe']
  words:
    CommandLine|contains|all: [shadow, delete]
  filter:
    User: SYSTEM
  condition: tool and words and not filter
"""


def _values(result: Result) -> list[Result]:
    if result.evidence is not None:
        return [result]
    return [value for child in result.children for value in _values(child)]


def test_spans_point_into_the_original_text() -> None:
    event = {"Image": r"C:\Windows\VSSADMIN.EXE", "CommandLine": "\u0130 DELETE Shadows", "User": "bob"}
    explanation = Reference(RULE).explain(event)
    assert explanation.matched
    found = {
        value.label: (value.evidence.value or "")[slice(*value.evidence.span)]
        for value in _values(explanation.root)
        if value.evidence is not None and value.evidence.span is not None
    }
    assert found == {r"'*\\vssadmin.exe'": r"\VSSADMIN.EXE", "'*shadow*'": "Shadow", "'*delete*'": "DELETE"}


def test_reasons_name_what_is_missing() -> None:
    explanation = Reference(RULE).explain({"CommandLine": "delete", "User": None})
    reasons = {value.label: value.evidence.reason for value in _values(explanation.root) if value.evidence is not None}
    assert reasons["'*shadow*'"] == "the value is another"
    assert reasons[r"'*\\wmic.exe'"] == "the event does not have the field"
    assert reasons["'system'"] == "the value is null"
    assert str(explanation).splitlines()[0] == (
        "no match: Shadow copies removed (tool and words and not filter); 2 values away"
    )


def test_near_misses_count_the_cheapest_way_to_a_match() -> None:
    rule = Reference(RULE)
    image, words = r"x\wmic.exe", "delete shadow"
    assert rule.near_misses({"Image": image, "CommandLine": words}) == 0
    assert rule.near_misses({"Image": image, "CommandLine": "shadow"}) == 1
    assert rule.near_misses({"Image": image, "CommandLine": words, "User": "system"}) == 1
    assert rule.near_misses({"CommandLine": "shadow", "User": "SYSTEM"}) == 3
    assert rule.near_misses({}) == 3


def test_near_misses_of_counted_and_negated_groups() -> None:
    detection = {name: {name: 1} for name in "abc"}
    assert Reference({"detection": {**detection, "condition": "2 of them"}}).near_misses({"a": 1}) == 1
    assert Reference({"detection": {**detection, "condition": "all of them"}}).near_misses({"a": 1}) == 2
    none = Reference({"detection": {**detection, "condition": "not 2 of them"}})
    assert none.near_misses({"a": 1, "b": 1, "c": 1}) == 2
    assert none.near_misses({"a": 1, "b": 1}) == 1


def test_explanation_is_plain_data() -> None:
    event = {"Image": ["x", r"\wmic.exe"], "CommandLine": "a" * 5000 + "shadow" + "b" * 5000}
    explanation = Reference(RULE).explain(event)
    data = json.loads(json.dumps(explanation.to_dict()))
    assert data["matched"] is False and data["missing"] == 1 and data["result"]["kind"] == "and"
    assert max(map(len, str(explanation).splitlines())) < 400


def test_keywords_name_the_field_they_are_in() -> None:
    explanation = Reference({"detection": {"k": ["needle"], "condition": "k"}}).explain({"A": 1, "B": "a NEEDLE"})
    (value,) = _values(explanation.root)
    assert value.evidence is not None
    assert (value.evidence.field, value.evidence.span) == ("B", (2, 8))


def test_every_part_is_evaluated_even_when_the_answer_is_known() -> None:
    explanation = Reference(RULE).explain({})
    assert len(_values(explanation.root)) == 5
