"""Occurrences of one correlation, sorted: by group, then time, then order of the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from lotl.columns import Column, Rows, Text, concat
from lotl.match.correlate.keys import dense, is_integer, keys, spread
from lotl.match.correlate.numbers import Numbers, parse
from lotl.match.correlate.references import NUMERIC_TYPES, TEMPORAL_TYPES, field_of
from lotl.match.correlate.streams import Stream
from lotl.sigma.model import Correlation


@dataclass(eq=False)
class Table:
    """Sorted occurrences.

    Attributes
    ----------
    correlation : Correlation
    streams : list of Stream
        One for each place in the correlation's list of rules.
    stream : ndarray of int64, shape (n,)
        Place of the row's rule in that list.
    item : ndarray of int64, shape (n,)
        The row's occurrence in its stream.
    group : ndarray of int64, shape (n,)
        Number of the group; rises.
    time, order : ndarray of int64, shape (n,)
    labels : list of (str, Text, ndarray of int64, shape (n,), bool)
        Group-by name, its column, the row's code, and whether the values are plain numbers.
    value : ndarray of int64, shape (n,)
        Code of the counted value, or of the number in `numbers`; empty for types that have none.
    numbers : Numbers or None
    taken : ndarray of bool, shape (n,)
        Rows that belong to a result (filled in by `runs`).
    notes : list of str
        What was left out, and why.
    """

    correlation: Correlation
    streams: list[Stream]
    stream: Rows
    item: Rows
    group: Rows
    time: Rows
    order: Rows
    labels: list[tuple[str, Text, Rows, bool]]
    value: Rows
    numbers: Numbers | None
    taken: np.ndarray[Any, np.dtype[np.bool_]]
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.time)

    def gather(self, part: str) -> Rows:
        """Return an attribute of the streams' occurrences for every row."""
        starts = _starts(self.streams)
        values = np.concatenate([getattr(stream, part) for stream in self.streams])
        return np.asarray(values[starts[self.stream] + self.item])

    def groups(self, rows: Rows) -> list[dict[str, str | int | None]]:
        """Return the group-by names and values of the given rows."""
        names = [name for name, *_ in self.labels]
        values = []
        for _, column, codes, integer in self.labels:
            texts = column.values.take(pa.array(codes[rows])).to_pylist()
            values.append(map(int, texts) if integer else texts)
        return (
            [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)] if names else [{} for _ in rows]
        )

    def column(self, name: str, rows: Rows) -> Column | None:
        """Return a field of the given rows: the group's value, or else that of the row's own event."""
        for known, column, codes, _ in self.labels:
            if known == name:
                return Text(codes[rows].astype(np.int32), column.values).compact()
        merged = _merged(self.correlation, self.streams, name)
        return None if merged is None else merged.take(_starts(self.streams)[self.stream[rows]] + self.item[rows])


def build(correlation: Correlation, streams: Sequence[Stream]) -> Table:
    """Put the occurrences of `streams` (in rule order) into one sorted table."""
    streams = list(streams)
    starts, total = _starts(streams), sum(map(len, streams))
    notes = [f"{s.untimed} hits of {s.rule} have no time: they are in no window" for s in streams if s.untimed]
    columns = {name: _merged(correlation, streams, name) for name in correlation.group_by}
    grouped = keys([_text(column) for column in columns.values()], total)
    if len(grouped.rows) < total:
        notes.append(_left_out(total - len(np.unique(grouped.rows)), grouped.crowded, correlation))
    rows, value, numbers = grouped.rows, np.zeros(0, np.int64), None
    pick = np.arange(len(rows), dtype=np.int64)
    if correlation.fields and correlation.type not in (*TEMPORAL_TYPES, "event_count"):
        pick, value, numbers = _values(correlation, streams, rows, total)
    every = rows[pick]
    place = np.searchsorted(starts, every, side="right") - 1
    time = np.concatenate([s.time for s in streams])[every] if streams else every
    order = np.concatenate([s.order for s in streams])[every] if streams else every
    by = np.lexsort((place, order, time, grouped.key[pick]))
    pick, every = pick[by], every[by]
    labels = [
        (name, _text(column) or Text.of([]), codes[pick], all(is_integer(_one(correlation, s, name)) for s in streams))
        for (name, column), codes in zip(columns.items(), grouped.codes, strict=True)
    ]
    value = value[by] if len(value) else value
    table = Table(
        correlation, streams, place[by], every - starts[place[by]], grouped.key[pick], time[by], order[by],
        labels, value, numbers, np.zeros(len(by), np.bool_), [note for note in notes if note],
    )  # fmt: skip
    return table if correlation.type in TEMPORAL_TYPES or len(streams) < 2 else _once(table)


def references(table: Table) -> tuple[Rows, int]:
    """Number what the rows stand for (events, results) and return the numbers and how many there are."""
    spaces: dict[str, int] = {}
    space = np.array([spaces.setdefault(s.rule, len(spaces) + 1) if s.below else 0 for s in table.streams], np.int64)
    reference, size = dense(table.gather("reference"))
    return dense(space[table.stream] * max(size, 1) + reference)


def events(table: Table) -> Rows:
    """Number the events of a table: rows of one group, time and order are one event."""
    new = np.zeros(len(table), np.int64)
    for part in (table.group, table.time, table.order):
        new[1:] |= part[1:] != part[:-1]
    return np.cumsum(new)


def chained(table: Table) -> bool:
    """Say whether any stream is another correlation."""
    return any(stream.below is not None for stream in table.streams)


def _once(table: Table) -> Table:
    """Keep, of an event that several rules found, the rows of the first of them."""
    reference, size = references(table)
    same, count = dense(events(table) * max(size, 1) + reference)
    lowest = np.full(count, len(table.streams))
    np.minimum.at(lowest, same, table.stream)
    keep = table.stream == lowest[same]
    if keep.all():
        return table
    labels = [(name, column, codes[keep], integer) for name, column, codes, integer in table.labels]
    value = table.value[keep] if len(table.value) else table.value
    return Table(
        table.correlation, table.streams, table.stream[keep], table.item[keep], table.group[keep], table.time[keep],
        table.order[keep], labels, value, table.numbers, table.taken[keep], table.notes,
    )  # fmt: skip


def _values(
    correlation: Correlation, streams: list[Stream], rows: Rows, total: int
) -> tuple[Rows, Rows, Numbers | None]:
    """Return (index into `rows`, value code, numbers) of every value that occurrences bring."""
    columns = [_text(_merged(correlation, streams, name)) for name in correlation.fields]
    if correlation.type not in NUMERIC_TYPES:
        found = keys([None if column is None else _rows_of(column, rows) for column in columns], len(rows))
        return found.rows, found.key, None
    column = columns[0]
    if column is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), parse([], np.zeros(0, np.int64))
    index, codes = spread(column, rows)
    counts = np.bincount(codes, minlength=len(column.values))
    numbers = parse(column.values.to_pylist(), counts)
    good = numbers.valid[codes]
    return index[good], codes[good], numbers


def _rows_of(column: Text, rows: Rows) -> Text:
    """Return the rows of a column, distinct values untouched."""
    return Text(column.codes[rows], column.values) if column.offsets is None else column.take(rows)


def _starts(streams: Sequence[Stream]) -> Rows:
    return np.cumsum([0, *map(len, streams)], dtype=np.int64)[:-1]


def _one(correlation: Correlation, stream: Stream, name: str) -> Column | None:
    return stream.column(field_of(correlation, stream.rule, name))


def _merged(correlation: Correlation, streams: Sequence[Stream], name: str) -> Column | None:
    """Return a field over all streams, under each other; None where none has it."""
    columns = [_one(correlation, stream, name) for stream in streams]
    if all(column is None for column in columns):
        return None
    return concat(columns, [len(stream) for stream in streams])


def _text(column: Column | None) -> Text | None:
    return None if column is None else column.text()


def _left_out(missing: int, crowded: int, correlation: Correlation) -> str:
    names = ", ".join(correlation.group_by)
    found = [f"{missing - crowded} hits lack a value in group-by ({names}): they are in no group"]
    more = f"{crowded} hits have too many combinations of group-by values ({names}): they are in no group"
    return "; ".join(found[: missing > crowded] + [more] * (crowded > 0))
