"""Flat events, one after the other, to partitions: one table per event kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import numpy as np
import pyarrow as pa

from lotl.columns import ABSENT, Column, Int, Rows, Text
from lotl.frame import Partition
from lotl.schema import SYSTEM, Kind
from lotl.sources.evtx.flatten import NAMELESS, Cell, Flat
from lotl.sources.evtx.values import BinXmlError

MAX_KINDS: Final = 8192
"""Event kinds of one block. Real machines have some hundreds in all their logs together."""
_SPARSE: Final = 16
_SMALL: Final = 1 << 17

_INT64: Final = range(-(1 << 63), 1 << 63)


class Assembler:
    """Collects flat events and turns them into partitions.

    Partitions come in the order in which their kinds appear, rows in the order in which they were added. Events of one
    kind that have next to no fields in common are spread over several partitions: cells that are absent cost memory,
    and a hostile log could ask for any number of them.
    """

    def __init__(self) -> None:
        self._open: dict[Kind, _Table] = {}
        self._tables: dict[Kind, list[_Table]] = {}

    def add(self, source: int, record: int, position: int, flat: Flat) -> None:
        """Add an event: index of its file, record id, position.

        Raises
        ------
        BinXmlError
            The block has too many kinds of events.
        """
        kind = _kind(flat.system)
        table = self._open.get(kind)
        if table is None or table.sparse:
            if table is None and len(self._open) >= MAX_KINDS:
                raise BinXmlError(f"more than {MAX_KINDS} kinds of events in one block")
            table = self._open[kind] = _Table(kind)
            self._tables.setdefault(kind, []).append(table)
        table.add(source, record, position, flat)

    def partitions(self) -> list[Partition]:
        """Return everything that was added."""
        return [table.partition() for tables in self._tables.values() for table in tables]


def _kind(system: dict[str, Cell]) -> Kind:
    """Take the three values that make the kind out of the System values."""
    event_id = system.get("EventID")
    if isinstance(event_id, int):
        del system["EventID"]
    channel, provider = system.pop("Channel", None), system.pop("Provider_Name", None)
    return Kind(
        None if channel is None else str(channel),
        None if provider is None else str(provider),
        event_id if isinstance(event_id, int) else None,
    )


class _Table:
    """Events of one kind, by column."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._source: list[int] = []
        self._record: list[int] = []
        self._position: list[int] = []
        self._system: dict[str, _Cells] = defaultdict(_Cells)
        self._data: dict[str, _Cells] = defaultdict(_Cells)
        self._filled = 0

    @property
    def sparse(self) -> bool:
        """Whether most cells are absent, and there are many."""
        cells = len(self._source) * (len(self._system) + len(self._data))
        return cells > _SMALL + _SPARSE * self._filled

    def add(self, source: int, record: int, position: int, flat: Flat) -> None:
        row = len(self._source)
        self._source.append(source)
        self._record.append(record)
        self._position.append(position)
        for name, value in flat.system.items():
            self._system[name].add(row, value)
        for name, value in flat.data:
            self._data[name].add(row, value)
        self._filled += len(flat.system) + len(flat.data)

    def partition(self) -> Partition:
        rows = len(self._source)
        return Partition(
            self.kind,
            {name: _system_column(name, cells.column(rows)) for name, cells in self._system.items()},
            {name: cells.column(rows, several=name == NAMELESS) for name, cells in self._data.items()},
            np.array(self._source, np.int32),
            np.array(self._record, np.uint64).astype(np.int64),
            np.array(self._position, np.int64),
        )


def _system_column(name: str, column: Column) -> Column:
    if SYSTEM.get(name) == "time" and isinstance(column, Int):
        return Int(column.numbers, column.valid, time=True)
    return column


class _Cells:
    """The values of one column, row by row; rows without the field are left out."""

    __slots__ = ("_rows", "_values")

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._values: list[Cell] = []

    def add(self, row: int, value: Cell) -> None:
        self._rows.append(row)
        self._values.append(value)

    def column(self, length: int, *, several: bool = False) -> Column:
        """Build the column; it has several values per row if asked to, or if any row has."""
        rows = np.array(self._rows, np.int64)
        if several or bool((rows[1:] == rows[:-1]).any()):
            return self._lists(rows, length)
        if all(type(value) is int and value in _INT64 for value in self._values):
            return self._numbers(rows, length)
        codes, values = _encode(self._values)
        if len(rows) < length:
            placed = np.full(length, ABSENT, np.int32)
            placed[rows] = codes
            codes = placed
        return Text(codes, values)

    def _numbers(self, rows: Rows, length: int) -> Int:
        if len(rows) == length:
            return Int(np.array(self._values, np.int64))
        numbers, valid = np.zeros(length, np.int64), np.zeros(length, np.bool_)
        numbers[rows], valid[rows] = self._values, True
        return Int(numbers, valid)

    def _lists(self, rows: Rows, length: int) -> Text:
        counts = np.bincount(rows, minlength=length)
        absent = counts == 0
        offsets = np.zeros(length + 1, np.int64)
        np.cumsum(np.maximum(counts, 1), out=offsets[1:])
        flat = np.full(offsets[-1], ABSENT, np.int32)
        codes, values = _encode(self._values)
        flat[np.repeat(~absent, np.maximum(counts, 1))] = codes
        return Text(flat, values, offsets)


def _encode(values: Iterable[Cell]) -> tuple[np.ndarray[tuple[int], np.dtype[np.int32]], pa.StringArray]:
    known: dict[str, int] = {}
    codes = [known.setdefault(value if type(value) is str else str(value), len(known)) for value in values]
    return np.array(codes, np.int32), pa.array(list(known), pa.string())
