"""What somebody who only reads the help would try."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import lotl
from lotl.sigma.model import State

from .conftest import ROOT
from .logs import write_security
from .test_cli import lotl as run

GOOD = """
title: Directory listing by a tool
id: 7f9d1c52-3a55-4a0e-9a50-2f0f6f1f7a01
description: Seen on file servers.
logsource: {product: windows, category: process_creation}
detection: {tool: {CommandLine|contains: whoami}, condition: tool}
level: high
tags: [attack.t1033]
"""
BROKEN = GOOD.replace("CommandLine|contains", "CommandLine|contians")
OTHER = GOOD.replace("whoami", "netsh")


def test_a_broken_rule_does_not_keep_its_id_from_a_good_one() -> None:
    rules = lotl.rules(f"{BROKEN}---{GOOD}")
    assert len(rules) == 1
    assert [(issue.state, issue.where) for issue in rules.errors] == [
        (State.INVALID, "text:6 detection.tool.CommandLine|contians")
    ]
    issue = rules.errors[0]
    assert issue.why.startswith("unknown modifier") and "contains" in issue.why
    hits = lotl.scan(lotl.from_records([{"CommandLine": "whoami"}]), rules, logsource="ignore")
    assert len(hits) == 1
    assert hits.run.state_counts() == {State.HIT: 1, State.INVALID: 1}, "an invalid rule is not hidden by its namesake"


def test_a_second_rule_of_one_id_is_still_refused_and_counted() -> None:
    rules = lotl.rules(f"{GOOD}---{OTHER}---{GOOD}")
    assert len(rules) == 1 and len(rules.errors) == 1 and len(rules.warnings) == 1
    assert "belongs to another rule" in rules.errors[0].why
    hits = lotl.scan(lotl.from_records([{"CommandLine": "x"}]), rules, logsource="ignore")
    assert hits.run.state_counts()[State.INVALID] == 1


def test_a_range_of_time_that_ends_before_it_begins() -> None:
    with pytest.raises(lotl.InputError, match="no time lies from"):
        lotl.scan(lotl.from_records([{"CommandLine": "whoami"}]), GOOD, start="2024-02-01", end="2024-01-01")


def test_rules_list_has_a_line_for_every_issue(tmp_path: Path) -> None:
    nameless = GOOD.replace("title: Directory listing by a tool\nid", "# id").replace("contains", "contians")
    rules = tmp_path / "many.yml"
    rules.write_text("---".join([GOOD, OTHER, BROKEN, nameless, nameless]), encoding="utf-8")
    lines = [json.loads(line) for line in run("rules", "list", "-r", rules, "--json").splitlines()]
    assert [line["state"] for line in lines] == ["loaded", *["invalid"] * 4]


def test_rules_show_tells_what_the_rule_says(tmp_path: Path) -> None:
    rules = tmp_path / "one.yml"
    rules.write_text(GOOD, encoding="utf-8")
    out = run("rules", "show", "Directory listing", "-r", rules)
    for line in ("level: high", "tags: attack.t1033", "log source: product=windows category=process_creation"):
        assert line in out.splitlines()
    assert "CommandLine contains 'whoami'" in out


def test_scan_names_what_it_could_not_read_and_why(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    write_security(logs / "good.evtx", ["whoami"])
    (logs / "empty.evtx").write_bytes(b"")
    for number in range(6):
        (logs / f"noise{number}.evtx").write_bytes(b"\x01nonsense" * 9)
    (tmp_path / "one.yml").write_text(GOOD, encoding="utf-8")
    out = run("scan", logs, "-r", tmp_path / "one.yml")
    assert "7 damaged or unreadable" in out and "empty.evtx: is empty" in out and "… and 2 more" in out
    assert "1 high" in out


def test_a_pipeline_meets_rules_that_are_invalid_in_every_way(shared: Path) -> None:
    lines = (shared / "conformance" / "invalid_rules.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line).get("rule") or json.loads(line).get("yaml") or "" for line in lines]
    pipeline = {"name": "p", "priority": 1, "transformations": [{"id": "a", "type": "value_placeholders"}]}
    for text in filter(None, texts):
        plain, piped = lotl.rules(text + "\n"), lotl.rules(text + "\n", pipelines=[pipeline])
        assert piped.errors and len(piped) == len(plain) == 0, text


def test_a_pipeline_goes_on_after_an_invalid_rule() -> None:
    pipeline = {"name": "p", "priority": 1, "transformations": [{"id": "a", "type": "value_placeholders"}]}
    number = GOOD.replace("CommandLine|contains: whoami", "5: whoami").replace("7a01", "7a03")
    rules = lotl.rules(f"{BROKEN.replace('7a01', '7a02')}---{number}---{GOOD}", pipelines=[pipeline])
    assert len(rules) == 1 and [issue.state for issue in rules.errors] == [State.INVALID] * 2


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_empty_text_is_not_the_current_folder(text: str) -> None:
    with pytest.raises(lotl.InputError, match="empty text"):
        lotl.rules(text)


def test_a_script_without_a_main_guard_uses_workers(tmp_path: Path) -> None:
    write_security(tmp_path / "dc.evtx", ["whoami", "netsh"])
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        f"import lotl\nprint(lotl.scan({str(tmp_path / 'dc.evtx')!r}, {GOOD!r}, workers=2))\nprint(__file__)\n",
        encoding="utf-8",
    )
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["<lotl.Hits: 1 hits of 1 rules (1 high)>", str(script)]
