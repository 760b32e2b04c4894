"""Frames that users already have: any Arrow library, any column type, never changed, never guessed."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pyarrow as pa
import pytest

from lotl.errors import InputError
from lotl.events import Events
from lotl.normalise.frames import partitions
from lotl.schema import Kind

ROWS = {
    "Channel": ["Security", "Security", "System", None],
    "EventID": [4688, 4624, 7045, None],
    "CommandLine": ["whoami", None, "", "x"],
    "Data": [["a", "b"], None, [], ["c"]],
    "Flag": [True, False, None, True],
    "Score": [1.5, 2.0, None, 0.0],
    "TimeCreated": [dt.datetime(2024, 3, 1, 10, tzinfo=dt.UTC)] * 4,
}


def test_every_library_gives_the_same_events() -> None:
    table = pa.table(ROWS)
    wanted = [dict(row) for row in Events(partitions(table))]
    assert wanted[0]["CommandLine"] == "whoami"
    assert wanted[0]["Flag"] == "true"
    assert wanted[1]["Score"] == "2"
    assert "CommandLine" not in wanted[1]
    assert wanted[2]["Data"] == []
    polars = pytest.importorskip("polars")
    assert [dict(row) for row in Events(partitions(polars.DataFrame(table)))] == wanted
    chunked = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    assert [dict(row) for row in Events(partitions(chunked))] == wanted


def test_pandas_frames_are_not_changed() -> None:
    frame = pd.DataFrame({"EventID": [1, 2], "CommandLine": pd.Categorical(["a", "b"]), "Image": ["x", None]})
    before = frame.copy(deep=True)
    events = Events(partitions(frame))
    assert [dict(row) for row in events] == [
        {"EventID": 1, "CommandLine": "a", "Image": "x"},
        {"EventID": 2, "CommandLine": "b"},
    ]
    pd.testing.assert_frame_equal(frame, before)


def test_kinds_split_the_rows() -> None:
    kinds = [partition.kind for partition in partitions(pa.table(ROWS))]
    assert kinds == [
        Kind("Security", None, 4688),
        Kind("Security", None, 4624),
        Kind("System", None, 7045),
        Kind(None, None, None),
    ]


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(InputError, match="neither a path"):
        partitions(42)
    with pytest.raises(InputError, match="no columns"):
        partitions(pa.table({}))


def test_what_goes_out_comes_back_in() -> None:
    """Frames that lotl made itself: dictionaries, views, lists, times."""
    events = Events(partitions(pa.table(ROWS)))
    wanted = [dict(row) for row in events]
    polars = pytest.importorskip("polars")
    for frame in (events.to_arrow(), events.to_pandas(), polars.DataFrame(events)):
        names = [name for name in ROWS if name in events.to_arrow().column_names]
        back = [{name: row[name] for name in names if name in row} for row in Events(partitions(frame))]
        assert [row.get("CommandLine") for row in back] == [row.get("CommandLine") for row in wanted]
        assert [row.get("EventID") for row in back] == [row.get("EventID") for row in wanted]
