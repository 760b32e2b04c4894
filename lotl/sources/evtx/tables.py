"""Records of known layouts to partitions: kinds, columns, distinct values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lotl.schema import Kind
from lotl.sources.evtx import encode_kernel as kernel
from lotl.sources.evtx.assemble import MAX_KINDS
from lotl.sources.evtx.gather import Gathered
from lotl.sources.evtx.items_kernel import list_items
from lotl.sources.evtx.schemas import Schema, schema_of
from lotl.sources.evtx.shapes import Ints, Shapes
from lotl.sources.evtx.values import utf16_text

_SPARSE: Final = 16
_SMALL: Final = 1 << 20


@dataclass(slots=True)
class Table:
    """Records of one kind: their numbers in the block, uses (first one first), and the schema."""

    kind: Kind
    uses: list[int]
    schema: Schema
    rows: int = 0


class Dictionaries:
    """State of the kernel's dictionaries; memory is reused from block to block."""

    def __init__(self) -> None:
        self.memory = np.zeros(0, np.int64)
        self.entries = np.empty((0, kernel.ENTRY_WORDS), np.int64)
        self._columns = 0

    def begin(self, columns: int, values: int) -> None:
        """Make room for `columns` columns of `values` values in all."""
        if len(self.entries) < values:
            self.entries = np.empty((values, kernel.ENTRY_WORDS), np.int64)
        start = kernel.FIRST_STATE + kernel.STATES * columns
        # a table has at most four cells for an entry; with the smaller ones that it outgrew, eight
        if len(self.memory) < start + 8 * values + 32 * columns:
            self.memory = np.empty(start + 8 * values + 32 * columns, np.int64)
        self.memory[:start] = 0
        self.memory[kernel.CELLS] = start
        self._columns = columns
        self.states[:, kernel.LAST_KIND] = -1

    @property
    def states(self) -> Ints:
        """State of each column, shape (columns, STATES)."""
        start = kernel.FIRST_STATE
        return self.memory[start : start + kernel.STATES * self._columns].reshape(-1, kernel.STATES)

    @property
    def found(self) -> Ints:
        """The entries, shape (entries, ENTRY_WORDS)."""
        return self.entries[: self.memory[kernel.ENTRIES]]

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The arrays as the last arguments of a kernel."""
        return self.memory, self.entries


@dataclass(slots=True)
class Input:
    """What is known of the records of a block."""

    block: Gathered
    layouts: Ints
    firsts: Ints
    slots: npt.NDArray[np.int32]
    literals: Ints
    uses: Ints = field(default_factory=lambda: np.empty(0, np.int64))


def place_literals(shapes: Shapes, data: npt.NDArray[np.uint8], at: int) -> Ints:
    """Write literals into the buffer; return place, size and number of each."""
    literals = np.zeros((max(len(shapes.literals), 1), 3), np.int64)
    raw = [str(value).encode("utf-16-le", "surrogatepass") for value in shapes.literals]
    for index, (value, text) in enumerate(zip(shapes.literals, raw, strict=True)):
        literals[index] = at, len(text), value if isinstance(value, int) and abs(value) < 1 << 63 else 0
        data[at : at + len(text)] = np.frombuffer(text, np.uint8)
        at += len(text)
    return literals


def group(records: Input, shapes: Shapes, memory: Dictionaries) -> list[Table]:
    """Find the kinds, in order of appearance; sets ``records.uses``."""
    count = len(records.layouts)
    memory.begin(2, 2 * count)
    records.uses = np.empty(count, np.int64)
    keys = np.empty((count, 4), np.int64)
    places = np.zeros(1 << max(2 * count, 2).bit_length(), np.int64)
    found = kernel.group(
        records.block.data, records.layouts, records.firsts, records.slots, shapes.heads, records.literals,
        records.uses, keys, places, *memory.arguments,
    )  # fmt: skip
    texts = _head_texts(records.block.data, memory)
    members: dict[Kind, list[int]] = {}
    for use, (_, channel, provider, event) in enumerate(keys[:found].tolist()):
        kind = Kind(texts[0][channel], texts[1][provider], None if event == kernel.NO_NUMBER else event)
        members.setdefault(kind, []).append(use)
    if len(members) > MAX_KINDS:
        records.uses[:] = -1
        return []
    sizes = np.bincount(records.uses[records.uses >= 0], minlength=found)
    layout_of = keys[:found, 0].tolist()
    tables = []
    for kind, uses in members.items():
        table = Table(kind, uses, schema_of(tuple(layout_of[use] for use in uses), shapes), int(sizes[uses].sum()))
        if table.rows * len(table.schema.columns) > _SMALL + _SPARSE * int(sizes[uses] @ table.schema.filled):
            records.uses[np.isin(records.uses, uses)] = -1
        else:
            tables.append(table)
    return tables


def _head_texts(data: npt.NDArray[np.uint8], memory: Dictionaries) -> list[list[str | None]]:
    """Return channels and providers by code; the last one, code -1, is None."""
    texts: list[list[str | None]] = [[], []]
    for where, _, column, _ in memory.found.tolist():
        place, size = where >> kernel.SIZE_BITS, where & (1 << kernel.SIZE_BITS) - 1
        texts[column].append(utf16_text(data[place : place + size].tobytes()))
    return [[*each, None] for each in texts]


class Plan:
    """All columns of all tables, numbered and placed: what `encode_kernel.encode` fills."""

    def __init__(self, tables: list[Table], uses: int) -> None:
        self.tables = tables
        self.first = np.zeros(len(tables) + 1, np.int64)
        self.first[1:] = np.cumsum([len(table.schema.columns) for table in tables])
        self.modes = np.array([c.mode for table in tables for c in table.schema.columns], np.int64)
        self.lengths = np.repeat([table.rows for table in tables], np.diff(self.first)).astype(np.int64)
        self.use_parts, self.use_sources = np.zeros(uses, np.int64), np.zeros(uses, np.int64)
        sources, kinds, at = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
        for part, table in enumerate(tables):
            columns = len(table.schema.columns)
            self.use_parts[table.uses] = part
            self.use_sources[table.uses] = at + columns * np.arange(len(table.uses))
            sources.append(table.schema.sources.ravel())
            kinds.append(table.schema.kinds.ravel())
            at += columns * len(table.uses)
        self.sources, self.kinds = np.concatenate(sources), np.concatenate(kinds)

    def place(self) -> tuple[Ints, int, int]:
        """Return the place of each column in the outputs, and the lengths of both outputs."""
        texts = np.where(self.modes == kernel.TEXT, self.lengths, 0)
        numbers = np.where(self.modes == kernel.NUMBER, self.lengths, 0)
        places = np.where(self.modes == kernel.TEXT, np.cumsum(texts) - texts, np.cumsum(numbers) - numbers)
        return places, int(texts.sum()), int(numbers.sum())


@dataclass(slots=True)
class Cells:
    """What the kernel wrote: codes of text columns, numbers with their validity, codes and offsets of lists."""

    places: Ints
    codes: npt.NDArray[np.int32]
    numbers: Ints
    valid: npt.NDArray[np.bool_]
    lists: dict[int, tuple[npt.NDArray[np.int32], Ints]] = field(default_factory=dict)


def fill(records: Input, plan: Plan, memory: Dictionaries) -> Cells:
    """Fill all columns."""
    items = [
        (int(plan.first[part]) + index, _items(records, table, index))
        for part, table in enumerate(plan.tables)
        for index in table.schema.items
    ]
    while True:
        places, texts, numbers = plan.place()
        cells = Cells(places, np.empty(texts, np.int32), np.empty(numbers, np.int64), np.empty(numbers, np.bool_))
        memory.begin(len(plan.modes), texts + sum(len(item[0]) for _, item in items))
        kernel.encode(
            records.block.data, records.uses, records.firsts, records.slots, records.literals, plan.use_parts,
            plan.use_sources, plan.sources, plan.kinds, plan.first, plan.modes, places,
            np.zeros(len(plan.tables), np.int64), cells.codes, cells.numbers, cells.valid, *memory.arguments,
        )  # fmt: skip
        wide = memory.states[:, kernel.WIDE] > 0
        if not wide.any():
            break
        plan.modes[wide] = kernel.TEXT  # numbers beyond 63 bits
    for column, (at, size, kind, offsets) in items:
        codes = np.empty(len(at), np.int32)
        kernel.encode_items(records.block.data, at, size, kind, column, codes, *memory.arguments)
        cells.lists[column] = codes, offsets
    return cells


def _items(records: Input, table: Table, column: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Return place, size and type of the items of a column, and the offsets of its rows."""
    mine = np.flatnonzero(np.isin(records.uses, table.uses))
    starts = np.zeros(int(records.uses.max(initial=0)) + 2, np.int64)
    found = dict(zip(table.uses, table.schema.items[column], strict=True))
    for use, item in found.items():
        starts[use + 1] = len(item.slots)
    starts = np.cumsum(starts)
    ordered = [found[use] for use in sorted(found)]
    slots = np.array([slot for item in ordered for slot in item.slots], np.int64)
    kinds = np.array([kind for item in ordered for kind in item.kinds], np.int64)
    offsets = np.empty(len(mine) + 1, np.int64)
    nothing = np.empty(0, np.int64)
    known = (
        records.block.data,
        mine,
        records.uses,
        records.firsts,
        records.slots,
        records.literals,
        starts,
        slots,
        kinds,
    )
    list_items(*known, offsets, nothing, nothing, nothing, False)
    places, sizes, types = (np.empty(int(offsets[-1]), np.int64) for _ in range(3))
    list_items(*known, offsets, places, sizes, types, True)
    return places, sizes, types, offsets
