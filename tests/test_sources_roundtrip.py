"""The same events in every exporter's shape: equal values, equal identity, equal hits."""

from __future__ import annotations

import gzip
import io
import itertools
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lotl
from lotl.simulate import simulate
from lotl.simulate.export import write_evtx

from .exporters import FORMATS, Event

EVENTS = 5_000

KEPT = {
    # System columns that a format keeps, where it does not keep all
    "velociraptor": "all but Provider_EventSourceName",
    "winlogbeat": "EventID Channel Provider_Name Computer EventRecordID TimeCreated Provider_Guid Version "
    "Execution_ProcessID Execution_ThreadID Security_UserID Correlation_ActivityID",
    "otrf": "EventID Channel Provider_Name Computer TimeCreated Provider_Guid Level Task Keywords",
    "nxlog": "EventID Channel Provider_Name Computer TimeCreated Provider_Guid EventRecordID Version Task Keywords "
    "Opcode Execution_ProcessID Execution_ThreadID Security_UserID Correlation_ActivityID",
    "sentinel": "EventID Channel Provider_Name Computer EventRecordID TimeCreated Task",
    "evtxecmd": "EventID Channel Provider_Name Computer EventRecordID TimeCreated Execution_ProcessID "
    "Execution_ThreadID Security_UserID",
    "get_winevent": "EventID Channel Provider_Name Computer EventRecordID TimeCreated Version Level Task Opcode "
    "Keywords Execution_ProcessID Execution_ThreadID Security_UserID",
}
NO_RECORD_ID = {"otrf"}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> lotl.Events:
    folder = tmp_path_factory.mktemp("evtx")
    logs = simulate(seed=3, hosts=3, days=1, intrusions=["ntds"])
    write_evtx(itertools.islice(logs.events(), EVENTS), folder)
    return lotl.read(folder)


@pytest.fixture(scope="module")
def events(truth: lotl.Events) -> list[Event]:
    return [truth.raw(row) for row in range(len(truth))]


@pytest.fixture(scope="module")
def expected_hits(truth: lotl.Events) -> set[tuple[str, int]]:
    return hits(truth)


def hits(events: lotl.Events) -> set[tuple[str, int]]:
    found = lotl.scan(events)
    table = found.table.select(["rule_id", "row"]).to_pylist()
    return {(row["rule_id"], row["row"]) for row in table}


def compare(got: dict[str, dict[str, Any]], wanted: Event, kept: str | None, *, bare_guids: bool) -> list[str]:
    names = set(wanted["System"]) if kept is None or kept.startswith("all") else set(kept.split())
    names -= set(kept.split()[2:]) if kept and kept.startswith("all") else set()
    wrong = []
    for part, keys in (("System", names & set(wanted["System"])), ("EventData", set(wanted["EventData"]))):
        for key in keys:
            value, have = wanted[part][key], got[part].get(key)
            if bare_guids and key == "Provider_Guid" and isinstance(have, str):
                value, have = value.upper(), have.upper()  # a GUID without its braces has lost its case
            if value != have and key != "EventData_Name":
                wrong.append(f"{key}: {have!r} instead of {value!r}")
    extra = got["EventData"].keys() - wanted["EventData"].keys()
    return wrong + [name for name in extra if not name.startswith("RenderingInfo_")]


def kept_by(name: str) -> str | None:
    return next((kept for prefix, kept in KEPT.items() if name.startswith(prefix) or prefix in name), None)


def nameless_only(event: Event) -> bool:
    """Whether an event has no names that could be given back to positions."""
    return "Data" in event["EventData"]


@pytest.mark.parametrize("name", FORMATS)
def test_every_shape_gives_the_same_events(
    name: str, truth: lotl.Events, events: list[Event], expected_hits: set[tuple[str, int]], tmp_path: Path
) -> None:
    path = tmp_path / "log"
    path.write_bytes(FORMATS[name](events))
    read = lotl.read(path)
    account = read.accounts[0]
    assert (len(read), account.lost, account.problems, account.damaged) == (EVENTS, 0, [], False)
    bare = name in ("evtx_dump", "chainsaw", "hayabusa", "get_winevent")
    kept = kept_by("winlogbeat" if name == "elastic_hits" else name)
    for row, wanted in enumerate(events):
        if name == "get_winevent" and nameless_only(wanted):
            continue
        assert not compare(read.raw(row), wanted, kept, bare_guids=bare), f"event {row}: {wanted}"
    if name not in NO_RECORD_ID:
        wanted_ids = [event["System"]["EventRecordID"] for event in events]
        ids = [int(part.record[row]) for part, row in map(read.locate, range(len(read)))]
        assert ids == wanted_ids
    assert hits(read) == expected_hits
    assert expected_hits


def flat(truth: lotl.Events) -> pa.Table:
    return truth.to_arrow().drop_columns(["source_file", "record_id"])


def test_columns_give_the_same_events(
    truth: lotl.Events, events: list[Event], expected_hits: set[tuple[str, int]], tmp_path: Path
) -> None:
    table = flat(truth)
    pq.write_table(table, tmp_path / "log.parquet", row_group_size=2_000)
    with pa.ipc.new_file(tmp_path / "log.arrow", table.schema.remove_metadata()) as sink:
        sink.write_table(table.unify_dictionaries(), max_chunksize=2_000)
    for path in sorted(tmp_path.iterdir()):
        read = lotl.read(path)
        assert len(read) == EVENTS, path.name
        assert not [row for row in range(EVENTS) if not_equal(read.raw(row), events[row])], path.name
        assert hits(read) == expected_hits


def not_equal(got: Event, wanted: Event) -> bool:
    # a wide table keeps no difference between System and payload where both have a name
    merged = {**got["System"], **got["EventData"]}
    return {**wanted["System"], **wanted["EventData"]} != {
        name.removeprefix("System_"): value for name, value in merged.items()
    }


def test_frames_in_any_shape(events: list[Event], expected_hits: set[tuple[str, int]]) -> None:
    import orjson
    import pandas as pd

    for name in ("winlogbeat_dotted", "otrf", "nxlog", "evtxecmd_json"):
        records = [orjson.loads(line) for line in FORMATS[name](events).split(b"\r\n") if line]
        frame = pd.DataFrame(records)
        before = frame.head(20).copy(deep=True)
        found = lotl.scan(frame)
        table = found.table.select(["rule_id", "row"]).to_pylist()
        assert {(row["rule_id"], row["row"]) for row in table} == expected_hits, name
        pd.testing.assert_frame_equal(frame.head(20), before)


def test_nested_frames(events: list[Event]) -> None:
    from lotl.normalise.frames import partitions

    records = [{"winlog": {"channel": "Security", "event_id": "4688", "event_data": {"CommandLine": "whoami"}}}]
    (partition,) = partitions(pa.Table.from_pylist(records))
    assert partition.kind == ("Security", None, 4688)
    assert partition.data["CommandLine"][0] == "whoami"


def test_a_frame_without_events_says_what_was_looked_for() -> None:
    with pytest.raises(lotl.InputError, match=r"found: price, volume.*winlog\.channel"):
        lotl.scan(pa.table({"price": [1], "volume": [2]}))


def test_archives_give_the_same_events(
    truth: lotl.Events, events: list[Event], expected_hits: set[tuple[str, int]], tmp_path: Path
) -> None:
    data = FORMATS["otrf"](events)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("day/first.json", data[: data.index(b"\r\n", len(data) // 2) + 2])
        archive.writestr("day/readme.txt", "no log")
        archive.writestr("day/second.json.gz", gzip.compress(data[data.index(b"\r\n", len(data) // 2) + 2 :]))
    path = tmp_path / "case.zip"
    path.write_bytes(inner.getvalue())
    read = lotl.read(path)
    assert [account.name for account in read.accounts] == [
        "case.zip", "case.zip!day/first.json", "case.zip!day/second.json.gz",
    ]  # fmt: skip
    assert len(read) == EVENTS
    assert hits(read) == expected_hits
