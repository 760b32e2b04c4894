"""Frames that a user already has, in any library that speaks Arrow, to partitions.

Columns are taken over as they are: nothing is copied to rows, and the caller's frame is not changed. Columns named
Channel, Provider_Name and EventID split the rows into kinds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lotl.columns import ABSENT, MISSING, Column, Int, Rows, Text
from lotl.errors import InputError
from lotl.frame import Partition
from lotl.normalise.records import encode
from lotl.schema import Kind

_KIND_COLUMNS = ("Channel", "Provider_Name", "EventID")


def partitions(frame: Any) -> list[Partition]:
    """Make partitions of a frame.

    Parameters
    ----------
    frame : object
        Anything with ``__arrow_c_stream__`` (pyarrow, polars, duckdb, a recent pandas), or a pandas DataFrame. Columns
        have Windows' field names. Nulls are absent fields. Lists are multi-valued.

    Raises
    ------
    InputError
        It is no frame, or has no columns.
    """
    table = to_table(frame)
    if not table.num_columns:
        raise InputError("the frame has no columns", hint="columns are named as in Windows' event data: CommandLine, Image …")
    columns = {name: take_in(table.column(name)) for name in table.column_names}
    return [
        _partition(kind, {name: column.take(rows) for name, column in columns.items()}, rows)
        for kind, rows in _split(columns, table.num_rows)
    ]


def to_table(frame: Any) -> pa.Table:
    """Return `frame` as an Arrow table without copying its columns where the library can hand them over."""
    if isinstance(frame, pa.Table):
        return frame
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.table(frame)
    if type(frame).__module__.partition(".")[0] == "pandas":
        return pa.Table.from_pandas(frame, preserve_index=False)
    raise InputError(
        f"{type(frame).__name__} is neither a path, events, nor a frame",
        hint="paths, lotl.Events, lotl.from_records([...]), or anything that speaks Arrow",
    )


def take_in(values: pa.ChunkedArray) -> Column:
    """Turn an Arrow column into a lotl column."""
    kind = values.type
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        return _int(values.cast(pa.int64()), time=False)
    if pa.types.is_timestamp(kind):
        return _int(_utc_micros(values).cast(pa.int64()), time=True)
    if pa.types.is_dictionary(kind) and not pa.types.is_string(kind.value_type):
        values = values.cast(kind.value_type)
    if pa.types.is_dictionary(values.type):
        return Text.of(values.unify_dictionaries().combine_chunks() if values.num_chunks != 1 else values.chunk(0))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return Text.of(_plain(values))
    if pa.types.is_null(kind):
        return Text(np.full(len(values), ABSENT, np.int32), pa.array([], pa.string()))
    return encode([MISSING if value is None else value for value in values.to_pylist()])


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    # Encoding before combining keeps one int32-offset array from having to hold more than 2 GiB of text.
    encoded = values.cast(pa.large_string()).dictionary_encode()
    return encoded.unify_dictionaries().combine_chunks()


def _utc_micros(values: pa.ChunkedArray) -> pa.ChunkedArray:
    zone = values.type.tz
    return values.cast(pa.timestamp("us", zone), safe=False).cast(pa.timestamp("us"))


def _int(values: pa.ChunkedArray, *, time: bool) -> Int:
    valid = None if not values.null_count else pc.is_valid(values).to_numpy()
    numbers = np.ascontiguousarray(values.fill_null(0).to_numpy(), np.int64)
    return Int(numbers, valid, time)


def _split(columns: dict[str, Column], length: int) -> list[tuple[Kind, Rows]]:
    """Return the kinds in order of first appearance, with their rows."""
    present = [columns[name].text() for name in _KIND_COLUMNS if name in columns]
    if not present or any(column.offsets is not None for column in present):
        return [(Kind(None, None, None), np.arange(length))] if length else []
    keys = np.zeros(length, np.int64)
    for column in present:
        keys = keys * (len(column.values) + 2) + column.codes + 2
    encoded = pa.array(keys).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    bounds = np.flatnonzero(np.diff(codes[order])) + 1
    return [(_kind(columns, int(rows[0])), rows) for rows in np.split(order, bounds)] if length else []


def _kind(columns: dict[str, Column], row: int) -> Kind:
    channel, provider, event_id = (columns[name][row] if name in columns else None for name in _KIND_COLUMNS)
    digits = str(event_id)
    return Kind(
        channel if isinstance(channel, str) else None,
        provider if isinstance(provider, str) else None,
        int(digits) if digits.isdecimal() and len(digits) < 10 else None,
    )


def _partition(kind: Kind, columns: dict[str, Column], rows: Rows) -> Partition:
    known = {name: column for name, column in columns.items() if column.present.any()}
    for name, value in zip(_KIND_COLUMNS, kind, strict=True):
        if value is not None:
            known.pop(name, None)
    times = known.get("TimeCreated")
    system: dict[str, Column] = {}
    if isinstance(times, Int):
        system["TimeCreated"] = Int(times.numbers, times.valid, time=True)
        del known["TimeCreated"]
    record = np.full(len(rows), -1, np.int64)
    return Partition(kind, system, known, np.zeros(len(rows), np.int32), record, rows.astype(np.int64))
