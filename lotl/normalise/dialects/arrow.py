"""Arrow columns, of whatever type, to columns: nothing is copied to rows where it need not be."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lotl.columns import ABSENT, MISSING, Column, Int, Rows, Text
from lotl.normalise.dialects.shape import Table, named
from lotl.normalise.records import encode

_MAX_DEPTH: Final = 12


def table_of(frame: pa.Table, source: int, position: Rows) -> Table:
    """Return a frame as a table of a dialect: structs become paths, nulls absent fields."""
    for _ in range(_MAX_DEPTH):
        if not any(pa.types.is_struct(field.type) for field in frame.schema):
            break
        frame = frame.flatten()
    columns: dict[str, Column] = {}
    for name, values in zip(frame.column_names, frame.columns, strict=True):
        column = take_in(values)
        if column.present.any():
            columns.setdefault(name, column)
    return Table(columns, np.full(len(position), source, np.int32), position)


def take_in(values: pa.ChunkedArray) -> Column:
    """Turn an Arrow column into a lotl column."""
    kind = values.type
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        return _int(values.cast(pa.int64()), time=False)
    if pa.types.is_timestamp(kind):
        return _int(_utc_micros(values).cast(pa.int64()), time=True)
    if pa.types.is_dictionary(kind) and not pa.types.is_string(kind.value_type):
        return take_in(_decoded(values))
    if pa.types.is_dictionary(values.type):
        return Text.of(values.unify_dictionaries().combine_chunks() if values.num_chunks != 1 else values.chunk(0))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return Text.of(_plain(values))
    if pa.types.is_null(kind):
        return Text(np.full(len(values), ABSENT, np.int32), pa.array([], pa.string()))
    items = values.to_pylist()
    return encode([MISSING if item is None else named(item) if type(item) is list else item for item in items])


def _decoded(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a dictionary column without its dictionary; text of any kind (polars' views, too) as plain strings."""
    value_type = values.type.value_type
    text = pa.types.is_large_string(value_type) or pa.types.is_string_view(value_type)
    wanted = pa.large_string() if text else value_type
    chunks = [chunk.dictionary.cast(wanted).take(chunk.indices) for chunk in values.chunks]
    return pa.chunked_array(chunks, wanted)


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
