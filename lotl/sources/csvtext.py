"""CSV with a header that has the names of a Windows event: EvtxECmd, Get-WinEvent, Splunk, Event Viewer, Sentinel …"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa

from lotl.normalise.dialects.arrow import table_of
from lotl.normalise.dialects.assemble import assemble
from lotl.normalise.dialects.detect import detect, unwrap
from lotl.sources.base import Account, Block, Decoded, Extent
from lotl.sources.collect import Collector, settle
from lotl.sources.mapping import dialect_of, own_context
from lotl.sources.text import INDEX_BITS, MAX_RECORD, Chained, beginning, cut_file, cut_stream, load

_HEAD: Final = 1 << 16
_DELIMITERS: Final = (",", ";", "\t", "|")
_MAX_COLUMNS: Final = 2_048


class _Rows:
    """Records end at line feeds outside of quotes."""

    separator = b"\n"

    def end(self, window: bytes) -> int:
        quotes = window.count(b'"')
        end = len(window)
        floor = max(0, end - MAX_RECORD)
        while (found := window.rfind(b"\n", floor, end)) >= 0:
            quotes -= window.count(b'"', found, end)
            if quotes % 2 == 0:
                return found + 1
            end = found
        return 0


class CsvSource:
    """Comma-, semicolon-, tab- or bar-separated values. See `lotl.sources.base.Source`."""

    name = "csv"

    def sniff(self, head: bytes) -> bool:
        """Say whether the first line has the names of a Windows event."""
        header = _header(beginning(head))
        return header is not None and detect(tuple(map(unwrap, header[1]))) is not None

    def blocks(self, source: int, path: Path, account: Account, target: int) -> Iterator[Extent]:
        """Cut a file at ends of rows."""
        try:
            with path.open("rb") as file:
                context = _context(beginning(file.read(_HEAD)))
        except OSError as error:
            account.problem("file", f"cannot be read: {error.strerror or error}")
            return
        yield from cut_file(source, path, account, target, _Rows(), context)

    def stream(self, source: int, file: BinaryIO, account: Account, target: int) -> Iterator[Extent]:
        """Cut a stream at ends of rows."""
        head = file.read(_HEAD)
        whole = Chained(head, file)
        yield from cut_stream(source, whole, account, target, _Rows(), _context(beginning(head)))  # type: ignore[arg-type]

    def decode(self, block: Block) -> Decoded:
        """Read the rows of a block."""
        collector = Collector(block, self.name)
        tables = []
        for extent in block.extents:
            account = collector.accounts[extent.source]
            frame = _frame(load(extent, account), extent, collector)
            account.chunk_records[extent.number] = frame.num_rows
            position = np.arange(frame.num_rows, dtype=np.int64) + (extent.number << INDEX_BITS)
            tables.append(table_of(frame, extent.source, position))
        found = assemble([table for table in tables if len(table)], dialect_of(block))
        settle(found, collector.accounts)
        return Decoded(found.partitions, collector.accounts)


def _header(text: str) -> tuple[str, list[str], int] | None:
    """Return delimiter, names and number of lines of a header; None where there is none."""
    lines = text.splitlines(keepends=True)[:2]
    skip = 1 if lines and lines[0].startswith("#TYPE") else 0
    if len(lines) <= skip or len(lines[skip]) > _HEAD // 2:
        return None
    line = lines[skip].strip("\r\n")
    delimiter = max(_DELIMITERS, key=line.count)
    try:
        names = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return None
    names = [name.strip() for name in names]
    return (delimiter, _distinct(names), skip + 1) if 2 <= len(names) <= _MAX_COLUMNS else None


def _distinct(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if not name or name in seen:
            names[index] = f"{name}#{index + 1}"
        seen[names[index]] = index
    return names


def _context(text: str) -> str:
    return json.dumps(_header(text) or [",", ["_"], 0])


def _frame(data: bytes, extent: Extent, collector: Collector) -> pa.Table:
    """Return the rows of an extent, all text; rows of a wrong width are lost."""
    delimiter, names, skip = json.loads(own_context(extent.context))
    if extent.number == 0:
        data = data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\0")
        for _ in range(skip):
            data = data.partition(b"\n")[2]
    if b"\0" in data:
        data = data.replace(b"\0", b"")
    if not data.strip():
        return pa.table({})
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        # PowerShell 5 and Event Viewer write the machine's code page
        data = data.decode("cp1252", "replace").encode("utf-8")
        collector.accounts[extent.source].problem(f"offset {extent.offset}", "is not UTF-8: read as Windows-1252")
    try:
        return _by_arrow(data, delimiter, names, extent, collector)
    except pa.ArrowInvalid:
        return _by_row(data, delimiter, names, extent, collector)


def _by_arrow(data: bytes, delimiter: str, names: list[str], extent: Extent, collector: Collector) -> pa.Table:
    from pyarrow import csv as arrow_csv

    lost: list[str] = []

    def invalid(row: Any) -> str:
        lost.append(f"a row has {row.actual_columns} columns instead of {row.expected_columns}")
        return "skip"

    table = arrow_csv.read_csv(
        io.BytesIO(data),
        arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=max(len(data) + 1, 1 << 16)),
        arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=invalid),
        arrow_csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, strings_can_be_null=True, null_values=[""]
        ),
    )
    for why in lost:
        collector.lose(extent, 0, why)
    return table


def _by_row(data: bytes, delimiter: str, names: list[str], extent: Extent, collector: Collector) -> pa.Table:
    """Read rows one by one: for text with quotes where there should be none."""
    rows: list[list[str]] = []
    csv.field_size_limit(MAX_RECORD)
    reader = csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline=""), delimiter=delimiter)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            collector.lose(extent, 0, f"line {reader.line_num}: {error}")
            continue
        if row is None:
            break
        if len(row) == len(names):
            rows.append(row)
        elif row:
            collector.lose(extent, 0, f"line {reader.line_num}: {len(row)} columns instead of {len(names)}")
    columns = [[cell or None for cell in column] for column in zip(*rows, strict=True)] or [[] for _ in names]
    return pa.table([pa.array(column, pa.string()) for column in columns], names=names)
