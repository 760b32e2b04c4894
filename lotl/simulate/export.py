"""Simulated events as files: EVTX as Windows exports it, flat JSON lines, flat Parquet; labels in a CSV beside them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lotl import schema
from lotl.errors import OutputError
from lotl.simulate.feed import Label
from lotl.simulate.kinds import KINDS, EventKind
from lotl.sources.evtx.encode import TEXTS, Typed, filetime, text, time_text
from lotl.sources.evtx.format import ARRAY, ValueType
from lotl.sources.evtx.writer import EvtxWriter, Layout

if TYPE_CHECKING:
    import pyarrow as pa

LABEL_COLUMNS: Final = ("host", "file", "record_id", "label", "behaviour", "chain", "benign")


class Event(NamedTuple):
    """One simulated event.

    Attributes
    ----------
    host : str
        Name of the machine without its domain.
    computer, channel : str
    record_id : int
        EventRecordID, rising by one within host and channel.
    time : int
        Microseconds since 1970, UTC.
    kind : EventKind
    values : tuple
        Follow ``kind.names``.
    label : Label
        Empty for ordinary events.
    """

    host: str
    computer: str
    channel: str
    record_id: int
    time: int
    kind: EventKind
    values: tuple[Any, ...]
    process_id: int
    thread_id: int
    user_sid: str | None
    activity_id: bytes | None
    label: Label


class _Labels:
    """``labels.csv``: one line per labelled event."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(LABEL_COLUMNS)

    def add(self, event: Event, file: str) -> None:
        """Write the label of an event, if it has one."""
        label = event.label
        if label.behaviour or label.benign:
            self._rows.writerow((event.host, file, event.record_id, label.behaviour or label.benign, *label))

    def __enter__(self) -> _Labels:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError("the folder cannot be made", where=str(path), hint=str(error)) from error
    return path


def write_evtx(events: Iterable[Event], folder: Path) -> list[Path]:
    """Write ``<host>/<channel>.evtx`` files and ``labels.csv`` below `folder`; return the EVTX files, sorted."""
    logs: dict[tuple[str, str], tuple[EvtxWriter, str]] = {}
    paths: list[Path] = []
    with ExitStack() as stack:
        labels = stack.enter_context(_Labels(_folder(folder) / "labels.csv"))
        for event in events:
            key = event.host, event.channel
            if key not in logs:
                path = _folder(folder / event.host) / (event.channel.replace("/", "%4") + ".evtx")
                writer = stack.enter_context(EvtxWriter(path, first_record_id=event.record_id))
                logs[key] = writer, path.relative_to(folder).as_posix()
                paths.append(path)
            writer, file = logs[key]
            writer.write_row(
                event.kind.layout, event.time, event.computer, event.values, event.process_id, event.thread_id,
                event.user_sid, event.activity_id, event.record_id,
            )  # fmt: skip
            labels.add(event, file)
    return sorted(paths)


# --- flat records -----------------------------------------------------------------------------------------------------

_NUMBERS: Final = frozenset(
    {
        ValueType.INT8, ValueType.UINT8, ValueType.INT16, ValueType.UINT16, ValueType.INT32, ValueType.UINT32,
        ValueType.INT64, ValueType.UINT64,
    }
)  # fmt: skip


def _printer(kind: int) -> Callable[[Any], Any] | None:
    """Return what turns a value of a type into its flat form; None where it stays as it is."""
    if kind & ARRAY or kind in _NUMBERS or kind == ValueType.STRING:
        return None
    return TEXTS[kind]


_PLANS: Final[dict[int, list[tuple[str, Callable[[Any], Any] | None]]]] = {}


def _plan(kind: EventKind) -> list[tuple[str, Callable[[Any], Any] | None]]:
    known = _PLANS.get(id(kind))
    if known is None:
        nameless = ("Binary" if code == ValueType.BINARY else "Data" for code in kind.types)
        names = [name or other for name, other in zip(kind.names, nameless, strict=True)]
        known = _PLANS[id(kind)] = list(zip(names, map(_printer, kind.types), strict=True))
    return known


@cache
def _constants(layout: Layout) -> dict[str, Any]:
    """Return the System columns that all events of a kind share."""
    level, opcode, task, event_id, qualifiers, keywords, version = layout.constants
    provider, guid, source = layout.literal or (layout.provider, layout.guid, None)
    system = {
        "Channel": layout.channel,
        "Provider_Name": provider,
        "EventID": event_id,
        "Level": level,
        "Version": version,
        "Task": task,
        "Opcode": opcode,
        "Keywords": None if keywords is None else f"0x{keywords:016x}",
        "EventID_Qualifiers": qualifiers,
        "Provider_Guid": guid and text(Typed(ValueType.GUID, guid.strip("{}"))),
        "Provider_EventSourceName": source,
    }
    return {name: value for name, value in system.items() if value is not None}


def flat(event: Event) -> dict[str, Any]:
    """Return an event as one dictionary: `lotl.schema.SYSTEM` columns, then its own fields as Windows names them.

    Numbers stay numbers, everything else is text as Windows prints it; nameless data is a list under ``Data``.
    """
    record = {
        "TimeCreated": time_text(filetime(event.time)),
        "Computer": event.computer,
        "EventRecordID": event.record_id,
        "Execution_ProcessID": event.process_id,
        "Execution_ThreadID": event.thread_id,
        **_constants(event.kind.layout),
    }
    if event.user_sid is not None:
        record["Security_UserID"] = event.user_sid
    if event.activity_id is not None:
        record["Correlation_ActivityID"] = text(Typed(ValueType.GUID, event.activity_id))
    for (name, show), value in zip(_plan(event.kind), event.values, strict=True):
        if value is not None:
            record[name] = value if show is None else show(value)
    return record


def _labelled(events: Iterable[Event], path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield time and flat form of every event, writing labels beside `path` on the way."""
    with _Labels(_folder(path.parent) / "labels.csv") as labels:
        for event in events:
            labels.add(event, path.name)
            yield event.time, flat(event)


def write_jsonl(events: Iterable[Event], path: Path) -> int:
    """Write one JSON object per line; return the number of events."""
    count = 0
    with (_folder(path.parent) / path.name).open("w", encoding="utf-8", newline="\n") as file:
        for _, record in _labelled(events, path):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            count += 1
    return count


def tables(events: Iterable[Event], path: Path, *, rows: int = 20_000) -> Iterator[pa.Table]:
    """Yield wide Arrow tables of at most `rows` events, all with the same columns; labels go beside `path`.

    Columns: `lotl.schema.SYSTEM` with their types, every field of every simulated kind as text, ``Data`` as a list.
    """
    import pyarrow as pa

    arrow = {"text": pa.string(), "int": pa.int64(), "time": pa.timestamp("us", tz="UTC")}
    columns = {name: arrow[kind] for name, kind in schema.SYSTEM.items()}
    names = {name for kind in KINDS.values() for name, _ in _plan(kind)} - {"Data", *schema.SYSTEM}
    columns |= {name: pa.string() for name in sorted(names)} | {"Data": pa.list_(pa.string())}
    stream = _labelled(events, path)
    while batch := list(islice(stream, rows)):
        cells: dict[str, list[Any]] = {}
        for index, (time, record) in enumerate(batch):
            record["TimeCreated"] = time
            for name, value in record.items():
                if name not in cells:
                    cells[name] = [None] * len(batch)
                cells[name][index] = value
        arrays = [
            _array(cells[name], kind) if name in cells else pa.nulls(len(batch), kind) for name, kind in columns.items()
        ]
        yield pa.Table.from_arrays(arrays, schema=pa.schema(list(columns.items())))


def _array(cells: list[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if kind == pa.string():
        return pa.array([cell if cell is None or isinstance(cell, str) else str(cell) for cell in cells], kind)
    return pa.array(cells, kind)


def write_parquet(events: Iterable[Event], path: Path) -> int:
    """Write one wide Parquet table (see `tables`), in row groups of bounded size; return the number of events."""
    import pyarrow.parquet as pq

    count = 0
    with ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        for table in tables(events, _folder(path.parent) / path.name):
            writer = writer or stack.enter_context(pq.ParquetWriter(path, table.schema))
            writer.write_table(table)
            count += table.num_rows
    return count
