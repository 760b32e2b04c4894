"""Frames that a user already has, in any library that speaks Arrow and in any exporter's shape, to partitions.

Columns are taken over as they are: nothing is copied to rows, and the caller's frame is not changed. The dialect is
told by the names of the columns (see `lotl.normalise.dialects.detect`).
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import pyarrow as pa

from lotl.errors import InputError
from lotl.frame import Partition
from lotl.normalise.dialects.arrow import table_of, take_in
from lotl.normalise.dialects.assemble import assemble
from lotl.normalise.dialects.base import Dialect
from lotl.normalise.dialects.detect import DIALECTS, detect, unwrap
from lotl.normalise.dialects.flat import LOTL
from lotl.normalise.dialects.positions import POSITIONS
from lotl.schema import SYSTEM

__all__ = ["dialect_of", "partitions", "take_in", "to_table"]

_SHOWN: Final = 12


def partitions(frame: Any) -> list[Partition]:
    """Make partitions of a frame.

    Parameters
    ----------
    frame : object
        Anything with ``__arrow_c_stream__`` (pyarrow, polars, duckdb, a recent pandas), or a pandas DataFrame. Columns
        are named as Windows names its fields, or as an exporter does that lotl knows; structs are nested objects. Nulls
        are absent fields. Lists are multi-valued.

    Raises
    ------
    InputError
        It is no frame, or none of its columns is one of an event.
    """
    table = to_table(frame)
    if not table.num_columns:
        hint = "columns are named as in Windows' event data: CommandLine, Image …"
        raise InputError("the frame has no columns", hint=hint)
    taken = table_of(table, 0, np.arange(table.num_rows, dtype=np.int64))
    taken.columns = {unwrap(name): column for name, column in taken.columns.items()}
    if not table.num_rows:
        return []
    return assemble([taken], dialect_of([unwrap(name) for name in _paths(table)])).partitions


def _paths(table: pa.Table) -> list[str]:
    """Return the names of all columns, those of structs as paths; columns without values count as well."""
    for _ in range(12):
        if not any(pa.types.is_struct(field.type) for field in table.schema):
            break
        table = table.slice(0, 0).flatten()
    return list(table.column_names)


def dialect_of(names: list[str]) -> Dialect:
    """Return the dialect that columns are named in.

    Raises
    ------
    InputError
        None of the names is known; says what was looked for and found.
    """
    known = detect(tuple(names))
    if known is not None:
        return known
    if any(name.replace(" ", "") in _vocabulary() for name in names):
        return LOTL
    found = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    sought = "; ".join(f"{d.name}: {', '.join(d.marks[0])}" for d in DIALECTS)
    raise InputError(
        f"no column of the frame is one of a Windows event (found: {found})",
        hint=f"looked for Windows' names (CommandLine, Image, TargetFilename …) and for {sought}; rename the columns",
    )


@cache
def _vocabulary() -> frozenset[str]:
    """Names of fields that Windows' events have."""
    fields = (word for text in POSITIONS.values() for word in text.split() if not word.isdecimal())
    return frozenset((*fields, *SYSTEM))


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
