"""Scanning real files: results, independence, damage, dying workers."""

from __future__ import annotations

import multiprocessing
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import lotl
from lotl.errors import InputError, RuleError
from lotl.sigma.model import State

from . import hostile_evtx as hostile
from .logs import RULES, write_security, write_sysmon

COMMANDS = ["whoami /all", "ipconfig", "netsh interface portproxy add v4tov4 listenport=9999", "notepad x.txt"] * 40


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    (folder / "dc").mkdir(parents=True)
    write_sysmon(folder / "ws.evtx", COMMANDS)
    write_security(folder / "dc" / "security.evtx", COMMANDS)
    return folder


def keys(hits: lotl.Hits) -> list[tuple[Any, ...]]:
    names = ("source_file", "record_id", "rule_id", "row", "user", "image", "command_line", "computer", "time")
    return [tuple(row[name] for name in names) for row in hits.to_pylist()]


def test_hits_say_who_what_where_when_and_why(logs: Path) -> None:
    hits = lotl.scan(logs, RULES)
    assert hits.by_rule() == {
        "11111111-1111-4111-8111-111111111111": 80,
        "22222222-2222-4222-8222-222222222222": 80,
    }
    first, second = hits.to_pylist()[80:82]  # files of a folder come before those of its folders
    assert first["source_file"] == "dc/security.evtx"
    assert first["record_id"] == first["event_record_id"] == 1
    assert first["row"] == len(COMMANDS)
    assert (first["rule_title"], first["level"], first["status"]) == ("Account discovery", "low", "test")
    assert (first["author"], first["tags"]) == ("tests", ["attack.t1033"])
    assert (first["computer"], first["channel"], first["event_id"]) == ("DC1", "Security", 4688)
    assert first["time"].isoformat() == "2024-03-01T10:00:00+00:00"
    assert first["command_line"] == "whoami /all"
    assert first["evidence"] == [
        {
            "part": "tool",
            "field": "Image",
            "value": "C:\\Windows\\System32\\whoami.exe",
            "matched": repr("*\\whoami.exe"),
        }
    ]
    assert second["row"] == len(COMMANDS) + 2
    assert [item["matched"] for item in second["evidence"]] == ["'*portproxy*'", "'*add*'"]


def test_every_rule_ends_in_one_state(logs: Path) -> None:
    states = lotl.scan(logs, [RULES, "title: Broken\ndetection: {a: {b|nonsense: c}, condition: a}"]).run
    assert states.states == {
        "11111111-1111-4111-8111-111111111111": State.HIT,
        "22222222-2222-4222-8222-222222222222": State.HIT,
        "33333333-3333-4333-8333-333333333333": State.NO_DATA,
        "44444444-4444-4444-8444-444444444444": State.BLIND,
    }
    assert states.blind == {"44444444-4444-4444-8444-444444444444": ("NoSuchField",)}
    assert [issue.state for issue in states.issues] == [State.INVALID]


def test_blocks_workers_and_memory_change_nothing(logs: Path) -> None:
    wanted = keys(lotl.scan(logs, RULES))
    assert keys(lotl.scan(logs, RULES, block_bytes=1)) == wanted
    assert keys(lotl.scan(logs, RULES, workers=2, block_bytes=1)) == wanted
    in_memory = lotl.scan(lotl.read(logs), RULES)
    assert keys(in_memory) == wanted


def test_other_rules_change_nothing(logs: Path) -> None:
    together = keys(lotl.scan(logs, RULES))
    apart = [row for text in RULES.split("---") for row in keys(lotl.scan(logs, text))]
    assert sorted(together, key=repr) == sorted(apart, key=repr)


def test_time_range(logs: Path) -> None:
    hits = lotl.scan(logs, RULES, start="2024-03-01T10:00:02", end="2024-03-01T10:00:05")
    assert {row["time"].second for row in hits.to_pylist()} == {2, 4}


def test_python_evtx_finds_the_same(logs: Path) -> None:
    assert keys(lotl.scan(logs, RULES, engine="python-evtx")) == keys(lotl.scan(logs, RULES))


def test_a_folder_of_good_and_bad_files_is_read_to_the_end(logs: Path) -> None:
    good = hostile.sample()
    makers = {
        "truncated": hostile.truncated(good),
        "zeroed": hostile.zeroed_chunk(good),
        "random": hostile.random_bytes(),
        "crc": hostile.bad_crc(good),
        "cyclic": hostile.cyclic_names(good, fix=True),
        "noisy": hostile.noisy(good, share=0.01, fix=True),
        "empty": b"",
    }
    for name, data in makers.items():
        (logs / f"bad-{name}.evtx").write_bytes(data)
    (logs / "notes.txt").write_text("no log", encoding="utf-8")
    before = keys(lotl.scan([logs / "dc", logs / "ws.evtx"], RULES))
    hits = lotl.scan(logs, RULES)
    assert len(hits) == len(before)
    accounts = {account.name: account for account in hits.run.accounts}
    assert accounts["bad-random.evtx"].problems[0].what == "is not in a format that lotl reads"
    assert accounts["bad-empty.evtx"].problems[0].what == "is empty"
    assert accounts["bad-truncated.evtx"].records > 0
    assert all(accounts[f"bad-{name}.evtx"].damaged for name in ("truncated", "random", "empty", "noisy"))
    assert accounts["bad-crc.evtx"].flagged_chunks > 0
    assert not accounts["ws.evtx"].damaged
    assert hits.run.skipped == ["notes.txt"]
    with pytest.raises(InputError, match="could not be read in full"):
        lotl.scan(logs, RULES, strict=True)


def test_workers_that_die_cost_nothing(logs: Path) -> None:
    wanted = keys(lotl.scan(logs, RULES))
    killed = []

    def kill_once(_done: int, _total: int) -> None:
        if not killed:
            killed.extend(multiprocessing.active_children())
            for child in killed:
                child.kill()

    hits = lotl.scan(logs, RULES, workers=2, block_bytes=1, progress=kill_once)
    assert killed
    assert keys(hits) == wanted
    assert not hits.run.problems


def test_workers_that_always_die_are_reported_not_waited_for(logs: Path) -> None:
    over = threading.Event()

    def kill_all() -> None:
        while not over.is_set():
            for child in multiprocessing.active_children():
                child.kill()
            time.sleep(0.01)

    killer = threading.Thread(target=kill_all)
    killer.start()
    try:
        hits = lotl.scan(logs / "dc", RULES, workers=2)
    finally:
        over.set()
        killer.join()
    assert len(hits) == 0
    assert "died twice" in hits.run.problems[0]
    assert hits.run.accounts[0].truncated > 0


def test_what_cannot_be_meant_is_refused(logs: Path) -> None:
    for wrong in ({"workers": 0}, {"start": "soon"}, {"engine": "other"}, {"logsource": "perhaps"}):
        with pytest.raises(InputError):
            lotl.scan(logs, RULES, **wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no such file"):
        lotl.scan(logs / "nowhere", RULES)
    with pytest.raises(RuleError):
        lotl.scan(logs, "title: Broken\ndetection: {a: {b|nonsense: c}, condition: a}", strict=True)


def test_events_need_no_log_source_when_it_is_ignored() -> None:
    events = lotl.from_records([{"Image": "C:\\whoami.exe"}, {"Image": "x"}, {"CommandLine": "add PORTPROXY"}])
    hits = lotl.scan(events, RULES, logsource="ignore")
    assert [(row["rule_title"], row["row"]) for row in hits.to_pylist()] == [
        ("Account discovery", 0),
        ("Port forwarding", 2),
    ]


def test_frames_are_scanned_as_they_are() -> None:
    frame = pytest.importorskip("pandas").DataFrame(
        {"Channel": ["Microsoft-Windows-Sysmon/Operational"], "EventID": [1], "Image": ["C:\\whoami.exe"]}
    )
    assert [row["rule_title"] for row in lotl.scan(frame, RULES).to_pylist()] == ["Account discovery"]
