"""The columns of an event kind, from the layouts that occur in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from lotl.schema import SYSTEM
from lotl.sources.evtx.encode_kernel import LISTED, NOTHING, NUMBER, TEXT
from lotl.sources.evtx.flatten import NAMELESS
from lotl.sources.evtx.format import ARRAY
from lotl.sources.evtx.layout import MICROS, Layout, Source
from lotl.sources.evtx.shapes import Ints, Shapes

PAYLOAD: Final = ""
"""`Column.role` of payload columns; System columns have their type of `lotl.schema.SYSTEM`, or "other"."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what it is, and how the kernel fills it."""

    name: str
    role: str
    mode: int


@dataclass(frozen=True, slots=True)
class Items:
    """Sources of a multi-valued column in one layout."""

    slots: tuple[int, ...]
    kinds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """Columns of a kind.

    Attributes
    ----------
    columns : list of Column
    sources, kinds : ndarray of int64, shape (layouts, columns)
    items : list of dict of int to Items
        For each column that is `LISTED`: sources by layout (index).
    filled : ndarray of int64, shape (layouts,)
        Fields of a record of the layout.
    """

    columns: list[Column]
    sources: Ints
    kinds: Ints
    items: dict[int, list[Items]]
    filled: npt.NDArray[np.int64]


def schema_of(numbers: tuple[int, ...], shapes: Shapes) -> Schema:
    """Return the columns of a kind whose records have the given layouts, in order of appearance."""
    known: Schema | None = shapes.schemas.get(numbers)
    if known is None:
        if len(shapes.schemas) > 4096:
            shapes.schemas.clear()
        layouts = [shapes.layouts[number] for number in numbers]
        known = shapes.schemas[numbers] = _build([layout for layout in layouts if layout is not None], shapes)
    return known


def _build(layouts: Sequence[Layout], shapes: Shapes) -> Schema:
    fields = [_fields(layout) for layout in layouts]
    names = list(dict.fromkeys(name for each in fields for name in each))
    columns = [Column(name, role, _mode(name, role, fields)) for role, name in names]
    sources = np.full((len(layouts), len(columns)), NOTHING, np.int64)
    kinds = np.zeros((len(layouts), len(columns)), np.int64)
    items: dict[int, list[Items]] = {i: [] for i, column in enumerate(columns) if column.mode == LISTED}
    for row, each in enumerate(fields):
        for index, column in enumerate(columns):
            found = each.get((column.role, column.name), [])
            if column.mode == LISTED:
                placed = [shapes.place(source) for source in found]
                items[index].append(Items(tuple(slot for slot, _ in placed), tuple(kind for _, kind in placed)))
            elif found:
                sources[row, index], kind = shapes.place(found[0])
                kinds[row, index] = kind & ~MICROS
    filled = np.array([sum(map(len, each.values())) for each in fields], np.int64)
    return Schema(columns, sources, kinds, items, filled)


def _fields(layout: Layout) -> dict[tuple[str, str], list[Source]]:
    """Sources by (role, name)."""
    fields: dict[tuple[str, str], list[Source]] = {}
    for name, source in layout.system.items():
        fields[SYSTEM.get(name, "other"), name] = [source]
    for name, source in layout.data:
        fields.setdefault((PAYLOAD, name), []).append(source)
    return fields


def _mode(name: str, role: str, fields: Sequence[dict[tuple[str, str], list[Source]]]) -> int:
    found = [each[role, name] for each in fields if (role, name) in each]
    if role == PAYLOAD and (
        name == NAMELESS
        or any(len(sources) > 1 for sources in found)
        or any(source.kind & ARRAY and source.kind < 0x100 for sources in found for source in sources)
    ):
        return LISTED
    return NUMBER if all(source.numeric for sources in found for source in sources) else TEXT
