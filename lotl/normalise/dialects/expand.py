"""Columns whose text is itself a record: Splunk's ``_raw``, EvtxECmd's ``Payload``, Sentinel's ``EventData`` …"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import orjson

from lotl.columns import Column, Int
from lotl.normalise.dialects import xmltext
from lotl.normalise.dialects.base import Dialect
from lotl.normalise.dialects.positions import field_names
from lotl.normalise.dialects.shape import Shapes, Table

_LINE: Final = re.compile(r"^([A-Za-z][\w ]{0,60})=(.*)$")
_LABEL: Final = re.compile(r"^\s*([A-Za-z][\w /()-]{0,60}):[ \t]*(.*)$")
_MESSAGE: Final = "Message"
_MAX_TEXT: Final = 1 << 24


def expand(table: Table, dialect: Dialect) -> tuple[list[Table], list[tuple[int, str]]]:
    """Return tables with the fields that a text column of `table` holds, and the rows whose text cannot be read.

    Rows whose text cannot be read stay, with the columns that they have beside it.
    """
    tables: list[Table] = [table]
    failed: list[tuple[int, str]] = []
    for path, how in dialect.texts.items():
        if path not in table.columns:
            continue
        following: list[Table] = []
        for each in tables:
            if path not in each.columns:
                following.append(each)
                continue
            parts, wrong = _expand(each, path, how, dialect)
            following += parts
            failed += wrong
        tables = following
    return tables, failed


def _expand(table: Table, path: str, how: str, dialect: Dialect) -> tuple[list[Table], list[tuple[int, str]]]:
    column = table.columns[path]
    rest = {name: other for name, other in table.columns.items() if name != path}
    failed: list[tuple[int, str]] = []
    if how == "properties":
        records = _properties(column, table, dialect)
    else:
        records, failed = _texts(column, _READERS[how])
    shapes = Shapes()
    filled = [row for row, record in enumerate(records) if record]
    refused = shapes.add([records[row] for row in filled], 0, np.array(filled, np.int64)) if filled else []
    failed += [(filled[index], why) for index, why in refused]
    parts, seen = [], np.zeros(len(table), np.bool_)
    for part in shapes.tables():
        rows = part.position
        seen[rows] = True
        outer = Table(rest, table.source, table.position).take(rows)
        outer.columns.update(part.columns)
        parts.append(outer)
    if not seen.all():
        parts.append(Table(rest, table.source, table.position).take(np.flatnonzero(~seen)))
    return parts, failed


def _texts(column: Column, read: Callable[[str], dict[str, Any]]) -> tuple[list[Any], list[tuple[int, str]]]:
    """Read the distinct texts of a column; returns a record (or None) for each row, and the rows that failed."""
    text = column.text()
    if text.offsets is not None:
        return [None] * len(text), []
    found: list[Any] = []
    wrong: dict[int, str] = {}
    for code, value in enumerate(text.values.to_pylist()):
        try:
            found.append(read(value) if value.strip() and len(value) <= _MAX_TEXT else None)
        except (ValueError, RecursionError) as error:
            found.append(None)
            wrong[code] = str(error)
    found += [None, None]
    codes = text.codes.tolist()
    return [found[code] for code in codes], [(row, wrong[code]) for row, code in enumerate(codes) if code in wrong]


def _json(text: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"its payload is no JSON: {error}") from error
    if not isinstance(value, dict) or not value:
        return {}
    data = value.get("EventData")
    if isinstance(data, dict) and isinstance(data.get("Data"), dict):
        data["Data"] = [data["Data"]]  # one element is written without its list
    return {"Payload": value}


def _event(text: str) -> dict[str, Any]:
    start = text.find("<Event")
    if 0 <= start < 256:
        return xmltext.event(text[start:].rstrip())
    return _key_values(text)


def _key_values(text: str) -> dict[str, Any]:
    """Read Splunk's classic rendering: ``key=value`` lines, then the message with its ``Label: value`` lines.

    Labels become field names without spaces, under the section that they stand in when a label comes twice.
    """
    found: dict[str, Any] = {}
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines):
        match = _LINE.match(line)
        if match and match[1] == _MESSAGE:
            found[_MESSAGE] = "\n".join([match[2], *lines[number + 1 :]])
            found.update(_labels(lines[number + 1 :]))
            break
        if match:
            found[match[1]] = match[2]
        elif number == 0 and line.strip():
            found["_time"] = line.strip()
    return found


def _labels(lines: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    section = ""
    for line in lines:
        match = _LABEL.match(line)
        if match is None:
            continue
        name, value = match[1].replace(" ", ""), match[2].strip()
        if not value:
            section = name
        elif f"Fields.{name}" in found:
            found[f"Fields.{section}{name}"] = value
        else:
            found[f"Fields.{name}"] = value
    return found


def _properties(column: Column, table: Table, dialect: Dialect) -> list[Any]:
    """Give values without names the names that the event has at their positions."""
    if isinstance(column, Int) or column.offsets is None:
        return [None] * len(column)
    system = {target: path for path, target in dialect.system.items() if path in table.columns}
    ids, providers = (table.columns.get(system.get(name, "")) for name in ("EventID", "Provider_Name"))
    texts = [*column.values.to_pylist(), "", ""]
    items = [texts[code] for code in column.codes.tolist()]
    bounds, present = column.offsets.tolist(), column.present.tolist()
    keys = zip(_cells(providers, len(column)), _cells(ids, len(column)), strict=True)
    records: list[Any] = []
    for row, (provider, event_id) in enumerate(keys):
        values = items[bounds[row] : bounds[row + 1]] if present[row] else []
        names = field_names(provider, event_id, len(values))
        if names:
            records.append({f"Properties.{name}": value for name, value in zip(names, values, strict=True)})
        else:
            records.append({"Properties.Data": values} if values else None)
    return records


def _cells(column: Column | None, length: int) -> list[str]:
    if column is None or column.text().offsets is not None:
        return [""] * length
    text = column.text()
    texts = [*text.values.to_pylist(), "", ""]
    return [texts[code] for code in text.codes.tolist()]


_READERS: Final[dict[str, Callable[[str], dict[str, Any]]]] = {
    "json": _json,
    "event": _event,
    "fields": xmltext.fields,
}
