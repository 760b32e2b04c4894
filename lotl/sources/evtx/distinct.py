"""Distinct values to Arrow strings, and columns from codes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lotl.columns import ABSENT, Column, Int, Text, coalesce
from lotl.sources.evtx import encode_kernel as kernel
from lotl.sources.evtx.flatten import NAMELESS, parse_number, parse_time
from lotl.sources.evtx.layout import HEXED, INTEGERS, TIME_TEXT
from lotl.sources.evtx.schemas import PAYLOAD
from lotl.sources.evtx.schemas import Column as Field
from lotl.sources.evtx.tables import Cells, Dictionaries, Plan
from lotl.sources.evtx.text_kernel import KERNEL_KINDS, PLAIN, convert
from lotl.sources.evtx.values import read_value, value_text

Codes = npt.NDArray[np.int32]

_SIZE_MASK = (1 << kernel.SIZE_BITS) - 1
_IN_KERNEL = np.zeros(0x8000, np.bool_)
_IN_KERNEL[list(KERNEL_KINDS)] = True


class Values:
    """Texts of the distinct values of all columns."""

    def __init__(self, data: npt.NDArray[np.uint8], memory: Dictionaries) -> None:
        entries = memory.found
        count, sizes = len(entries), memory.states[:, kernel.COUNT]
        self._first = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(sizes, out=self._first[1:])
        order = np.empty(count, np.int64)
        order[self._first[entries[:, kernel.COLUMN]] + entries[:, kernel.CODE]] = np.arange(count)
        self.kinds = entries[:, kernel.KIND][order]
        rare = np.flatnonzero(~_IN_KERNEL[self.kinds])
        texts, printed = _print(data, entries[order[rare]].tolist())
        entries[order[rare], kernel.KIND] = PLAIN
        room = 3 * int((entries[:, kernel.PLACE] & _SIZE_MASK).sum()) + 48 * count + len(printed) + 64
        out = np.empty(room, np.uint8)
        ends, odd = np.empty(count + 1, np.int32), np.empty(count, np.bool_)
        convert(data, entries, order, np.frombuffer(printed + b"\0", np.uint8), texts, out, ends, odd)
        odd[rare] = True
        self._ends, self._bytes = ends, pa.py_buffer(out[: ends[-1]].copy())
        mixed = np.zeros(count, np.bool_)
        mixed[1:] = self.kinds[1:] != self.kinds[:-1]
        mixed[self._first[:-1][sizes > 0]] = False
        suspects = np.cumsum(np.append(False, mixed | odd))
        self.ambiguous = suspects[self._first[1:]] != suspects[self._first[:-1]]

    def strings(self, column: int) -> pa.StringArray:
        """Return the distinct values of a column."""
        first, last = int(self._first[column]), int(self._first[column + 1])
        ends = self._ends[first : last + 1]
        start = int(ends[0])
        data = self._bytes.slice(start, int(ends[-1]) - start)
        return pa.StringArray.from_buffers(last - first, pa.py_buffer(ends - ends[0]), data)

    def kinds_of(self, column: int) -> npt.NDArray[np.int64]:
        """Return the types of the distinct values of a column."""
        return self.kinds[self._first[column] : self._first[column + 1]]


def _print(data: npt.NDArray[np.uint8], entries: list[list[int]]) -> tuple[npt.NDArray[np.int64], bytes]:
    """Print values that the kernel does not; return where each text ends and all texts."""
    texts = []
    for where, kind, _, _ in entries:
        at, size = where >> kernel.SIZE_BITS, where & _SIZE_MASK
        value = read_value(kind & 0xFF, data[at : at + size].tobytes())
        text = hex(value) if kind & HEXED and isinstance(value, int) else value_text(value)
        texts.append(text.encode("utf-8", "replace"))
    return np.cumsum([0, *map(len, texts)]).astype(np.int64), b"".join(texts)


class Columns:
    """Builds the columns of tables from what the kernels wrote."""

    def __init__(self, plan: Plan, cells: Cells, values: Values, memory: Dictionaries) -> None:
        self._plan, self._cells, self._values, self._states = plan, cells, values, memory.states

    def of(self, part: int) -> tuple[dict[str, Column], dict[str, Column]]:
        """Return the System columns and the payload columns of a table."""
        table = self._plan.tables[part]
        system: dict[str, Column] = {}
        data: dict[str, Column] = {}
        for index, field in enumerate(table.schema.columns, int(self._plan.first[part])):
            column = self._column(field, index, table.rows)
            if field.role == PAYLOAD:
                data[field.name] = column
            elif field.name == TIME_TEXT and isinstance(column, Text):
                _read_times(column, system)
            elif field.role == "int" and isinstance(column, Text):
                numbers = _read_numbers(column)
                if numbers.present.any():
                    system[field.name] = numbers
            elif field.name in system:
                system[field.name] = _either(system[field.name], column)
            else:
                system[field.name] = column
        return system, data

    def _column(self, field: Field, index: int, rows: int) -> Column:
        if index in self._cells.lists:
            return self._list(field, index)
        start = int(self._cells.places[index])
        if self._plan.modes[index] == kernel.NUMBER:
            valid = self._cells.valid[start : start + rows] if self._states[index, kernel.ABSENT_ROWS] else None
            return Int(self._cells.numbers[start : start + rows], valid, field.role == "time")
        return Text(*self._distinct(index, self._cells.codes[start : start + rows]))

    def _distinct(self, index: int, codes: Codes) -> tuple[Codes, pa.StringArray]:
        strings = self._values.strings(index)
        if not self._values.ambiguous[index]:
            return codes, strings
        encoded = strings.dictionary_encode()
        mapping = np.append(encoded.indices.to_numpy(zero_copy_only=False), ABSENT).astype(np.int32)
        return mapping[codes], encoded.dictionary

    def _list(self, field: Field, index: int) -> Column:
        codes, offsets = self._cells.lists[index]
        integers = np.isin(self._values.kinds_of(index), INTEGERS).all()
        codes, strings = self._distinct(index, codes)
        if field.name == NAMELESS or len(codes) >= len(offsets):
            return Text(codes, strings, offsets)
        column = Text(codes, strings)
        return _read_numbers(column) if integers else column


def _read_numbers(column: Text) -> Column:
    """Turn texts into numbers as the complete reader does: empty ones are absent, all stay text if one is none."""
    values = [parse_number(text) if text else None for text in column.values.to_pylist()]
    present = [value for value in values if value is not None]
    codes = column.codes
    if all(isinstance(value, int) and -(1 << 63) <= value < 1 << 63 for value in present):
        numbers = np.array([value or 0 for value in values] + [0], np.int64)[codes]
        valid = np.array([value is not None for value in values] + [False], np.bool_)[codes]
        return Int(numbers, None if valid.all() else valid)
    known: dict[str, int] = {}
    mapping = [ABSENT if value is None else known.setdefault(str(value), len(known)) for value in values]
    return Text(np.array([*mapping, ABSENT], np.int32)[codes], pa.array(list(known), pa.string()))


def _read_times(column: Text, system: dict[str, Column]) -> None:
    """Put times that are text under TimeCreated, and what is no time under its own name."""
    values = [parse_time(text) if text else None for text in column.values.to_pylist()]
    isint = np.array([isinstance(value, int) for value in values] + [False], np.bool_)[column.codes]
    numbers = np.array([value if isinstance(value, int) else 0 for value in values] + [0], np.int64)[column.codes]
    if isint.any():
        times: Column = Int(numbers, None if isint.all() else isint, True)
        system["TimeCreated"] = _either(system["TimeCreated"], times) if "TimeCreated" in system else times
    kept = [i if isinstance(value, str) else ABSENT for i, value in enumerate(values)]
    rest = Text(np.array([*kept, ABSENT], np.int32)[column.codes], column.values).compact()
    if rest.present.any():
        system[TIME_TEXT] = rest


def _either(first: Column, second: Column) -> Column:
    """Return a column that has the rows of both."""
    if isinstance(first, Int) and isinstance(second, Int):
        valid = first.present | second.present
        numbers = np.where(first.present, first.numbers, second.numbers)
        return Int(numbers, None if valid.all() else valid, first.time)
    return coalesce(first, second)
