"""Tables in a dialect to partitions: Windows' names, types and kinds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from lotl.columns import ABSENT, Column, Int, Rows, Text, coalesce
from lotl.frame import Partition, merge
from lotl.normalise.dialects import convert
from lotl.normalise.dialects.base import Dialect
from lotl.normalise.dialects.detect import detect, unwrap
from lotl.normalise.dialects.expand import expand
from lotl.normalise.dialects.resolve import Resolved, resolve
from lotl.normalise.dialects.shape import Table, constants, too_sparse
from lotl.normalise.dialects.types import CHANNELS, GUIDS
from lotl.schema import SYSTEM, Kind

_KIND: Final = ("Channel", "Provider_Name", "EventID")
_WORDED: Final = frozenset(("Level", "Task", "Opcode", "Version", "Keywords"))


@dataclass
class Assembled:
    """Partitions, and what there is to say about them.

    Attributes
    ----------
    partitions : list of Partition
        One for each kind (more where they have next to no fields in common), rows in the order of source and position.
    unknown : list of (source, positions)
        Records of no known dialect.
    failed : list of (source, position, why)
        Records of which a part could not be read.
    lossy : set of int
        Sources in a dialect that does not keep all of an event.
    dialects : set of str
    """

    partitions: list[Partition] = field(default_factory=list)
    unknown: list[tuple[int, Rows]] = field(default_factory=list)
    failed: list[tuple[int, int, str]] = field(default_factory=list)
    lossy: set[int] = field(default_factory=set)
    dialects: set[str] = field(default_factory=set)


def assemble(tables: Iterable[Table], dialect: Dialect | None = None) -> Assembled:
    """Turn tables into partitions.

    Parameters
    ----------
    tables : iterable of Table
        Of any dialects, each recognised by its names.
    dialect : Dialect, optional
        Take all tables for this dialect.
    """
    result = Assembled()
    found: list[Partition] = []
    for table in tables:
        table.columns = {unwrap(name): column for name, column in table.columns.items()}
        known = dialect or detect(tuple(table.columns))
        for name, values in known.drop_values.items() if known else ():
            if name in table.columns:
                table.columns[name] = convert.without(table.columns[name], values)
        if known is None:
            result.unknown += [(int(s), table.position[table.source == s]) for s in np.unique(table.source)]
            continue
        parts, failed = expand(table, known)
        result.failed += [(int(table.source[row]), int(table.position[row]), why) for row, why in failed]
        result.dialects.add(known.name)
        for part in parts:
            found += _partitions(part, known, result)
    by_kind: dict[Kind, list[Partition]] = {}
    for partition in found:
        by_kind.setdefault(partition.kind, []).append(partition)
    result.partitions = [_ordered(merge(group)) for parts in by_kind.values() for group in _groups(parts)]
    return result


def _groups(parts: list[Partition]) -> Iterator[list[Partition]]:
    """Yield partitions of one kind that can be one without most of its cells being empty."""
    if len(parts) == 1:
        yield parts
        return
    held: list[Partition] = []
    names: set[str] = set()
    rows = filled = 0
    for part in parts:
        cells = sum(int(column.present.sum()) for column in part.data.values())
        if held and too_sparse(rows + len(part), len(names | part.data.keys()), filled + cells):
            yield held
            held, names, rows, filled = [], set(), 0, 0
        held.append(part)
        names.update(part.data)
        rows += len(part)
        filled += cells
    yield held


def _ordered(partition: Partition) -> Partition:
    order = np.lexsort((partition.position, partition.source))
    if (np.diff(order) == 1).all():
        return partition
    return partition.take(order)


def _partitions(table: Table, dialect: Dialect, result: Assembled) -> list[Partition]:
    names = tuple(table.columns)
    to = resolve(dialect, names, None)
    system, extra = _system(table, to, dialect)
    if dialect.kind_field:
        system.update(_kind_columns(table.columns.get(dialect.kind_field), dialect, len(table)))
    system.update({n: c for n, c in constants(dialect.constants.items(), len(table)).items() if n not in system})
    prefix = dialect.lossy_prefix
    if dialect.lossy or (prefix and any(name.startswith(prefix) for name in names)):
        result.lossy.update(np.unique(table.source).tolist())
    parts = []
    for kind, rows in _kinds(system, len(table)):
        whole = len(rows) == len(table)
        part = table if whole else table.take(rows)
        mine = {n: c if whole else c.take(rows) for n, c in system.items() if n not in _KIND}
        words = {n: c if whole else c.take(rows) for n, c in extra.items()}
        parts.append(_partition(kind, part, mine, words, dialect, result))
    return parts


def _partition(
    kind: Kind, table: Table, system: dict[str, Column], words: dict[str, Column], dialect: Dialect, result: Assembled
) -> Partition:
    to = resolve(dialect, tuple(table.columns), kind.event_id)
    data: dict[str, Column] = {}
    for name, paths in to.data.items():
        column = _first(table, paths)
        if column.present.any():
            data[name] = convert.payload(name, column, kind.provider, empty_nulls=dialect.empty_nulls)
    if not data and to.message:
        data["Message"] = table.columns[to.message]
        result.lossy.update(np.unique(table.source).tolist())
    data.update({name: column for name, column in words.items() if column.present.any()})
    record = system.get("EventRecordID")
    ids = np.full(len(table), -1, np.int64)
    if isinstance(record, Int):
        ids = np.where(record.present, record.numbers, ids)
    known = {name: column for name, column in system.items() if column.present.any()}
    return Partition(kind, known, data, table.source, ids, table.position)


def _first(table: Table, paths: list[str]) -> Column:
    column = table.columns[paths[0]]
    for path in paths[1:]:
        column = coalesce(column, table.columns[path])
    return column


def _system(table: Table, to: Resolved, dialect: Dialect) -> tuple[dict[str, Column], dict[str, Column]]:
    """Return the System columns, typed, and words that stand where System has numbers."""
    system: dict[str, Column] = {}
    words: dict[str, Column] = {}
    for name, paths in to.system.items():
        for path in paths:
            column, rest = _typed(name, convert.without_nulls(table.columns[path]), dialect)
            if rest is not None and name in _WORDED:
                words.setdefault(f"RenderingInfo_{name}", rest)
            if column is not None and column.present.any():
                system[name] = coalesce(system[name], column) if name in system else column
    return system, words


def _typed(name: str, column: Column, dialect: Dialect) -> tuple[Column | None, Text | None]:
    kind = SYSTEM.get(name)
    if kind == "time":
        return convert.times(column, dialect.time_format), None
    if name == "Keywords":
        return convert.keywords(column)
    if kind == "int":
        return convert.system_numbers(column)
    text = column.text()
    return (convert.mapped(text, convert.in_braces) if name in GUIDS else text), None


def _kind_columns(column: Column | None, dialect: Dialect, length: int) -> dict[str, Column]:
    """Return the columns of the kind, looked up by the distinct values of the field that says it."""
    if column is None or column.text().offsets is not None:
        return {}
    text = column.text()
    kinds = [dialect.kinds.get(value) for value in text.values.to_pylist()]
    known = np.array([*(kind is not None for kind in kinds), False, False])[text.codes]
    if not known.any():
        return {}
    columns: dict[str, Column] = {}
    for place, name in enumerate(_KIND[:2]):
        texts: dict[str, int] = {}
        codes = [ABSENT if k is None else texts.setdefault(str(k[place]), len(texts)) for k in kinds]
        table = np.array([*codes, ABSENT, ABSENT], np.int32)
        columns[name] = Text(table[text.codes], pa.array(list(texts), pa.string()))
    ids = np.array([*(0 if k is None else k[2] for k in kinds), 0, 0], np.int64)[text.codes]
    columns["EventID"] = Int(ids, None if known.all() else known)
    return columns


def _kinds(system: dict[str, Column], length: int) -> list[tuple[Kind, Rows]]:
    """Return the kinds in order of first appearance, with their rows."""
    columns = [system[name].text() if name in system else None for name in _KIND]
    keys = np.zeros(length, np.int64)
    for column in columns:
        if column is not None and column.offsets is None:
            keys = keys * (len(column.values) + 2) + column.codes + 2
    encoded = pa.array(keys).dictionary_encode()
    if len(encoded.dictionary) == 1:
        return [(_kind(columns, 0), np.arange(length, dtype=np.int64))]
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    bounds = np.flatnonzero(np.diff(codes[order])) + 1
    split: dict[Kind, list[Rows]] = {}
    for rows in np.split(order, bounds):
        split.setdefault(_kind(columns, int(rows[0])), []).append(rows)
    return [(kind, np.sort(np.concatenate(rows)).astype(np.int64)) for kind, rows in split.items()]


def _kind(columns: list[Text | None], row: int) -> Kind:
    channel, provider, event_id = (None if c is None or c.offsets is not None else c[row] for c in columns)
    known = provider if isinstance(provider, str) else None
    digits = str(event_id)
    return Kind(
        channel if isinstance(channel, str) else CHANNELS.get(known or ""),
        known,
        int(digits) if digits.isdecimal() and len(digits) < 10 else None,
    )
