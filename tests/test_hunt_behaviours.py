"""The catalogue of behaviours and chains: whole, well formed, true to the public catalogue and to the pack."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from lotl.hunt.behaviours import BEHAVIOURS, CHAINS, short_channel
from lotl.hunt.behaviours_table import CHANNELS
from tests.attack_ids import TACTICS
from tests.conftest import ROOT

OLD = {"T1562.001": "T1685", "T1562.002": "T1685.001", "T1562.004": "T1686.003", "T1070.001": "T1685.005"}
RENUMBERED = {"VT-032", "VT-105"}
"""Rows of the public catalogue that name a technique in two versions of ATT&CK, or in shorthand."""


def test_the_catalogue_is_whole() -> None:
    assert list(BEHAVIOURS) == [f"VT-{number:03d}" for number in range(1, 108)]
    assert list(CHAINS) == [f"C-{number:02d}" for number in range(1, 20)]
    assert len({one.title for one in BEHAVIOURS.values()}) == 107


def test_every_entry_is_well_formed() -> None:
    for one in BEHAVIOURS.values():
        assert one.tactics and set(one.tactics) <= TACTICS, one
        assert one.techniques and all(re.fullmatch(r"T\d{4}(\.\d{3})?", technique) for technique in one.techniques), one
        assert one.sources or one.limit, one
        assert all(source.event_ids == tuple(sorted(set(source.event_ids))) for source in one.sources), one
        assert len({source.channel for source in one.sources}) == len(one.sources), one
    for chain in CHAINS.values():
        assert chain.behaviours and set(chain.behaviours) <= set(BEHAVIOURS), chain


def test_what_no_record_shows_is_what_the_pack_says() -> None:
    with (ROOT / "sigma_rules" / "not_visible.csv").open(encoding="utf-8", newline="") as file:
        dark = {row["behaviour"] for row in csv.DictReader(file)}
    assert {name for name, one in BEHAVIOURS.items() if not one.visible} == dark


def test_sources_and_tags() -> None:
    one = BEHAVIOURS["VT-053"]
    assert one.tag == "lotl.vt-053"
    assert one.shown_by("MICROSOFT-WINDOWS-SYSMON/OPERATIONAL", 1)
    assert not one.shown_by("Security", 4624) and not one.shown_by(None, None)
    assert [str(source) for source in one.sources] == ["Sysmon 1", "Security 4688"]
    assert CHAINS["C-02"].behaviours == ("VT-003", "VT-004", "VT-010", "VT-070")
    assert short_channel("system") == "System"
    assert len({short for _, short in CHANNELS.values()}) == len(CHANNELS)


@pytest.fixture(scope="module")
def published(shared: Path) -> dict[str, dict[str, str]]:
    with (shared / "volt_typhoon.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_techniques_are_those_of_the_public_catalogue(published: dict[str, dict[str, str]]) -> None:
    for name, one in BEHAVIOURS.items():
        text = re.sub(r"(T\d{4})(\.\d{3})((?:/\.\d{3})+)", _spelled_out, published[name]["technique"])
        named = {OLD.get(technique, technique) for technique in re.findall(r"T\d{4}(?:\.\d{3})?", text)}
        assert set(one.techniques) == named or (name in RENUMBERED and set(one.techniques) & named), (name, named)


def _spelled_out(found: re.Match[str]) -> str:
    return " ".join(found[1] + sub for sub in (found[2] + found[3]).split("/"))


def test_no_title_or_sentence_is_theirs(published: dict[str, dict[str, str]]) -> None:
    for name, one in BEHAVIOURS.items():
        theirs = published[name]["events"] + published[name]["benign"] + published[name]["commands"]
        assert one.title.lower() not in theirs.lower() or len(one.title) < 12, name
        assert not one.limit or one.limit.lower() not in theirs.lower(), name
