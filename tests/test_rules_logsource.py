"""Log sources: the table, and its completeness over public rules."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest

from lotl.errors import UnsupportedRule
from lotl.schema import SYSMON, VIEWS, Kind, Selector
from lotl.sigma.load import load
from lotl.sigma.logsource import CATEGORIES, SERVICES, selectors
from lotl.sigma.model import LogSource, State


def kinds(category: str | None = None, service: str | None = None) -> list[tuple[str | None, list[int] | None]]:
    found = selectors(LogSource(category, "windows", service))
    return [(each.channel, None if each.event_ids is None else sorted(each.event_ids)) for each in found]


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("process_creation", [(SYSMON, [1]), ("Security", [4688])]),
        ("file_delete", [(SYSMON, [23])]),
        ("file_delete_detected", [(SYSMON, [26])]),
        ("registry_add", [(SYSMON, [12])]),
        ("registry_set", [(SYSMON, [13])]),
        ("registry_event", [(SYSMON, [12, 13, 14])]),
        ("pipe_created", [(SYSMON, [17, 18])]),
        ("wmi_event", [(SYSMON, [19, 20, 21])]),
        ("ps_classic_start", [("Windows PowerShell", [400])]),
        (
            "ps_script",
            [("Microsoft-Windows-PowerShell/Operational", [4104]), ("PowerShellCore/Operational", [4104])],
        ),
    ],
)
def test_categories(category: str, expected: list[tuple[str, list[int]]]) -> None:
    assert kinds(category) == expected


def test_services_and_nothing() -> None:
    assert kinds(service="security") == [("Security", None)]
    assert kinds(service="powershell-classic") == [("Windows PowerShell", None)]
    assert selectors(LogSource(product="windows")) == (Selector(),)
    assert kinds("process_creation", "sysmon") == [(SYSMON, [1])]
    assert kinds("process_creation", "security") == [("Security", [4688])]
    assert selectors(LogSource("PROCESS_CREATION", "Windows")) == selectors(LogSource("process_creation"))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (LogSource("process_creation", "linux"), "product 'linux'"),
        (LogSource("webserver"), "unknown category 'webserver'"),
        (LogSource(None, "windows", "nonsense"), "unknown service 'nonsense'"),
        (LogSource("file_access", "windows"), "ETW"),
        (LogSource("file_rename", "windows"), "ETW"),
        (LogSource("image_load", "windows", "security"), "no events of category"),
    ],
)
def test_what_is_not_in_windows_logs_is_named(source: LogSource, says: str) -> None:
    with pytest.raises(UnsupportedRule, match=says):
        selectors(source)


def test_selectors_of_one_source_do_not_overlap() -> None:
    for name, chosen in {**CATEGORIES, **SERVICES}.items():
        for left, right in combinations(chosen, 2):
            same = left.channel == right.channel and (
                left.event_ids is None or right.event_ids is None or left.event_ids & right.event_ids
            )
            assert not same, name


def test_views_exist() -> None:
    for chosen in CATEGORIES.values():
        for selector in chosen:
            if selector.view:
                channel, event_id = VIEWS[selector.view][0]
                assert selector.selects(Kind(channel, None, event_id))


def test_every_public_windows_rule_is_evaluable_or_reported(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOTL_CACHE_DIR", str(tmp_path))
    sigma = shared / "data" / "sigma"
    found = load(
        sigma / "rules" / "windows", sigma / "rules-emerging-threats", sigma / "rules-threat-hunting" / "windows"
    )
    assert not [str(issue) for issue in found.errors if issue.state is State.INVALID]
    assert sum(bool(rule.selectors) for rule in found.rules) == 2841
    expected = json.loads((shared / "conformance" / "golden" / "not_evaluable.json").read_text(encoding="utf-8"))
    windows = {
        issue.where.partition(".yml")[0] + ".yml"
        for issue in found.errors
        if "ETW" in issue.what or "placeholder" in issue.what
    }
    assert windows == {f"{sigma.as_posix()}/{each['path']}" for each in expected["not_evaluable"]}
    others = [i for i in found.errors if "ETW" not in i.what and "placeholder" not in i.what]
    assert all("is not Windows" in issue.what or "unknown category" in issue.what for issue in others)
    assert found.counts()["loaded"] + found.counts()["unsupported"] == 3008
