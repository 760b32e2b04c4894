"""The shared corpora: every golden hit, no other; every regression log fires the rule it is named for."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

import lotl
from lotl.sigma.load import load
from lotl.sigma.model import State
from lotl.sigma.ruleset import RuleSet

CORPORA = {
    # golden file: folder
    "regression_data": "sigma/regression_data",
    "EVTX-to-MITRE-Attack": "evtx-to-mitre",
}


@pytest.fixture(scope="module")
def ruleset(shared: Path) -> RuleSet:
    sigma = shared / "data" / "sigma"
    return load(sigma / "rules/windows", sigma / "rules-emerging-threats", sigma / "rules-threat-hunting/windows")


@pytest.fixture(scope="module", params=CORPORA)
def scanned(request: pytest.FixtureRequest, shared: Path, ruleset: RuleSet) -> tuple[str, lotl.Hits]:
    return request.param, lotl.scan(shared / "data" / CORPORA[request.param], ruleset)


def test_golden_hits(scanned: tuple[str, lotl.Hits], shared: Path) -> None:
    name, hits = scanned
    table = hits.table.select(["source_file", "record_id", "rule_id"]).to_pylist()
    found = {(row["source_file"], row["record_id"], row["rule_id"]) for row in table}
    path = shared / "conformance" / "golden" / f"{name}.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        golden = {(row["file"], row["record_id"], row["rule_id"]): row for row in map(json.loads, lines)}
    missed = [key for key in golden.keys() - found if not golden[key].get("disputed")]
    assert not missed
    assert not found - golden.keys()


def test_every_hit_has_evidence(scanned: tuple[str, lotl.Hits]) -> None:
    """What the engine says, the reference evaluator explains: on every hit of real logs."""
    _, hits = scanned
    for hit, seen in enumerate(hits.all_evidence()):
        explanation = hits.explain(hit)
        assert explanation.matched
        assert seen == hits.evidence(hit)
        assert {(item.field, item.value, item.matched) for item in seen} <= set(_matched_values(explanation.root))


def _matched_values(result: Any) -> list[tuple[str, str, str]]:
    if result.evidence is not None:
        seen = result.evidence
        return [(seen.field, seen.value or "", result.label)] if seen.matched and seen.field is not None else []
    return [value for child in result.children for value in _matched_values(child)]


def test_every_rule_is_accounted_for(scanned: tuple[str, lotl.Hits], ruleset: RuleSet) -> None:
    _, hits = scanned
    states = hits.run.state_counts()
    assert sum(states.values()) == len({rule.meta.id for rule in ruleset.rules} | {e.rule for e in ruleset.errors})
    assert sum(states[state] for state in states if state not in (State.UNSUPPORTED, State.INVALID)) == 2841


def test_regression_logs_fire_their_rules(shared: Path, ruleset: RuleSet) -> None:
    folder = shared / "data" / "sigma" / "regression_data"
    hits = lotl.scan(folder, ruleset)
    fired = {(row["source_file"], row["rule_id"]) for row in hits.table.select(["source_file", "rule_id"]).to_pylist()}
    logs = [path.relative_to(folder) for path in folder.rglob("*.evtx")]
    assert len(logs) == 202
    assert not [path for path in logs if (path.as_posix(), path.stem) not in fired]
