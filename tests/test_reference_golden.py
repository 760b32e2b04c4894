"""The reference evaluator against golden hits on public corpora: a sample of rules and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from lotl.match.reference import Reference
from tests.golden import CORPORA, Hit, Record, by_source, golden_hits, records, rules

SAMPLE = {"regression_data": (1, 9), "EVTX-to-MITRE-Attack": (4, 14)}
"""Every how-manieth file is read, and every how-manieth rule that has no golden hit is tried beside those that have."""


def _chosen(shared: Path, hit: set[str], every: int) -> list[dict[str, object]]:
    return [rule for at, rule in enumerate(rules(shared)) if rule["id"] in hit or at % every == 0]


def _event(record: Record, category: object) -> dict[str, object]:
    return record.process if category == "process_creation" and record.process is not None else record.view


@pytest.mark.parametrize("corpus", CORPORA)
def test_hits_are_the_golden_ones(shared: Path, corpus: str) -> None:
    pytest.importorskip("evtx", reason="the independent reader is a test oracle, not a dependency")
    files, others = SAMPLE[corpus]
    golden = golden_hits(shared, corpus)
    sources = by_source(_chosen(shared, {hit.rule for hit in golden}, others))
    references = {str(rule["id"]): Reference(rule) for group in sources.values() for rule in group}
    read, found = set(), set()
    for record in records(shared, corpus, files):
        read.add(record.file)
        for rule in [*sources.get((record.channel, record.event_id), ()), *sources.get((record.channel, None), ())]:
            if references[rule["id"]].matches(_event(record, rule["logsource"].get("category"))):
                found.add(Hit(record.file, record.record, rule["id"]))
    expected = {hit for hit in golden if hit.file in read and hit.rule in references}
    assert found == expected
    assert len(expected) > 200
