"""Canonical command lines in a scan: a second pass whose hits are marked and explained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import lotl
from lotl.cli.main import group

RULE = """
title: Members of a group listed
id: 11111111-2222-4333-8444-555555555555
logsource: {product: windows, category: process_creation}
detection:
    selection:
        CommandLine|contains|all: ['net group', '/domain']
    filter:
        CommandLine|contains: [inventory, 'C:\\Agent\\']
    condition: selection and not filter
level: medium
"""
START = """
title: Directory database copied
id: 11111111-2222-4333-8444-666666666666
logsource: {product: windows, category: process_creation}
detection:
    selection: {CommandLine|startswith: 'ntdsutil "activate instance ntds"'}
    condition: selection
level: high
"""
LINES = [
    'net group "Domain Admins" /domain',
    'n^et  gr"oup" "Domain Admins" /do',
    'n^et  gr"oup" inventory /do',
    'n^et  gr"oup" %x% C:\\x\\..\\Agent\\ /do',
    'cmd /c ntdsutil "ac i ntds" ifm "cr fu C:\\t" q q',
    "ipconfig /all",
]


def events(lines: list[str]) -> lotl.Events:
    return lotl.from_records([
        {
            "Channel": "Microsoft-Windows-Sysmon/Operational", "Provider_Name": "Microsoft-Windows-Sysmon", "EventID": 1,
            "Image": "C:\\x.exe", "CommandLine": line,
        }
        for line in lines
    ])  # fmt: skip


def test_other_rules_see_events_as_they_are_unless_asked() -> None:
    hits = lotl.scan(events(LINES), [RULE, START])
    assert hits.rows.tolist() == [0]
    assert not hits.canonical.any() and hits.table["canonical"].null_count == 1


def test_hits_on_canonical_text_are_marked_and_shown() -> None:
    hits = lotl.scan(events(LINES), [RULE, START], canonical=True)
    assert list(zip(hits.rows.tolist(), hits.canonical.tolist(), strict=True)) == [(0, False), (1, True), (4, True)]
    assert hits.table["canonical"].to_pylist() == [
        None,
        'net group "Domain Admins" /domain',
        'ntdsutil "activate instance ntds" ifm "create full C:\\t" quit quit',
    ]
    assert hits.table["command_line"].to_pylist()[1] == LINES[1]


def test_evidence_explanation_and_steps_of_such_hits() -> None:
    hits = lotl.scan(events(LINES), [RULE, START], canonical=True)
    assert [item.value for item in hits.evidence(1)] == ['net group "Domain Admins" /domain'] * 2
    assert hits.explain(1).matched and hits.explain(2).matched
    assert {step.what for step in hits.steps(1)} == {"odd spaces", "carets", "inserted quotes", "abbreviation"}
    assert hits.steps(0) == ()
    assert hits.event(1)["CommandLine"] == LINES[1]
    assert hits.raw(1)["EventData"]["CommandLine"] == LINES[1]
    assert hits.to_pylist()[2]["evidence"][0]["value"].startswith("ntdsutil")
    assert len(hits.events) == 3


def test_filters_hold_on_raw_and_on_canonical_text() -> None:
    """Row 2 is excluded by its raw text, row 3 by its canonical text: neither is a hit."""
    hits = lotl.scan(events(LINES), RULE, canonical=True)
    assert hits.rows.tolist() == [0, 1]


def test_plain_hits_are_the_same_with_the_second_pass() -> None:
    plain = lotl.scan(events(LINES), [RULE, START])
    both = lotl.scan(events(LINES), [RULE, START], canonical=True)
    kept = ~both.canonical
    assert both.rows[kept].tolist() == plain.rows.tolist()
    assert both.rule[kept].tolist() == plain.rule.tolist()


def test_the_built_in_pack_reads_canonical_text() -> None:
    line = 'C:\\Windows\\system32\\cmd.exe /c "n^tds"ut"il "a"c" i ntds" i^fm "cr fu C:\\PerfLogs\\x" q q"'
    hits = lotl.scan(events([line]))
    titles = {row["rule_title"] for row in hits.to_pylist() if row["canonical"]}
    assert any("NTDS" in title for title in titles)
    assert not lotl.scan(events([line]), canonical=False).canonical.any()


def test_encoded_scripts_and_4688(tmp_path: Path) -> None:
    record = {
        "Channel": "Security", "Provider_Name": "Microsoft-Windows-Security-Auditing", "EventID": 4688,
        "NewProcessName": "C:\\Windows\\System32\\cmd.exe", "EventRecordID": 7,
        "CommandLine": "cmd /c powershell -e bgBlAHQAIABnAHIAbwB1AHAAIAB4ACAALwBkAG8AbQBhAGkAbgA=",
    }  # fmt: skip
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    hits = lotl.scan(path, RULE, canonical=True)
    assert hits.table["canonical"].to_pylist() == ["net group x /domain"]


def test_workers_agree(tmp_path: Path) -> None:
    rows = [
        {"Channel": "Microsoft-Windows-Sysmon/Operational", "Provider_Name": "Microsoft-Windows-Sysmon", "EventID": 1, "CommandLine": f"{line} {number}"}
        for number in range(200)
        for line in LINES
    ]  # fmt: skip
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    one = lotl.scan(path, [RULE, START], canonical=True)
    two = lotl.scan(path, [RULE, START], canonical=True, workers=2, block_bytes=20_000)
    assert one.table.equals(two.table)
    assert int(one.canonical.sum()) == 400


def test_command_line_switches(tmp_path: Path) -> None:
    logs, rules, out = tmp_path / "a.jsonl", tmp_path / "r.yml", tmp_path / "h.jsonl"
    record = {
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "EventID": 1,
    }
    logs.write_text(json.dumps({**record, "CommandLine": LINES[1]}) + "\n", encoding="utf-8")
    rules.write_text(RULE, encoding="utf-8")
    found = []
    for more in ([], ["--canonical"], ["--no-canonical"]):
        arguments = ["scan", str(logs), "-r", str(rules), "-o", str(out), "--quiet", *more]
        assert CliRunner().invoke(group, arguments, catch_exceptions=False, standalone_mode=False).exit_code == 0
        found.append([json.loads(line).get("canonical") for line in out.read_text(encoding="utf-8").splitlines()])
    assert found == [[], ['net group "Domain Admins" /domain'], []]


@pytest.mark.parametrize("arguments", [["w^hoami"], ["-"]])
def test_decode(arguments: list[str]) -> None:
    run = CliRunner().invoke(group, ["decode", "--json", *arguments], input="w^hoami\n", catch_exceptions=False)
    shown = json.loads(run.output)
    assert shown["canonical"] == "whoami" and shown["steps"][0]["what"] == "carets"


def test_decode_shows_nothing_that_a_terminal_obeys() -> None:
    run = CliRunner().invoke(group, ["decode", "cmd /c w^hoami \x1b[31m & net1 user\u202e"], catch_exceptions=False)
    assert "\x1b" not in run.output and "\u202e" not in run.output
    assert "commands inside:" in run.output and "  net user" in run.output
