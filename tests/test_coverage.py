"""`lotl coverage` for rules: the matrix, its forms, and the layer for the ATT&CK Navigator."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import lotl
from lotl.cli.coverage import command
from lotl.errors import OutputError
from lotl.hunt.behaviours import BEHAVIOURS, CHAINS, Source
from lotl.hunt.coverage import Coverage, coverage, merged
from lotl.hunt.samples import samples_of
from lotl.report.coverage import CSV_COLUMNS, document, layer, rows, write

RULES = """
title: Identity
id: 11111111-1111-4111-8111-111111111111
name: identity
logsource: {product: windows, category: process_creation}
detection: {selection: {CommandLine|contains: whoami}, condition: selection}
tags: [attack.discovery, attack.t1033, lotl.vt-041]
level: low
---
title: '=Cleared'
id: 22222222-2222-4222-8222-222222222222
name: cleared
logsource: {product: windows, service: security}
detection:
  selection: {Channel: Security}
  narrow: [{EventID: 1102}, {EventID: ['104', 1102]}]
  condition: selection and narrow
tags: [attack.t1685.005, lotl.vt-080]
level: high
---
title: Both
id: 33333333-3333-4333-8333-333333333333
name: both
correlation: {type: temporal, rules: [identity, cleared], group-by: [Computer], timespan: 5m, generate: true}
tags: [attack.t1033, lotl.vt-041, lotl.c-11]
level: critical
"""


def run(*args: object) -> str:
    result = CliRunner().invoke(command, [*map(str, args)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "identity.yml").write_text(RULES, encoding="utf-8")
    yes = [{"Channel": "Security", "EventID": 4688}, {"Channel": "Security", "EventID": "1102"}, {"EventID": "x"}]
    lines = "\n".join([*map(json.dumps, yes), "", "no json", "[1]"])
    (tmp_path / "rules" / "identity.yes.jsonl").write_text(lines, encoding="utf-8")
    (tmp_path / "rules" / "identity.no.jsonl").write_text("{}\n{}\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def found(folder: Path) -> Coverage:
    return coverage(lotl.rules(folder / "rules"))


@pytest.fixture(scope="module")
def pack() -> Coverage:
    return coverage(lotl.rules("lotl"))


# --- the model --------------------------------------------------------------------------------------------------------


def test_rules_are_joined_by_their_tags(found: Coverage) -> None:
    identity = found.behaviours["VT-041"]
    assert [rule.meta.name for rule in identity.rules] == ["both", "identity"]
    assert identity.level == "critical" and not identity.reason
    assert found.behaviours["VT-042"].reason == "no rule"
    assert found.behaviours["VT-087"].reason == BEHAVIOURS["VT-087"].limit
    assert [rule.meta.name for rule in found.chains["C-11"].rules] == ["both"]
    assert found.chains["C-12"].reason == CHAINS["C-12"].limit
    assert [rule.meta.name for rule in found.techniques["T1033"].rules] == ["both", "identity"]
    assert not found.techniques["T1047"].rules and "VT-001" in found.techniques["T1047"].title


def test_sources_are_narrowed_to_the_ids_that_a_rule_names(found: Coverage) -> None:
    cleared = found.behaviours["VT-080"]
    assert cleared.watched == (Source("Security", (104, 1102)),)
    unwatched = {source.channel: source.event_ids for source in cleared.unwatched}
    assert unwatched["System"] == (104,) and unwatched["Security"] == (4688,)


def test_a_correlation_reads_what_its_rules_read(found: Coverage) -> None:
    both = next(rule for rule in found.rules if rule.correlation)
    assert Source("Security", (104, 1102, 4688)) in both.sources


def test_samples_are_counted_by_event(folder: Path, found: Coverage) -> None:
    samples = samples_of((folder / "rules" / "identity.yml").as_posix())
    assert (samples.yes, samples.no) == (3, 2)
    assert samples.kinds == (("", 0, 1), ("Security", 1102, 1), ("Security", 4688, 1))
    assert all(rule.samples == samples for rule in found.rules)
    assert samples_of("") == samples_of("nowhere/rule.yml") == samples_of("lotl/no/such.yml") == (0, 0, ())


def test_whole_channels_swallow_ids() -> None:
    assert merged([Source("A", (2, 1)), Source("a", ()), Source("B", (3,)), Source("b", (1,))]) == (
        Source("A", ()),
        Source("B", (1, 3)),
    )


def test_correlations_in_a_circle_end() -> None:
    ring = [
        {
            "title": name, "name": name, "id": f"{digit * 8}-0000-4000-8000-000000000000", "level": "low",
            "correlation": {"type": "event_count", "rules": [other], "group-by": ["Computer"], "timespan": "1m",
                            "condition": {"gte": 1}},
        }
        for name, other, digit in (("one", "two", "1"), ("two", "one", "2"))
    ]  # fmt: skip
    assert coverage(lotl.rules(*ring)).behaviours["VT-001"].reason == "no rule"


# --- the pack ---------------------------------------------------------------------------------------------------------


def test_every_visible_behaviour_has_a_rule_with_samples(pack: Coverage) -> None:
    for name, cover in pack.behaviours.items():
        assert bool(cover.rules) is BEHAVIOURS[name].visible, name
        assert not cover.rules or cover.samples[0] >= 3, name
        assert bool(cover.reason) is not bool(cover.rules), name


def test_every_chain_has_a_rule_or_a_reason(pack: Coverage) -> None:
    assert {name for name, cover in pack.chains.items() if not cover.rules} == {
        name for name, chain in CHAINS.items() if chain.limit
    }


def test_rules_read_what_their_samples_are(pack: Coverage) -> None:
    """Every kind of sample that must fire is one that some rule of its file reads."""
    read: dict[str, set[tuple[str, int]]] = {}
    whole: dict[str, set[str]] = {}
    for rule in pack.rules:
        for source in rule.sources:
            read.setdefault(rule.meta.path, set()).update((source.channel.lower(), one) for one in source.event_ids)
            if not source.event_ids:
                whole.setdefault(rule.meta.path, set()).add(source.channel.lower())
    for rule in pack.rules:
        path = rule.meta.path
        for channel, number, _ in () if rule.correlation else rule.samples.kinds:
            known = (channel.lower(), number) in read[path] or channel.lower() in whole.get(path, ())
            assert known, (path, channel, number)


# --- the layer --------------------------------------------------------------------------------------------------------

KEYS = {
    "name": str, "versions": dict, "domain": str, "description": str, "filters": dict, "sorting": int, "layout": dict,
    "hideDisabled": bool, "techniques": list, "gradient": dict, "legendItems": list, "metadata": list,
    "showTacticRowBackground": bool, "tacticRowBackground": str, "selectTechniquesAcrossTactics": bool,
    "selectSubtechniquesWithParent": bool, "selectVisibleTechniques": bool,
}  # fmt: skip
"""Properties of layer format 4.5 that we write, with their types."""

TECHNIQUE = {"techniqueID": str, "comment": str, "enabled": bool, "score": int, "metadata": list}
COLOUR = re.compile(r"#[0-9a-f]{6}")


def fault(given: dict[str, Any], keys: dict[str, type], optional: frozenset[str] = frozenset()) -> str:
    if set(given) - set(keys) or set(keys) - set(given) - optional:
        return f"keys {set(given) ^ set(keys)}"
    return next((f"{key} is {value!r}" for key, value in given.items() if type(value) is not keys[key]), "")


@pytest.mark.parametrize("whose", ["found", "pack"])
def test_the_layer_keeps_to_its_format(whose: str, request: pytest.FixtureRequest) -> None:
    given = json.loads(json.dumps(layer(request.getfixturevalue(whose))))
    assert not fault(given, KEYS)
    assert given["versions"]["layer"] == "4.5" and given["domain"] == "enterprise-attack"
    assert tuple(map(int, given["versions"]["navigator"].split("."))) >= (4, 9, 0)
    assert given["sorting"] in range(4) and given["layout"]["layout"] in ("side", "flat", "mini")
    assert given["layout"]["aggregateFunction"] in ("average", "min", "max", "sum")
    assert given["layout"]["expandedSubtechniques"] in ("none", "all", "annotated")
    gradient = given["gradient"]
    assert len(gradient["colors"]) >= 2 and gradient["minValue"] < gradient["maxValue"]
    assert all(map(COLOUR.fullmatch, [*gradient["colors"], *(item["color"] for item in given["legendItems"])]))
    names = [one["techniqueID"] for one in given["techniques"]]
    assert len(set(names)) == len(names)
    for one in given["techniques"]:
        assert not fault(one, TECHNIQUE, frozenset({"score"})), one
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", one["techniqueID"]) and one["comment"]
        assert gradient["minValue"] <= one.get("score", 20) <= gradient["maxValue"]
        assert all(not fault(item, {"name": str, "value": str}) and item["value"] for item in one["metadata"]), one


def test_the_layer_scores_by_level(found: Coverage) -> None:
    by_name = {one["techniqueID"]: one for one in layer(found)["techniques"]}
    assert by_name["T1033"]["score"] == 100 and by_name["T1685.005"]["score"] == 80
    assert "score" not in by_name["T1047"] and by_name["T1047"]["comment"] == "no rule"
    assert "critical: Both" in by_name["T1033"]["comment"]


# --- other forms ------------------------------------------------------------------------------------------------------


def test_the_matrix_has_a_row_for_every_rule_and_event(found: Coverage) -> None:
    table = [dict(zip(CSV_COLUMNS, row, strict=True)) for row in rows(found)]
    mine = [row for row in table if row["id"] == "VT-041" and row["rule"] == "identity"]
    assert {(row["channel"], row["event_id"], row["samples_of_event"]) for row in mine} == {
        ("Security", "4688", "1"),
        ("Microsoft-Windows-Sysmon/Operational", "1", "0"),
    }
    assert {row["id"] for row in table} >= set(BEHAVIOURS) | set(CHAINS)
    assert [row["reason"] for row in table if row["id"] == "VT-087"] == [BEHAVIOURS["VT-087"].limit]


def test_files_and_json_say_the_same(folder: Path, found: Coverage) -> None:
    told = run("-r", folder / "rules", "-o", folder / "m.csv", "-o", folder / "layer.json")
    assert "m.csv" in told and "layer.json" in told
    with (folder / "m.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(list(rows(found)))
    assert "'=Cleared" in {row["rule_title"] for row in table}
    assert json.loads((folder / "layer.json").read_text(encoding="utf-8")) == layer(found, name="layer")
    assert json.loads(run("-r", folder / "rules", "--json")) == document(found)


def test_the_table_names_what_is_missing(folder: Path) -> None:
    text = run("-r", folder / "rules")
    assert "2 of 107 behaviours have a rule" in text and "1 of 19 chains" in text
    assert f"no rule: VT-087 {BEHAVIOURS['VT-087'].title}: {BEHAVIOURS['VT-087'].limit}" in text
    assert "Technique" not in text and "T1033" in run("-r", folder / "rules", "--by", "technique")


def test_what_cannot_be_written_is_said(folder: Path, found: Coverage) -> None:
    with pytest.raises(OutputError, match="Navigator"):
        run("-r", folder / "rules", "-o", folder / "layer.xml")
    with pytest.raises(OutputError, match="cannot be written"):
        write(found, str(folder / "no" / "such" / "m.csv"))


def test_rules_from_text_have_no_samples() -> None:
    assert all(rule.samples == (0, 0, ()) for rule in coverage(lotl.rules(RULES)).rules)
