"""Events: kinds, order, filters, views, and the way out to other libraries."""

from __future__ import annotations

import pyarrow as pa
import pytest

import lotl
from lotl.errors import InputError
from lotl.schema import Kind

SECURITY = {"Channel": "Security", "Provider_Name": "Microsoft-Windows-Security-Auditing"}
SYSMON = {"Channel": "Microsoft-Windows-Sysmon/Operational", "Provider_Name": "Microsoft-Windows-Sysmon"}
RECORDS = [
    {
        **SYSMON,
        "EventID": 1,
        "TimeCreated": "2024-03-01T10:00:00Z",
        "Computer": "A",
        "Image": "C:\\x.exe",
        "ProcessId": 12,
    },
    {**SECURITY, "EventID": 4624, "TimeCreated": "2024-03-01T10:00:01Z", "Computer": "b", "TargetUserName": "eve"},
    {
        **SECURITY,
        "EventID": 4688,
        "TimeCreated": "2024-03-01T11:00:00Z",
        "Computer": "B",
        "NewProcessName": "C:\\y.exe",
        "NewProcessId": "0x1a4",
        "ProcessId": "0x4",
        "SubjectUserName": "bob",
        "SubjectDomainName": "CORP",
        "TargetUserName": "-",
        "TargetDomainName": "-",
        "MandatoryLabel": "S-1-16-12288",
    },
    {**SYSMON, "EventID": 1, "TimeCreated": "2024-03-02T00:00:00Z", "Computer": "A", "Image": "C:\\z.exe"},
]


@pytest.fixture
def events() -> lotl.Events:
    return lotl.from_records(RECORDS)


def test_kinds_and_order(events: lotl.Events) -> None:
    assert len(events) == 4
    assert events.kinds[Kind("Security", SECURITY["Provider_Name"], 4688)] == 1
    assert [row["EventID"] for row in events] == [1, 4624, 4688, 1]
    assert events.to_arrow().column("EventID").to_pylist() == [1, 4624, 4688, 1]


def test_raw_gives_each_record_back(events: lotl.Events) -> None:
    assert events.raw(2)["EventData"]["NewProcessId"] == "0x1a4"
    assert "Image" not in events.raw(1)["EventData"]
    with pytest.raises(InputError, match="no event 4"):
        events.raw(4)


def test_filter_by_everything(events: lotl.Events) -> None:
    assert len(events.filter(channel="security")) == 2
    assert len(events.filter(event_id=[1, 4624])) == 3
    assert len(events.filter(start="2024-03-01T10:00:01", end="2024-03-02")) == 2
    assert len(events.filter(computer="B")) == 2
    with pytest.raises(InputError, match="not a time"):
        events.filter(start="yesterday-ish")


def test_view_reads_both_process_sources_as_one(events: lotl.Events) -> None:
    table = events.view("process_creation")
    assert table.column("Image").to_pylist() == ["C:\\x.exe", "C:\\y.exe", "C:\\z.exe"]
    assert table.column("ProcessId").to_pylist() == [12, 420, None]
    second = table.slice(1, 1).to_pylist()[0]
    assert second["User"] == "CORP\\bob"
    assert second["IntegrityLevel"] == ["S-1-16-12288", "High"]
    assert second["NewProcessName"] == "C:\\y.exe"
    with pytest.raises(InputError):
        events.view("no_such_category")


def test_ways_out(events: lotl.Events) -> None:
    assert pa.table(events).num_rows == 4
    frame = events.to_pandas()
    assert frame["Computer"].tolist() == ["A", "b", "B", "A"]
    assert str(frame["TimeCreated"].dtype).startswith("datetime64[us, UTC")
    assert pytest.importorskip("polars").DataFrame(events).height == 4


def test_system_and_payload_of_one_name_are_both_kept() -> None:
    table = lotl.from_records([{**SYSMON, "EventID": 1, "TimeCreated": "2024-01-01", "Channel": "X"}]).to_arrow()
    assert table.column("Channel").to_pylist() == ["X"]


def test_records_in_any_shape() -> None:
    events = lotl.from_records([{"a": [1, "x", None], "b": None, "c": True, "d": {"e": 2.5}}, {"EventID": "4688"}, {}])
    assert events.raw(0)["EventData"] == {"a": ["1", "x", None], "b": None, "c": "true", "d.e": "2.5"}
    assert events.raw(1) == {"System": {"EventID": 4688}, "EventData": {"EventID": "4688"}}
    assert events.raw(2) == {"System": {}, "EventData": {}}
    with pytest.raises(InputError, match="record 0"):
        lotl.from_records(["text"])  # type: ignore[list-item]


def test_no_events_at_all() -> None:
    events = lotl.from_records([])
    assert len(events) == 0
    assert events.to_arrow().num_rows == 0
    assert events.kinds == {}
