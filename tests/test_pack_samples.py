"""The built-in pack: its rules are well formed, its samples fire what they should, and no benign sample is alarming."""

from __future__ import annotations

import csv
import functools
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from sigma.collection import SigmaCollection
from sigma.plugins import InstalledSigmaPlugins
from sigma.validation import SigmaValidator

import lotl
from tests.attack_ids import SOFTWARE, TACTICS, TECHNIQUES

PACK = Path(__file__).resolve().parent.parent / "sigma_rules"
ALARMING = frozenset({"high", "critical"})
BEHAVIOURS = frozenset(f"lotl.vt-{number:03d}" for number in range(1, 108))
CHAINS = frozenset(f"lotl.c-{number:02d}" for number in range(1, 20))
TRAITS = frozenset({"lotl.fileless", "lotl.obfuscation"})
FOLDERS = frozenset(
    "execution discovery credential_access lateral_movement collection exfiltration command_and_control persistence"
    " stealth defense_impairment fileless chains".split()
)
ONE_SOURCE = frozenset(
    "renamed_native_tool renamed_sysinternals softether_renamed archiver_renamed archiver_arguments".split()
)
"""Rules on process creation whose evidence only one of the two sources has (or that exist for the other one)."""


@dataclass(frozen=True)
class Entry:
    """One rule document of the pack."""

    path: Path
    rule: dict[str, Any]

    @property
    def is_chain(self) -> bool:
        return "correlation" in self.rule

    @property
    def is_main(self) -> bool:
        """Steps of a chain share the chain's file and have no samples of their own."""
        return str(self.rule["name"]) == self.path.stem

    def samples(self, kind: str) -> list[dict[str, Any]]:
        lines = self.path.with_suffix(f".{kind}.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


@functools.cache
def entries() -> tuple[Entry, ...]:
    found = []
    for path in sorted(PACK.rglob("*.yml")):
        with path.open(encoding="utf-8") as file:
            found += [Entry(path, rule) for rule in yaml.safe_load_all(file)]
    return tuple(found)


def rules() -> Iterator[Entry]:
    return (entry for entry in entries() if not entry.is_chain)


def chains() -> list[Entry]:
    return [entry for entry in entries() if entry.is_chain and entry.is_main]


@functools.cache
def ruleset() -> lotl.RuleSet:
    return lotl.rules(PACK)


@dataclass(frozen=True)
class Fired:
    """One sample, where it is from, and the rules that it fired."""

    entry: Entry
    kind: str
    sample: dict[str, Any]
    ids: frozenset[str]

    def __str__(self) -> str:
        return f"{self.entry.path.stem}.{self.kind}: {json.dumps(self.sample, ensure_ascii=False)[:300]}"


@functools.cache
def matrix() -> tuple[Fired, ...]:
    """Run all rules over all samples at once."""
    items = [(entry, kind, sample) for entry in rules() for kind in ("yes", "no") for sample in entry.samples(kind)]
    records = [{name: value for name, value in sample.items() if name != "_expect"} for _, _, sample in items]
    fired: dict[int, set[str]] = defaultdict(set)
    for hit in lotl.scan(lotl.from_records(records), ruleset()):
        fired[hit["row"]].add(str(hit["rule_id"]))
    return tuple(Fired(*item, frozenset(fired[row])) for row, item in enumerate(items))


@functools.cache
def levels() -> dict[str, str]:
    return {entry.rule["id"]: entry.rule["level"] for entry in entries()}


def alarming(ids: frozenset[str]) -> set[str]:
    return {one for one in ids if levels()[one] in ALARMING}


def test_every_rule_loads() -> None:
    assert not ruleset().errors
    assert len(ruleset().rules) + len(ruleset().correlations) == len(entries())


def test_pysigma_finds_no_fault() -> None:
    collection = SigmaCollection.load_ruleset([PACK], collect_errors=True)
    assert not [error for rule in collection for error in rule.errors]
    settings = yaml.safe_load((PACK / "sigma-check.cfg").read_text(encoding="utf-8"))
    validator = SigmaValidator.from_dict(settings, InstalledSigmaPlugins.autodiscover().validators)
    assert not validator.validate_rules(iter(collection))


def test_ids_and_names_are_unique() -> None:
    ids = [entry.rule["id"] for entry in entries()]
    names = [entry.rule["name"] for entry in entries()]
    assert len(set(ids)) == len(ids)
    assert len(set(names)) == len(names)
    assert all(UUID(one).version == 4 for one in ids)


@pytest.mark.parametrize("field", ["title", "description", "references", "falsepositives", "tags"])
def test_every_rule_says(field: str) -> None:
    steps_need_no_list = {"falsepositives"}
    missing = [
        e.rule["name"]
        for e in entries()
        if not e.rule.get(field) and not (field in steps_need_no_list and not e.is_main)
    ]
    assert not missing


def test_every_rule_is_filed_and_signed() -> None:
    for entry in entries():
        assert entry.path.parent.name in FOLDERS, entry.path
        assert entry.rule["author"] == "lotl"
        assert entry.rule["status"] in ("test", "experimental")
        assert entry.rule["level"] in ("informational", "low", "medium", "high", "critical")
        assert any(other.is_main for other in entries() if other.path == entry.path), entry.path


def test_every_tag_is_known() -> None:
    known = {f"attack.{one}" for one in TACTICS | TECHNIQUES | SOFTWARE} | BEHAVIOURS | CHAINS | TRAITS
    unknown = {tag for entry in entries() for tag in entry.rule["tags"]} - known
    assert not unknown
    for entry in entries():
        named = {tag.removeprefix("attack.") for tag in entry.rule["tags"]}
        assert named & TACTICS, entry.path
        assert named & TECHNIQUES, entry.path


def test_every_behaviour_is_covered_or_explained() -> None:
    shown = {tag for entry in rules() for tag in entry.rule["tags"]}
    with (PACK / "not_visible.csv").open(encoding="utf-8", newline="") as file:
        dark = {f"lotl.{row['behaviour'].lower()}" for row in csv.DictReader(file) if row["reason"]}
    assert BEHAVIOURS - shown == dark


def test_every_rule_has_samples() -> None:
    for entry in rules():
        assert len(entry.samples("yes")) >= 3, entry.path
        assert entry.samples("no"), entry.path


def test_process_rules_have_samples_of_both_sources() -> None:
    for entry in rules():
        if entry.rule["logsource"].get("category") != "process_creation" or entry.path.stem in ONE_SOURCE:
            continue
        assert {1, 4688} <= {sample["EventID"] for sample in entry.samples("yes")}, entry.path


def test_samples_are_flat_records() -> None:
    system = {"Channel", "Provider_Name", "EventID", "Computer", "TimeCreated"}
    for entry in entries():
        for kind in ("yes", "no") if entry.is_main else ():
            for sample in entry.samples(kind):
                assert system <= sample.keys(), entry.path
                assert not any(isinstance(value, dict) for value in sample.values()), entry.path


def test_yes_samples_fire_their_rule() -> None:
    missed = [str(one) for one in matrix() if one.kind == "yes" and one.entry.rule["id"] not in one.ids]
    assert not missed


def test_no_samples_do_not_fire_their_rule() -> None:
    wrong = [str(one) for one in matrix() if one.kind == "no" and one.entry.rule["id"] in one.ids]
    assert not wrong


def test_benign_samples_raise_no_alarm() -> None:
    alarms = [(str(one), alarming(one.ids)) for one in matrix() if one.kind == "no" and alarming(one.ids)]
    assert not alarms


def test_alarming_cross_talk_is_announced() -> None:
    surprises = []
    for one in matrix():
        if one.kind == "yes":
            expected = set(one.sample.get("_expect", ()))
            others = alarming(one.ids) - {one.entry.rule["id"]}
            if others != alarming(frozenset(expected)) or not expected <= one.ids:
                surprises.append((str(one), others ^ expected))
    assert not surprises


def _correlated(records: list[dict[str, Any]]) -> set[str]:
    return {str(result["rule_id"]) for result in lotl.scan(lotl.from_records(records), ruleset()).correlations}


@pytest.mark.parametrize("chain", chains(), ids=lambda entry: str(entry.path.stem))
def test_chains(chain: Entry) -> None:
    assert chain.rule["id"] in _correlated(chain.samples("yes"))
    assert chain.rule["id"] not in _correlated(chain.samples("no"))


def test_chains_keep_their_rules_reporting() -> None:
    loaded = ruleset()
    assert all(rule.generates for rule in loaded.rules)
    steps = [each for each in loaded.correlations if each.meta.name.startswith("step_")]
    assert all(not each.alerts or each.meta.level == "informational" for each in steps)


def test_regular_expressions_are_linear() -> None:
    """No look-around and no back-reference: RE2 must be able to run them."""
    for entry in rules():
        for detection in entry.rule["detection"].values():
            for item in detection if isinstance(detection, list) else [detection]:
                for field, values in item.items() if isinstance(item, dict) else ():
                    if "|re" in field:
                        for value in values if isinstance(values, list) else [values]:
                            assert not any(mark in value for mark in ("(?=", "(?!", "(?<", "(?P=")), entry.path
