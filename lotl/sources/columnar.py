"""Parquet and Arrow files in any of the shapes: their columns are taken over as they are."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
import pyarrow as pa

from lotl.normalise.dialects.arrow import table_of
from lotl.normalise.dialects.assemble import assemble
from lotl.normalise.dialects.detect import detect, unwrap
from lotl.sources.base import Account, Block, Decoded, Extent
from lotl.sources.collect import Collector, settle
from lotl.sources.mapping import dialect_of
from lotl.sources.text import INDEX_BITS

MAX_MEMBER: Final = 512 << 20
"""Bytes of a file in an archive: these formats are read from their end, and so have to be held in memory."""


class _Format(NamedTuple):
    """How a format is read.

    Attributes
    ----------
    magic : bytes
    schema, sizes, part : callable
        Of a path or file object: its schema; the bytes of each row group; one row group.
    """

    magic: bytes
    schema: Callable[[Any], pa.Schema]
    sizes: Callable[[Any], list[int]]
    part: Callable[[Any, int], pa.Table]


class ColumnarSource:
    """Files of columns. An extent is a row group or record batch. See `lotl.sources.base.Source`."""

    def __init__(self, name: str, how: _Format) -> None:
        self.name, self._how = name, how

    def sniff(self, head: bytes) -> bool:
        """Say whether the bytes are of the format."""
        return head.startswith(self._how.magic)

    def is_log(self, path: Path) -> bool:
        """Say whether the columns are those of events."""
        try:
            return detect(tuple(map(unwrap, _paths(self._how.schema(path))))) is not None
        except Exception:  # pyarrow raises what it likes on hostile bytes
            return True  # of the format, and damaged: to be said, not skipped

    def blocks(self, source: int, path: Path, account: Account, target: int) -> Iterator[Extent]:
        """Cut a file into row groups or record batches."""
        return self._cut(source, path, account, None)

    def stream(self, source: int, file: BinaryIO, account: Account, target: int) -> Iterator[Extent]:
        """Read a stream into memory, and cut it."""
        data = bytearray()
        while piece := file.read(1 << 20):
            data += piece
            if len(data) > MAX_MEMBER:
                account.problem("file", f"is larger than {MAX_MEMBER >> 20} MiB inside an archive: unpack it first")
                return
        yield from self._cut(source, io.BytesIO(data), account, bytes(data))

    def _cut(self, source: int, where: Any, account: Account, data: bytes | None) -> Iterator[Extent]:
        account.index_bits = INDEX_BITS
        try:
            sizes = self._how.sizes(where)
        except Exception as error:
            account.problem("file", f"cannot be read: {_words(error)}")
            return
        for number, size in enumerate(sizes):
            yield Extent(source, account.path, 0, max(size, 1), number, data)

    def decode(self, block: Block) -> Decoded:
        """Read the row groups of a block."""
        collector = Collector(block, self.name)
        tables = []
        for extent in block.extents:
            account = collector.accounts[extent.source]
            where: Any = io.BytesIO(extent.data) if extent.data is not None else Path(extent.path)
            try:
                frame = self._how.part(where, extent.number)
                position = np.arange(frame.num_rows, dtype=np.int64) + (extent.number << INDEX_BITS)
                table = table_of(frame, extent.source, position)
            except Exception as error:
                account.lost += 1
                account.problem(f"row group {extent.number + 1}", f"cannot be read: {_words(error)}")
                continue
            account.chunk_records[extent.number] = frame.num_rows
            if len(table):
                tables.append(table)
        found = assemble(tables, dialect_of(block))
        settle(found, collector.accounts)
        return Decoded(found.partitions, collector.accounts)


def _words(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200] or type(error).__name__


def _paths(schema: pa.Schema) -> list[str]:
    paths: list[str] = []

    def walk(prefix: str, field: pa.Field, depth: int) -> None:
        if pa.types.is_struct(field.type) and depth < 12:
            for inner in field.type:
                walk(f"{prefix}{field.name}.", inner, depth + 1)
        else:
            paths.append(f"{prefix}{field.name}")

    for field in schema:
        walk("", field, 0)
    return paths


def _parquet_sizes(where: Any) -> list[int]:
    from pyarrow import parquet

    with parquet.ParquetFile(where) as file:
        return [file.metadata.row_group(n).total_byte_size for n in range(file.metadata.num_row_groups)]


def _parquet_part(where: Any, number: int) -> pa.Table:
    from pyarrow import parquet

    with parquet.ParquetFile(where) as file:
        return file.read_row_group(number, use_threads=False)


def _parquet_schema(where: Any) -> pa.Schema:
    from pyarrow import parquet

    return parquet.read_schema(where)


def _arrow(where: Any) -> pa.ipc.RecordBatchFileReader:
    return pa.ipc.open_file(pa.memory_map(str(where)) if isinstance(where, Path) else where)


def _arrow_sizes(where: Any) -> list[int]:
    with _arrow(where) as file:
        return [1 << 20] * file.num_record_batches


def _arrow_part(where: Any, number: int) -> pa.Table:
    with _arrow(where) as file:
        table = pa.Table.from_batches([file.get_batch(number)])
        table.validate(full=True)  # untrusted offsets
        return table


def _arrow_schema(where: Any) -> pa.Schema:
    with _arrow(where) as file:
        return file.schema


PARQUET: Final = ColumnarSource("parquet", _Format(b"PAR1", _parquet_schema, _parquet_sizes, _parquet_part))
ARROW: Final = ColumnarSource("arrow", _Format(b"ARROW1", _arrow_schema, _arrow_sizes, _arrow_part))
