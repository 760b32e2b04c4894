"""Flat dicts to partitions: for tests, other products and notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from lotl.columns import ABSENT, MISSING, NULL, Column, Int, Text
from lotl.errors import InputError
from lotl.frame import Partition
from lotl.normalise.times import to_micros
from lotl.schema import Kind

_INT64 = range(-(2**63), 2**63)


def partitions(records: Iterable[Mapping[str, Any]], source: int = 0) -> list[Partition]:
    """Make partitions of flat dicts, one per kind, in order of first appearance.

    Parameters
    ----------
    records : iterable of mappings
        Field names to str, int, float, bool, None, or lists of those. Nested mappings become ``outer.inner`` fields.
        Absent keys stay absent, lists stay multi-valued. `Channel`, `Provider_Name` and `EventID` give the kind.
    source : int
        Index of the source that the rows belong to.

    Raises
    ------
    InputError
        An item is not a mapping.
    """
    groups: dict[Kind, tuple[list[int], list[dict[str, Any]]]] = {}
    for position, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise InputError(f"a record must be a mapping, not {type(record).__name__}", where=f"record {position}")
        flat = dict(_flatten(record))
        positions, rows = groups.setdefault(_pop_kind(flat), ([], []))
        positions.append(position)
        rows.append(flat)
    return [_partition(kind, positions, rows, source) for kind, (positions, rows) in groups.items()]


def _flatten(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and depth < 32:
            yield from _flatten(value, f"{name}.", depth + 1)
        else:
            yield name, value


def _pop_kind(flat: dict[str, Any]) -> Kind:
    """Take the kind out of a record. Fields in another type than the kind's stay in the record as well."""
    channel, provider, event_id = flat.get("Channel"), flat.get("Provider_Name"), flat.get("EventID")
    for name, value, canonical in (
        ("Channel", channel, str),
        ("Provider_Name", provider, str),
        ("EventID", event_id, int),
    ):
        if type(value) is canonical:
            del flat[name]
    digits = str(event_id)
    number = int(digits) if digits.isdecimal() and len(digits) < 10 else None
    return Kind(channel if isinstance(channel, str) else None, provider if isinstance(provider, str) else None, number)


def _partition(kind: Kind, positions: list[int], rows: list[dict[str, Any]], source: int) -> Partition:
    names = dict.fromkeys(name for row in rows for name in row)
    data = {name: encode([row.get(name, MISSING) for row in rows]) for name in names}
    system: dict[str, Column] = {}
    if "TimeCreated" in data:
        times = [to_micros(row["TimeCreated"]) if "TimeCreated" in row else None for row in rows]
        if all(time is not None for time in times):
            system["TimeCreated"] = Int(np.array(times, np.int64), time=True)
            del data["TimeCreated"]
    return Partition(
        kind,
        system,
        data,
        np.full(len(rows), source, np.int32),
        np.full(len(rows), -1, np.int64),
        np.array(positions, np.int64),
    )


def encode(values: Sequence[Any]) -> Column:
    """Encode Python values as a column; `MISSING` is absent, None is null, lists and tuples are multi-valued.

    Examples
    --------
    >>> encode([4, 8]).numbers.tolist(), encode([True, 4.5, None])[1]
    ([4, 8], '4.5')
    """
    if all(type(value) is int and value in _INT64 for value in values if value is not MISSING):
        valid = np.array([value is not MISSING for value in values], np.bool_)
        numbers = np.array([0 if value is MISSING else value for value in values], np.int64)
        if valid.any():
            return Int(numbers, None if valid.all() else valid)
    interned: dict[str, int] = {}
    codes: list[int] = []
    lengths: list[int] = []
    for value in values:
        items = value if isinstance(value, list | tuple | set | frozenset) else (value,)
        codes.extend(_code(item, interned) for item in items)
        lengths.append(len(items))
    multi = any(isinstance(value, list | tuple | set | frozenset) for value in values)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64) if multi else None
    return Text(np.array(codes, np.int32), pa.array(list(interned), pa.string()), offsets)


def _code(value: Any, interned: dict[str, int]) -> int:
    if value is MISSING:
        return ABSENT
    if value is None:
        return NULL
    return interned.setdefault(to_text(value), len(interned))


def to_text(value: Any) -> str:
    """Return the text that rules compare with: booleans as in JSON, whole floats as integers, others as Python prints.

    Lone surrogates, which no UTF-8 text can hold, become U+FFFD.
    """
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, default=str, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    text = value if isinstance(value, str) else str(value)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
