"""Simulated logs: true to their labels, consistent in their ids, the same for a seed, readable by other parsers."""

from __future__ import annotations

import base64
import csv
import importlib.util
import json
import re
from collections import Counter, defaultdict
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lotl.errors import InputError
from lotl.simulate import KINDS, PLAYBOOKS, Event, demo_set, simulate
from lotl.simulate.estate import SYSTEM_LUID
from lotl.simulate.export import flat
from lotl.simulate.obfuscate import encoded, type_out
from lotl.sources.evtx.format import ValueType
from tests.conftest import ROOT

SYSMON = "Microsoft-Windows-Sysmon/Operational"


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return list(simulate(seed=11, hosts=4, days=0.7, users=5, intrusions=["full"], rate=0.4).events())


def named(event: Event) -> dict[str, Any]:
    return {name or "": value for name, value in zip(event.kind.names, event.values, strict=True)}


def of(events: list[Event], channel: str, event_id: int) -> list[tuple[Event, dict[str, Any]]]:
    return [
        (event, named(event)) for event in events if event.channel == channel and event.kind.layout.event_id == event_id
    ]


# --- order and ids ----------------------------------------------------------------------------------------------------


def test_time_and_record_ids_rise_within_each_log(events: list[Event]) -> None:
    last: dict[tuple[str, str], tuple[int, int]] = {}
    for event in events:
        key = event.host, event.channel
        if key in last:
            assert event.time >= last[key][0]
            assert event.record_id == last[key][1] + 1
        last[key] = event.time, event.record_id
    assert len({host for host, _ in last}) == 4
    assert len({channel for _, channel in last}) >= 10


def test_every_start_is_told_twice_with_the_same_ids(events: list[Event]) -> None:
    sysmon = Counter(
        (event.host, row["ProcessId"], row["Image"], row["CommandLine"], row["ParentProcessId"])
        for event, row in of(events, SYSMON, 1)
    )
    security = Counter(
        (event.host, row["NewProcessId"], row["NewProcessName"], row["CommandLine"], row["ProcessId"])
        for event, row in of(events, "Security", 4688)
    )
    assert sysmon == security and sysmon.total() > 400


def test_process_guids_are_unique_and_parents_are_known(events: list[Event]) -> None:
    started: dict[bytes, tuple[int, str]] = {}
    base = defaultdict(set)
    for event, row in of(events, SYSMON, 1):
        assert row["ProcessGuid"] not in started
        started[row["ProcessGuid"]] = row["ProcessId"], row["Image"]
        parent = started.get(row["ParentProcessGuid"])
        if parent is None:
            base[event.host].add((row["ParentProcessGuid"], row["ParentImage"]))
        else:
            assert parent == (row["ParentProcessId"], row["ParentImage"])
    assert all(len(parents) <= 11 for parents in base.values())  # what runs since the boot
    for _, row in of(events, SYSMON, 5):
        assert started[row["ProcessGuid"]] == (row["ProcessId"], row["Image"])


def test_pids_are_reused_but_never_shared(events: list[Event]) -> None:
    alive: dict[tuple[str, int], bytes] = {}
    reused = 0
    seen: set[tuple[str, int]] = set()
    for event in events:
        if event.channel != SYSMON or event.kind.layout.event_id not in (1, 5):
            continue
        row = named(event)
        key = event.host, row["ProcessId"]
        if event.kind.layout.event_id == 1:
            assert key not in alive
            reused += key in seen
            seen.add(key)
            alive[key] = row["ProcessGuid"]
        elif alive.get(key) == row["ProcessGuid"]:
            del alive[key]
    assert reused > 5


def test_sessions_join_logons_and_processes(events: list[Event]) -> None:
    opened: dict[tuple[str, int], str] = {}
    for event in events:
        number = event.kind.layout.event_id
        row = named(event)
        if event.channel == "Security" and number == 4624:
            key = event.host, row["TargetLogonId"]
            assert key not in opened
            opened[key] = row["TargetUserName"]
        elif event.channel == SYSMON and number == 1 and row["LogonId"] != SYSTEM_LUID:
            assert row["User"].endswith("\\" + opened[event.host, row["LogonId"]])
        elif event.channel == "Security" and number in (4634, 4672):
            luid = row["TargetLogonId"] if number == 4634 else row["SubjectLogonId"]
            assert (event.host, luid) in opened
    assert len(opened) > 50


PYTHON_TYPES = {
    ValueType.STRING: str,
    ValueType.STRING_ARRAY: list,
    ValueType.GUID: bytes,
    ValueType.BINARY: bytes,
    ValueType.SID: str,
    ValueType.BOOL: bool,
}


def test_fields_have_the_values_that_their_types_promise(events: list[Event]) -> None:
    for event in events:
        assert len(event.values) == len(event.kind.names) == len(event.kind.types)
        for value, kind in zip(event.values, event.kind.types, strict=True):
            expected = PYTHON_TYPES.get(ValueType(kind), int)
            assert value is None or type(value) is expected, (event.kind.layout.event_id, value)


# --- determinism ------------------------------------------------------------------------------------------------------


def test_a_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "hosts": 2,
        "days": 0.2,
        "users": 2,
        "intrusions": ["tunnel"],
        "rate": 0.5,
        "obfuscation": 3,
    }
    first = simulate(seed=3, **options).to_evtx(tmp_path / "a")
    again = simulate(seed=3, **options).to_evtx(tmp_path / "b")
    assert [path.relative_to(tmp_path / "a") for path in first] == [path.relative_to(tmp_path / "b") for path in again]
    assert all(one.read_bytes() == two.read_bytes() for one, two in zip(first, again, strict=True))
    assert (tmp_path / "a/labels.csv").read_bytes() == (tmp_path / "b/labels.csv").read_bytes()
    other = simulate(seed=4, **options).to_evtx(tmp_path / "c")
    assert any(one.read_bytes() != two.read_bytes() for one, two in zip(first, other, strict=False))


def test_long_simulations_stream() -> None:
    endless = simulate(hosts=200, days=3650, users=500, intrusions=2)
    assert len(list(islice(endless.events(), 1000))) == 1000


# --- labels -----------------------------------------------------------------------------------------------------------

TELLTALE = {
    # behaviour: what a process event with its label shows at level 0
    "VT-011": "ntds", "VT-012": "ntds", "VT-016": "create shadow", "VT-018": "save hklm", "VT-019": "comsvcs.dll",
    "VT-026": "query hk", "VT-041": "whoami", "VT-044": "netstat", "VT-050": "enterprise admins", "VT-060": "4624",
    "VT-080": "clear-log", "VT-090": "portproxy add", "VT-091": "portproxy delete", "VT-092": "add rule",
    "VT-073": " -hp",
}  # fmt: skip


def test_labels_say_what_the_records_show(events: list[Event]) -> None:
    seen = set()
    for event, row in of(events, SYSMON, 1):
        words = TELLTALE.get(event.label.behaviour)
        if words:
            assert words in row["CommandLine"].lower()
            seen.add(event.label.behaviour)
    assert seen >= {"VT-012", "VT-016", "VT-019", "VT-060", "VT-073", "VT-080", "VT-090", "VT-091", "VT-092"}
    chains = {chain for event in events for chain in event.label.chain.split()}
    assert chains >= {
        "C-01",
        "C-03",
        "C-04",
        "C-06",
        "C-07",
        "C-08",
        "C-09",
        "C-10",
        "C-11",
        "C-15",
        "C-16",
        "C-17",
        "C-19",
    }
    assert all(not (event.label.behaviour and event.label.benign) for event in events)


def test_intrusion_kinds_beyond_processes_are_labelled(events: list[Event]) -> None:
    by = defaultdict(set)
    for event in events:
        if event.label.behaviour:
            by[event.label.behaviour].add((event.channel, event.kind.layout.event_id))
    assert {("Application", 325), ("Application", 327), (SYSMON, 11), ("System", 7036)} <= by["VT-014"]
    assert ("Security", 1102) in by["VT-080"] and ("System", 104) in by["VT-080"]
    assert (SYSMON, 10) in by["VT-021"]
    assert (SYSMON, 13) in by["VT-088"] and (SYSMON, 12) in by["VT-088"]
    assert {("Security", 4624), ("Security", 4672)} <= by["VT-066"]
    assert "VT-008" not in by or ("System", 7045) in by["VT-008"]


def test_a_directory_copy_by_an_administrator_is_labelled_benign() -> None:
    logs = simulate(seed=2, hosts=2, days=5, users=1, intrusions=0, rate=0.3)
    grey = [event for event in logs.events() if event.label.benign == "install_media"]
    assert any("ntdsutil" in str(event.values) for event in grey)
    assert any(event.channel == "Application" and event.kind.layout.event_id == 325 for event in grey)


def test_without_intrusions_nothing_is_labelled_so() -> None:
    logs = simulate(seed=5, hosts=3, days=0.5, intrusions=0, rate=0.3)
    assert not any(event.label.behaviour for event in logs.events())


@pytest.mark.parametrize("playbook", sorted(PLAYBOOKS))
@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_every_playbook_at_every_level(playbook: str, level: int) -> None:
    logs = simulate(seed=level, hosts=3, days=1, users=2, intrusions=[playbook], obfuscation=level, rate=0.0)
    labelled = [event for event in logs.events() if event.label.behaviour]
    assert len(labelled) > 30
    behaviours = {event.label.behaviour for event in labelled}
    assert "VT-069" in behaviours and "VT-107" in behaviours
    if playbook == "ntds":
        assert {"VT-014", "VT-073", "VT-080"} <= behaviours


def test_single_machine() -> None:
    logs = simulate(hosts=1, users=0, days=0.6, intrusions=1, rate=0.1)
    assert sum(event.label.behaviour != "" for event in logs.events()) > 100


# --- obfuscation ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_typed_commands_differ_in_case_spaces_and_switches_only(seed: int) -> None:
    line = type_out("netstat", "netstat", "-ano", 1, Random(seed))
    assert line.child.lower().replace("/", "-").split() == ["netstat", "-ano"]
    line = type_out("reg", "reg", "query HKCU\\Software\\X /s", 1, Random(seed))
    assert line.child.lower().split() == ["reg", "query", "hkcu\\software\\x", "/s"]


@pytest.mark.parametrize("seed", range(20))
def test_carets_stay_in_the_shell(seed: int) -> None:
    line = type_out("vssadmin", "vssadmin", "create shadow /for=C:", 2, Random(seed))
    assert "^" not in line.child
    bare = line.shell.replace("^", "").replace("%SystemRoot%", "C:\\Windows")
    assert bare.split() == line.child.split()
    assert line.child.replace('"', "").lower().split()[-3:] == ["create", "shadow", "/for=c:"]


def test_encoded_powershell_decodes_to_the_script() -> None:
    for seed in range(10):
        text = encoded("Get-Date; 'ü'", Random(seed))
        assert base64.b64decode(text.rsplit(" ", 1)[1]).decode("utf-16-le") == "Get-Date; 'ü'"
        assert "encodedcommand".startswith(text.rsplit(" ", 2)[1].lstrip("-").lower())


def test_level_three_hides_commands_in_script_blocks() -> None:
    logs = simulate(seed=6, hosts=3, days=1, intrusions=["full"], obfuscation=3, rate=0.0)
    scripts = [named(event)["ScriptBlockText"] for event in logs.events() if event.kind is KINDS["script_block"]]
    assert len(scripts) > 3
    assert any("query" in script or "get" in script.lower() for script in scripts)


# --- files ------------------------------------------------------------------------------------------------------------


def shown(value: Any) -> str:
    """Bring a value of either side to one form: hex and GUIDs in lower case, no braces, times without their zone."""
    text = str(value)
    text = {"True": "true", "False": "false", "None": ""}.get(text, text)
    if re.fullmatch(r"\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?", text):
        return text.strip("{}").lower()
    if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", text):
        return text[:26].rstrip("Z0")
    return text


def rust_fields(event: dict[str, Any]) -> dict[str, str]:
    data = event.get("EventData") or {}
    if "UserData" in event:
        (data,) = event["UserData"].values()
    fields = {name: value for name, value in data.items() if name != "#attributes"}
    if isinstance(fields.get("Data"), dict):
        fields["Data"] = fields["Data"]["#text"]
    return {name: shown(value) for name, value in fields.items()}


def test_other_parsers_read_every_value(tmp_path: Path) -> None:
    evtx = pytest.importorskip("evtx")
    module = pytest.importorskip("Evtx.Evtx")
    logs = simulate(seed=9, hosts=3, days=0.6, users=3, intrusions=["full"], rate=0.2)
    expected = defaultdict(list)
    for event in logs.events():
        expected[event.host, event.channel].append(event)
    paths = logs.to_evtx(tmp_path)
    assert len(paths) == len(expected)
    kinds = set()
    for path in paths:
        want = expected[path.parent.name, path.stem.replace("%4", "/")]
        rows = [json.loads(row["data"])["Event"] for row in evtx.PyEvtxParser(str(path)).records_json()]
        assert len(rows) == len(want)
        for event, row in zip(want, rows, strict=True):
            record = flat(event)
            assert row["System"]["EventRecordID"] == record["EventRecordID"] == event.record_id
            assert row["System"]["Computer"] == record["Computer"]
            assert shown(row["System"]["TimeCreated"]["#attributes"]["SystemTime"]) == shown(record["TimeCreated"])
            fields = rust_fields(row)
            mine = {name: shown(value) for name, value in record.items() if name in fields}
            assert mine == {name: value for name, value in fields.items() if value or name in mine}
            kinds.add((event.channel, event.kind.layout.event_id))
        with module.Evtx(str(path)) as log:
            assert log.get_file_header().verify()
            assert all(chunk.verify() for chunk in log.chunks())
            assert sum(1 for _ in log.records()) == len(want)
    assert len(kinds) >= 35


def test_labels_file_points_at_records(tmp_path: Path) -> None:
    logs = simulate(seed=12, hosts=2, days=0.5, users=1, intrusions=["credentials"], rate=0.2)
    logs.to_evtx(tmp_path)
    wanted = {
        (event.host, event.record_id, event.label.behaviour or event.label.benign, event.channel)
        for event in logs.events()
        if event.label.behaviour or event.label.benign
    }
    with (tmp_path / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    channels = [Path(row["file"]).stem.replace("%4", "/") for row in rows]
    found = {
        (row["host"], int(row["record_id"]), row["label"], channel) for row, channel in zip(rows, channels, strict=True)
    }
    assert found == wanted and len(rows) == len(wanted) > 30
    assert all((tmp_path / row["file"]).is_file() for row in rows)


def test_jsonl_and_parquet_hold_the_same(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    logs = simulate(seed=13, hosts=2, days=0.3, users=1, intrusions=["tunnel"], rate=0.2)
    count = logs.to_jsonl(tmp_path / "j" / "logs.jsonl")
    assert count == logs.to_parquet(tmp_path / "p" / "logs.parquet") == sum(1 for _ in logs.events())
    lines = [json.loads(line) for line in (tmp_path / "j/logs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines == list(logs.records())
    table = parquet.read_table(tmp_path / "p/logs.parquet").to_pylist()
    for line, row in zip(lines, table, strict=True):
        kept = {name: value for name, value in row.items() if value is not None and name != "TimeCreated"}
        line.pop("TimeCreated")
        assert {name: shown(value) for name, value in kept.items()} == {
            name: shown(value) for name, value in line.items()
        }
    assert (tmp_path / "j/labels.csv").is_file() and (tmp_path / "p/labels.csv").is_file()


def test_demo_set(tmp_path: Path) -> None:
    paths = demo_set(tmp_path)
    assert {path.parent.name for path in paths} == {"HLD-DC01", "HLD-FS01", "HLD-WS001"}
    with (tmp_path / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["label"] for row in rows} >= {
        "VT-012",
        "VT-018",
        "VT-080",
        "VT-090",
        "network_gathering",
        "install_media",
    }
    assert 5_000_000 < sum(path.stat().st_size for path in paths) < 60_000_000


@pytest.mark.parametrize(
    "options",
    [{"hosts": 0}, {"days": 0}, {"obfuscation": 4}, {"distinct": 2}, {"intrusions": ["nothing"]}, {"rate": -1}],
)
def test_wrong_arguments_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        simulate(**options)


# --- the benchmark generator ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def generate() -> Any:
    spec = importlib.util.spec_from_file_location("benchmark_generate", ROOT / "benchmarks" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_evtx_has_the_count_and_the_share_of_new_command_lines(tmp_path: Path, generate: Any) -> None:
    evtx = pytest.importorskip("evtx")
    generate.main([str(tmp_path), "--records", "30000", "--distinct", "0.5", "--hosts", "2", "--fresh", "4000"])
    total, commands = 0, []
    for path in sorted(tmp_path.rglob("*.evtx")):
        ids = []
        for row in evtx.PyEvtxParser(str(path)).records_json():
            event = json.loads(row["data"])["Event"]
            assert row["event_record_id"] == event["System"]["EventRecordID"]
            ids.append(row["event_record_id"])
            if event["System"]["Channel"] == SYSMON and event["System"]["EventID"] == 1:
                commands.append(event["EventData"]["CommandLine"])
        assert ids == list(range(1, len(ids) + 1))
        total += len(ids)
    assert total == 30000
    once = sum(count == 1 for count in Counter(commands).values())
    assert len(commands) > 2000 and 0.2 < once / len(commands) < 0.6  # some lines have no blanks to fill
    assert not any(generate.MARKER in command for command in commands)


def test_generated_frame(tmp_path: Path, generate: Any) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "logs.parquet"
    generate.main([str(path), "--records", "9000", "--distinct", "0.4", "--hosts", "1", "--fresh", "3000"])
    table = parquet.read_table(path)
    assert table.num_rows == 9000
    commands = [command for command in table["CommandLine"].to_pylist() if command]
    assert len(commands) > 500 and not any(generate.MARKER in command for command in commands)
    keys = set(zip(*(table[name].to_pylist() for name in ("Computer", "Channel", "EventRecordID")), strict=True))
    assert len(keys) == 9000
