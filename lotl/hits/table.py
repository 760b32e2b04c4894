"""Hits as one flat table: event columns, then rule columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from lotl.columns import Column, Int, Rows, Text, concat
from lotl.frame import Partition
from lotl.normalise import summary
from lotl.normalise.canonical.events import FIELDS
from lotl.normalise.times import to_micros

if TYPE_CHECKING:
    from lotl.hits.result import Hits

COLUMNS: Final = (
    "time level rule_title rule_id status tags author computer channel provider event_id record_id event_record_id "
    "source_file row user image command_line canonical"
).split()
"""Columns of the table, in order."""

_SUMMARIES: Final[dict[str, Callable[[Partition], Column | None]]] = {
    "user": summary.user,
    "image": summary.image,
    "command_line": summary.command_line,
}


def table(hits: Hits) -> pa.Table:
    """Return hits as an Arrow table with `COLUMNS`, in input order."""
    columns = {**_event_columns(hits), **_rule_columns(hits)}
    return pa.table({name: columns[name] for name in COLUMNS})


def _event_columns(hits: Hits) -> dict[str, pa.Array]:
    partitions = [part.partition for part in hits.parts]
    record = take_per_part(hits, [partition.record for partition in partitions])
    names = [account.name for account in hits.run.accounts] or [""]
    texts = {key: single_text(hits, [pick(p) for p in partitions]) for key, pick in _SUMMARIES.items()}
    return {
        "time": hits.times.to_arrow(),
        "computer": single_text(hits, [partition.fields.get("Computer") for partition in partitions]),
        "channel": _per_part(hits, [partition.kind.channel for partition in partitions], pa.string()),
        "provider": _per_part(hits, [partition.kind.provider for partition in partitions], pa.string()),
        "event_id": _per_part(hits, [partition.kind.event_id for partition in partitions], pa.int64()),
        "record_id": pa.array(record, mask=record < 0),
        "event_record_id": _numbers(
            gather(hits, [partition.fields.get("EventRecordID") for partition in partitions]), hits
        ),
        "source_file": pa.array(names, pa.string()).take(pa.array(hits.source)),
        "row": pa.array(hits.rows),
        **texts,
        "canonical": _canonical(hits),
    }


def _canonical(hits: Hits) -> pa.Array:
    """Return the canonical text that each hit rests on; null for hits on events as they are."""
    texts: list[str | None] = [None] * len(hits)
    for hit in np.flatnonzero(hits.canonical).tolist():
        raw = hits.event(hit)
        seen = [item.value for item in hits.evidence(hit) if item.field in FIELDS and item.value != raw.get(item.field)]
        texts[hit] = "; ".join(dict.fromkeys(seen))
    return pa.array(texts, pa.string())


def _rule_columns(hits: Hits) -> dict[str, pa.Array]:
    metas = [rule.meta for rule in hits.rules]
    index = pa.array(hits.rule)
    text = {
        "rule_title": [meta.title for meta in metas],
        "rule_id": [meta.id for meta in metas],
        "level": [meta.level or "informational" for meta in metas],
        "status": [meta.status for meta in metas],
        "author": [meta.author for meta in metas],
    }
    columns = {name: pa.array(values, pa.string()).take(index) for name, values in text.items()}
    tags = pa.array([list(meta.tags) for meta in metas], pa.list_(pa.string()))
    return {**columns, "tags": tags.take(index)}


def _per_part(hits: Hits, values: Sequence[Any], dtype: pa.DataType) -> pa.Array:
    return pa.array(values, dtype).take(pa.array(hits.part))


def take_per_part(hits: Hits, arrays: Sequence[Rows]) -> Rows:
    """Bring one array per part into hit order."""
    if not arrays:
        return np.zeros(0, np.int64)
    starts = np.cumsum([0, *[len(array) for array in arrays[:-1]]])
    return np.concatenate(arrays)[starts[hits.part] + hits.row]


def gather(hits: Hits, columns: Sequence[Column | None]) -> Column | None:
    """Bring one column per part into hit order; None where no part has it."""
    if all(column is None for column in columns):
        return None
    lengths = [len(part.partition) for part in hits.parts]
    starts = np.cumsum([0, *lengths[:-1]])
    return concat(columns, lengths).take(starts[hits.part] + hits.row)


def single_text(hits: Hits, columns: Sequence[Column | None]) -> pa.Array:
    """Return one text per hit; several values of one event are joined with a comma."""
    gathered = gather(hits, columns)
    if gathered is None:
        return pa.nulls(len(hits), pa.string())
    text = gathered.text()
    if text.offsets is None:
        return text.to_arrow().cast(pa.string())
    values = [text[row] for row in range(len(text))]
    return pa.array(
        [", ".join(v for v in value if v) if isinstance(value, list) else None for value in values], pa.string()
    )


def _numbers(column: Column | None, hits: Hits) -> pa.Array:
    if isinstance(column, Int):
        return column.to_arrow()
    if column is None:
        return pa.nulls(len(hits), pa.int64())
    return pa.array([int(t) if isinstance(t, str) and t.isdecimal() and len(t) < 19 else None for t in iterate(column)])


def iterate(column: Column) -> list[Any]:
    """Return the values of a column, row by row."""
    return [column[row] for row in range(len(column))]


def times(hits: Hits) -> Int:
    """Return the time of each hit's event; invalid where it has none."""
    column = gather(hits, [event_times(part.partition, hits.time_field) for part in hits.parts])
    if isinstance(column, Int):
        return column
    return Int(np.zeros(len(hits), np.int64), np.zeros(len(hits), np.bool_), time=True)


def event_times(partition: Partition, name: str | None = None) -> Int | None:
    """Return the time column of a partition: field `name`, else TimeCreated, else UtcTime; None without any."""
    for candidate in (name,) if name else ("TimeCreated", "UtcTime", "timestamp", "@timestamp"):
        column = partition.fields.get(candidate)
        if isinstance(column, Int) and column.time:
            return column
        if column is not None:
            parsed = _parse_times(column.text())
            if parsed is not None:
                return parsed
    return None


def _parse_times(text: Text) -> Int | None:
    if text.offsets is not None:
        return None
    moments = [to_micros(_as_number(value)) for value in text.values.to_pylist()]
    if all(moment is None for moment in moments):
        return None
    numbers = np.array([*(moment or 0 for moment in moments), 0, 0], np.int64)
    valid = np.array([*(moment is not None for moment in moments), False, False], np.bool_)[text.codes]
    return Int(numbers[text.codes], None if valid.all() else valid, time=True)


def _as_number(value: str) -> str | float:
    try:
        return float(value) if value[:1].isdigit() and value.replace(".", "", 1).isdecimal() else value
    except ValueError:
        return value
