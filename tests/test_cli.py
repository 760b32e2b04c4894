"""The command line as its users call it: real processes, exit codes, files."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from .conftest import ROOT
from .logs import RULES, write_security, write_sysmon

COMMANDS = [
    "whoami",
    "netsh interface portproxy add v4tov4 listenport=1",
    '=cmd|"/c calc"!A1 portproxy add',
    "\x1b]0;x\x07whoami",
]


def lotl(*args: object, code: int = 0, **env: str) -> str:
    """Run the command line; return what it printed on stdout, and on stderr when it failed."""
    command = [sys.executable, "-m", "lotl", *map(str, args)]
    run = subprocess.run(
        command,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **env},
        stdin=subprocess.DEVNULL,
        timeout=300,
    )
    out, err = run.stdout.decode("utf-8"), run.stderr.decode("utf-8")
    assert run.returncode == code, (command, run.returncode, out, err)
    return out if code == 0 else out + err


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "logs").mkdir()
    write_sysmon(folder / "logs" / "ws.evtx", COMMANDS)
    write_security(folder / "logs" / "dc.evtx", COMMANDS)
    (folder / "rules.yml").write_text(RULES, encoding="utf-8")
    return folder


def test_scan_shows_a_table_that_obeys_nothing(folder: Path) -> None:
    short = lotl("scan", folder / "logs", "-r", folder / "rules.yml")
    assert "2 hits of 1 rules: Account discovery" in short and "Port forwarding" in short
    out = lotl("scan", folder / "logs", "-r", folder / "rules.yml", "--all")
    assert " HIGH " in out and "Port forwarding" in out and "4 hits on DC1, WS1" in out
    assert "netsh interface portproxy add" in out
    assert "\x1b" not in out and "\x07" not in out
    assert out.index("Port forwarding") < out.index("Account discovery")
    assert "2 files, 8 events" in out
    assert "1 blind" in out and "1 without data" in out


def test_scan_writes_every_format_at_once(folder: Path, tmp_path: Path) -> None:
    names = [tmp_path / f"hits.{suffix}" for suffix in ("csv", "jsonl", "parquet")]
    report = tmp_path / "rules.csv"
    options = [option for name in names for option in ("-o", name)]
    out = lotl("scan", folder / "logs", "-r", folder / "rules.yml", *options, "--rules-report", report)
    assert "written:" in out
    with names[0].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [json.loads(line) for line in names[1].read_text(encoding="utf-8").splitlines()]
    table = pq.read_table(names[2]).to_pylist()
    assert len(rows) == len(lines) == len(table) == 6
    assert [row["rule_id"] for row in rows] == [line["rule_id"] for line in lines] == [row["rule_id"] for row in table]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert lines[0]["file"] == lines[0]["source_file"] == "dc.evtx"
    assert lines[0]["time"] == "2024-03-01T10:00:00.000000Z"
    with report.open(encoding="utf-8", newline="") as file:
        states = {row["title"]: row["state"] for row in csv.DictReader(file)}
    assert states == {
        "Account discovery": "hit",
        "Port forwarding": "hit",
        "Security log cleared": "no_data",
        "Needs a field that is never there": "blind",
    }


def test_selecting_rules(folder: Path) -> None:
    rules = ("-r", folder / "rules.yml")
    assert "Account discovery" not in lotl("scan", folder / "logs", *rules, "--level", "high")
    assert "Port forwarding" not in lotl("scan", folder / "logs", *rules, "--tag", "attack.t1033")
    assert "Port forwarding" not in lotl("scan", folder / "logs", *rules, "--exclude", "Port forwarding")
    assert "no rule is left" in lotl("scan", folder / "logs", *rules, "--status", "stable", code=2)


def test_exit_codes(folder: Path) -> None:
    rules = ("-r", folder / "rules.yml", "--quiet")
    assert lotl("scan", folder / "logs", *rules) == ""
    lotl("scan", folder / "logs", *rules, "--fail-on", "high", code=1)
    lotl("scan", folder / "logs", *rules, "--fail-on", "critical")
    lotl("scan", folder / "logs", *rules, "--strict")
    assert "no such file" in lotl("scan", folder / "nothing", *rules, code=2)
    assert "no output format" in lotl("scan", folder / "logs", *rules, "-o", "x.docx", code=2)
    assert "not a time" in lotl("scan", folder / "logs", *rules, "--from", "soon", code=2)
    lotl("scan", code=2)
    bad = folder / "bad"
    bad.mkdir(exist_ok=True)
    (bad / "bad.evtx").write_bytes(b"nonsense")
    lotl("scan", bad, *rules, "--strict", code=3)


def test_a_console_that_is_not_utf_8(folder: Path) -> None:
    command = [sys.executable, "-m", "lotl", "scan", str(folder / "logs"), "-r", str(folder / "rules.yml")]
    env = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    run = subprocess.run(command, capture_output=True, cwd=ROOT, env=env, timeout=300)
    assert run.returncode == 0, run.stderr
    assert b"Port forwarding" in run.stdout


def test_info_counts_what_is_there(folder: Path) -> None:
    out = lotl("info", folder / "logs")
    assert "ws.evtx" in out and "4688 (4)" in out and "DC1 (4)" in out
    data = json.loads(lotl("info", folder / "logs", "--json"))
    assert [file["records"] for file in data["files"]] == [4, 4]
    assert {channel["name"]: channel["records"] for channel in data["channels"]} == {
        "Security": 4,
        "Microsoft-Windows-Sysmon/Operational": 4,
    }


def test_why_explains(folder: Path) -> None:
    out = lotl("why", "Port forwarding", folder / "logs", "-r", folder / "rules.yml")
    assert "match: Port forwarding" in out and "+ CommandLine|contains|all" in out
    near = lotl("why", "Port forwarding", folder / "logs", "-r", folder / "rules.yml", "--near")
    assert "no event misses by one value" in near
    assert "there is no event 99" in lotl(
        "why", "Port forwarding", folder / "logs", "-r", folder / "rules.yml", "--row", "99", code=2
    )
    row = lotl("why", "Account discovery", folder / "logs", "-r", folder / "rules.yml", "--row", "1")
    assert "no match: Account discovery" in row and "1 value away" in row
    assert "did you mean: Port forwarding" in lotl(
        "why", "Port forwarder", folder / "logs", "-r", folder / "rules.yml", code=2
    )


def test_rules_list_show_check(folder: Path) -> None:
    out = lotl("rules", "list", "-r", folder / "rules.yml")
    assert "4 listed" in out and "category=process_creation" in out
    lines = lotl("rules", "list", "-r", folder / "rules.yml", "--level", "high", "--json").splitlines()
    assert [json.loads(line)["title"] for line in lines] == ["Port forwarding", "Security log cleared"]
    shown = lotl("rules", "show", "22222222-2222-4222-8222-222222222222", "-r", folder / "rules.yml")
    assert "portproxy" in shown and "contains" in shown
    bad = folder / "bad.yml"
    bad.write_text(
        "title: T\nlogsource: {product: windows}\ndetection:\n  a: {b|nonsense: c}\n  condition: a\n", encoding="utf-8"
    )
    checked = lotl("rules", "check", bad, code=1)
    assert "bad.yml:4" in checked and "nonsense" in checked


def test_verify_compares_both_readers(folder: Path) -> None:
    out = lotl("verify", folder / "logs" / "ws.evtx")
    assert "4 records" in out and "0 undocumented" in out


def test_every_command_has_help_worth_reading() -> None:
    for command in ("scan", "demo", "info", "rules", "why", "verify"):
        assert len(lotl(command, "--help")) > 200
    assert "lotl demo" in lotl("--help")
    assert lotl("--version").startswith("lotl, version")
