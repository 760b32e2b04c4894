"""Objects to columns, shape by shape.

Objects with the same keys are one *shape*: their values are turned into columns by functions that run in C, and a
value is looked at once per distinct value. Nested objects become paths (``winlog.event_data.Image``), and belong to
the shape. Types may differ from record to record and field to field; nothing here fails because of that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final

import numpy as np
import pyarrow as pa

from lotl.columns import ABSENT, MISSING, NULL, Codes, Column, Int, Rows, Text
from lotl.normalise.dialects.base import SIZES
from lotl.normalise.dialects.resolve import rendered
from lotl.normalise.records import encode, to_text

MAX_DEPTH: Final = 12
MAX_SHAPES: Final = 512
"""Shapes of one block that get tables of their own; rarer ones share tables."""
SPARSE: Final = 16
SMALL: Final = 1 << 17
_LABELS: Final = ("@Name", "Name", "name")
_TEXTS: Final = ("#text", "text", "Text", "Value", "value", "content")
_MAX_FIELDS, _MAX_NAMES = SIZES


@dataclass
class Table:
    """Records of one shape as columns.

    Attributes
    ----------
    columns : dict of str to Column
        By path.
    source : ndarray of int32, shape (n,)
    position : ndarray of int64, shape (n,)
    """

    columns: dict[str, Column]
    source: Codes
    position: Rows

    def __len__(self) -> int:
        return len(self.position)

    def take(self, rows: Rows) -> Table:
        """Return the given rows; columns that none of them has are dropped."""
        taken = {name: column.take(rows) for name, column in self.columns.items()}
        return Table({n: c for n, c in taken.items() if c.present.any()}, self.source[rows], self.position[rows])


class Cells:
    """One column while it grows: pieces of codes, numbers, or lists of codes."""

    __slots__ = ("_known", "_lengths", "_pieces", "_plain")

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._pieces: list[np.ndarray[Any, Any]] = []
        self._lengths: list[np.ndarray[Any, Any] | None] = []
        self._plain = True

    def add(self, values: Sequence[Any], distinct: dict[Any, Any]) -> None:
        """Add values without objects and lists; `distinct` has them as keys, and is used up."""
        kinds = set(map(type, distinct))
        if kinds != {str}:
            kinds = set(map(type, values))  # 1, 1.0 and True are one key
            if kinds == {int} and self._numbers(values):
                return
            if not kinds <= {str, type(None)}:
                values = [value if value is None else to_text(value) for value in values]
                distinct = dict.fromkeys(values)
        known = self._known
        for value in distinct:
            distinct[value] = NULL if value is None else known.setdefault(value, len(known))
        self._append(np.fromiter(map(distinct.__getitem__, values), np.int32, len(values)), None)

    def _numbers(self, values: Sequence[int]) -> bool:
        try:
            self._append(np.fromiter(values, np.int64, len(values)), None)
        except OverflowError:
            return False
        return True

    def add_lists(self, values: Sequence[Any]) -> None:
        """Add values of which some are lists."""
        self._plain = False
        known = self._known
        codes: list[int] = []
        lengths: list[int] = []
        for value in values:
            items = value if isinstance(value, list) else [value]
            lengths.append(len(items))
            codes += [NULL if item is None else known.setdefault(to_text(item), len(known)) for item in items]
        self._append(np.array(codes, np.int32), np.array(lengths, np.int64))

    def _append(self, piece: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any] | None) -> None:
        self._pieces.append(piece)
        self._lengths.append(lengths)

    def column(self) -> Column:
        """Return what was added."""
        if self._plain and all(piece.dtype == np.int64 for piece in self._pieces):
            return Int(np.concatenate(self._pieces))
        pieces = [piece if piece.dtype == np.int32 else self._texts(piece) for piece in self._pieces]
        codes = np.concatenate(pieces) if len(pieces) > 1 else pieces[0]
        values = pa.array(list(self._known), pa.string())
        if self._plain:
            return Text(codes, values)
        lengths = [np.ones(len(p), np.int64) if n is None else n for p, n in zip(pieces, self._lengths, strict=True)]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(lengths))])
        return Text(codes, values, offsets)

    def _texts(self, numbers: np.ndarray[Any, Any]) -> Codes:
        known = self._known
        return np.fromiter((known.setdefault(str(n), len(known)) for n in numbers.tolist()), np.int32, len(numbers))


def too_sparse(rows: int, names: int, filled: int) -> bool:
    """Say whether a table is large and mostly empty: a hostile log could ask for any number of empty cells."""
    return rows * names > SMALL + SPARSE * filled


class _Pool:
    """Records of rare shapes in one table."""

    def __init__(self) -> None:
        self._cells: dict[str, tuple[list[int], list[Any]]] = {}
        self._source: list[int] = []
        self._position: list[int] = []
        self._filled = 0

    @property
    def full(self) -> bool:
        """Whether the next record should begin another table."""
        return too_sparse(len(self._source), len(self._cells), self._filled)

    def new(self, names: Iterable[str]) -> int:
        """Return how many of the names the table does not have."""
        return sum(name not in self._cells for name in names)

    def add(self, record: dict[str, Any], source: int, position: int) -> None:
        row = len(self._source)
        self._source.append(source)
        self._position.append(position)
        self._filled += len(record)
        for name, value in record.items():
            rows, values = self._cells.setdefault(name, ([], []))
            rows.append(row)
            values.append(value)

    def table(self) -> Table:
        columns: dict[str, Column] = {}
        for name, (rows, values) in self._cells.items():
            column: list[Any] = [MISSING] * len(self._source)
            for row, value in zip(rows, values, strict=True):
                column[row] = value
            columns[name] = encode(column)
        return Table(columns, np.array(self._source, np.int32), np.array(self._position, np.int64))


@dataclass
class _Shape:
    cells: dict[str, Cells]
    source: list[Codes] = field(default_factory=list)
    position: list[Rows] = field(default_factory=list)


class Shapes:
    """Collects records and gives them back as one table per shape.

    Parameters
    ----------
    keep_all : bool
        Keep the rendered text of events that have fields as well.
    """

    def __init__(self, *, keep_all: bool = False) -> None:
        self._keep_all = keep_all
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._orders: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._pools: list[_Pool] = []
        self._names = 0

    def add(self, records: Sequence[dict[str, Any]], source: int, position: Rows) -> list[tuple[int, str]]:
        """Add records.

        Parameters
        ----------
        records : sequence of dict
        source : int
            Index of their file.
        position : ndarray of int64, shape (n,)

        Returns
        -------
        list of (int, str)
            Records that could not be taken: index, and why.
        """
        groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for index, record in enumerate(records):
            groups[tuple(record)].append(index)
        refused: list[tuple[int, str]] = []
        merged: dict[tuple[str, ...], list[int]] = {}
        for keys, members in groups.items():
            if len(keys) > _MAX_FIELDS:
                refused += [(index, f"it has {len(keys):,} fields, more than {_MAX_FIELDS:,}") for index in members]
            elif keys:
                merged.setdefault(self._order(keys), []).extend(members)
        for keys, members in merged.items():
            rows = [records[index] for index in members] if len(members) < len(records) else records
            refused += self._shape(_transpose(rows, keys), np.array(members, np.int64), source, position, 0)
        return refused

    def _order(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Return the keys in the order in which they were first seen: one shape, whatever the order."""
        found = self._orders.get(keys)
        if found is None:
            # bounded: a hostile log could write its keys in any number of orders
            found = self._orders.setdefault(tuple(sorted(keys)), keys)
            if len(self._orders) < _MAX_NAMES:
                self._orders[keys] = found
        return found

    def _shape(
        self, columns: dict[str, Sequence[Any]], members: Rows, source: int, position: Rows, depth: int
    ) -> list[tuple[int, str]]:
        distinct: dict[str, dict[Any, Any]] = {}
        prose = "" if self._keep_all else rendered(tuple(columns))
        lists: list[str] = []
        objects: list[str] = []
        for name, values in columns.items():
            try:
                distinct[name] = {} if name == prose else dict.fromkeys(values)
            except TypeError:
                values = columns[name] = [named(value) if type(value) is list else value for value in values]
                (objects if any(type(value) is dict for value in values) else lists).append(name)
        if objects:
            return self._nested(columns, objects, members, source, position, depth)
        shape = self._of(tuple(columns))
        if shape is None:
            return self._pooled(columns, members, source, position)
        for name, keys in distinct.items():
            if name in shape.cells:
                shape.cells[name].add(columns[name], keys)
        for name in lists:
            if name in shape.cells:
                shape.cells[name].add_lists(columns[name])
        shape.source.append(np.full(len(members), source, np.int32))
        shape.position.append(position[members])
        return []

    def _of(self, names: tuple[str, ...]) -> _Shape | None:
        shape = self._shapes.get(names)
        if shape is None and len(self._shapes) < MAX_SHAPES:
            prose = "" if self._keep_all else rendered(names)
            shape = self._shapes[names] = _Shape({name: Cells() for name in names if name != prose})
        return shape

    def _pooled(
        self, columns: dict[str, Sequence[Any]], members: Rows, source: int, position: Rows
    ) -> list[tuple[int, str]]:
        refused = []
        for index, values in zip(members.tolist(), zip(*columns.values(), strict=True), strict=True):
            if not self._pools or self._pools[-1].full:
                self._pools.append(_Pool())
            new = self._pools[-1].new(columns)
            if self._names + new > _MAX_NAMES:
                refused.append((index, f"its block has more than {_MAX_NAMES:,} names of fields"))
                continue
            self._names += new
            self._pools[-1].add(dict(zip(columns, values, strict=True)), source, int(position[index]))
        return refused

    def _nested(
        self,
        columns: dict[str, Sequence[Any]],
        objects: list[str],
        members: Rows,
        source: int,
        position: Rows,
        depth: int,
    ) -> list[tuple[int, str]]:
        """Split rows by the keys of their nested objects, and go on with those as columns."""
        if depth == MAX_DEPTH:
            return [(index, f"it is nested deeper than {MAX_DEPTH} levels") for index in members.tolist()]
        groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for index, keys in enumerate(zip(*(map(self._keys, columns[name]) for name in objects), strict=True)):
            groups[keys].append(index)
        refused: list[tuple[int, str]] = []
        for keys, rows in groups.items():
            if len(columns) + sum(len(inner or ()) for inner in keys) > _MAX_FIELDS:
                refused += [(int(members[row]), f"it has more than {_MAX_FIELDS:,} fields") for row in rows]
                continue
            flat: dict[str, Sequence[Any]] = {}
            whole = len(rows) == len(members)
            for name, values in columns.items():
                taken = values if whole else [values[row] for row in rows]
                inner = keys[objects.index(name)] if name in objects else None
                if inner is None:
                    flat[name] = taken
                else:
                    flat.update({f"{name}.{key}": column for key, column in _transpose(taken, inner).items()})
            if flat:
                refused += self._shape(flat, members[np.array(rows)], source, position, depth + 1)
        return refused

    def _keys(self, value: Any) -> tuple[str, ...] | None:
        return self._order(tuple(value)) if type(value) is dict else None

    def tables(self) -> list[Table]:
        """Return what was added, shapes in order of first appearance, rare ones last."""
        return [
            Table(
                {name: cells.column() for name, cells in shape.cells.items()},
                np.concatenate(shape.source),
                np.concatenate(shape.position),
            )
            for shape in self._shapes.values()
        ] + [pool.table() for pool in self._pools]


def _transpose(rows: Sequence[dict[str, Any]], keys: tuple[str, ...]) -> dict[str, Sequence[Any]]:
    if not keys:
        return {}
    if len(keys) == 1:
        return {keys[0]: [row[keys[0]] for row in rows]}
    return dict(zip(keys, zip(*map(itemgetter(*keys), rows), strict=True), strict=True))


def named(items: list[Any]) -> Any:
    """Turn ``[{"@Name": n, "#text": v}, …]`` into ``{n: v, …}``, and ``[{"Value": v}, …]`` into ``[v, …]``."""
    if not items or not all(type(item) is dict for item in items):
        return items
    first = items[0]
    text = next((key for key in _TEXTS if key in first), None)
    label = next((key for key in _LABELS if key in first), None)
    if label is None:
        return [item[text] for item in items] if text and all(text in item for item in items) else items
    pairs = [(item.get(label), item.get(text) if text else None) for item in items]
    if not all(isinstance(name, str) for name, _ in pairs):
        return items
    named: dict[str, Any] = {}
    for name, value in pairs:
        if name in named:
            held = named[name]
            named[name] = [*held, value] if isinstance(held, list) else [held, value]
        else:
            named[str(name)] = value
    return named


def absent(length: int) -> Text:
    """Return a column that no row has."""
    return Text(np.full(length, ABSENT, np.int32), pa.array([], pa.string()))


def constants(values: Iterable[tuple[str, str | int]], length: int) -> dict[str, Column]:
    """Return columns that have the same value in every row."""
    return {
        name: Int(np.full(length, value, np.int64)) if isinstance(value, int) else Text.constant(value, length)
        for name, value in values
    }
