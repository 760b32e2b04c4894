"""Values of text formats to values as EVTX has them: over distinct values only."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lotl.columns import ABSENT, NULL, Column, Int, Text
from lotl.normalise.dialects.types import BOOLEANS, GUIDS, NUMBERS, TEXT_NUMBERS
from lotl.normalise.times import to_micros
from lotl.schema import HEX_FIELDS

_DECIMAL: Final = re.compile(r"(?:0|-?[1-9][0-9]{0,17})\Z")
_NUMBER: Final = re.compile(r"(?:0[xX][0-9a-fA-F]{1,15}|-?[0-9]{1,18})\Z")
_GUID: Final = re.compile(r"\{?([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})\}?\Z")
_HEX: Final = re.compile(r"0[xX]0*([0-9a-fA-F]+)\Z")
_NET_DATE: Final = re.compile(r"\\?/Date\((-?\d{1,16})(?:[+-]\d{4})?\)\\?/\Z")
_US_DATE: Final = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S")
_ISO: Final = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?$"
_ISO_LENGTH: Final = 26


def payload(name: str, column: Column, provider: str | None, *, empty_nulls: bool = False) -> Column:
    """Return a payload column with the types and the spelling that Windows' own record has."""
    if isinstance(column, Int):
        return column
    if empty_nulls:
        column = fill_nulls(column)
    if name == "Data":
        return as_lists(column)
    if column.offsets is not None:
        return column
    if name in NUMBERS and name not in TEXT_NUMBERS.get(provider or "", ()):
        return numbers(column)
    if name in GUIDS or name[-4:].lower() == "guid":
        return mapped(column, guid)
    if name in HEX_FIELDS:
        return mapped(column, unpadded)
    if name in BOOLEANS:
        return mapped(column, lambda text: text.lower() if text.lower() in ("true", "false") else text)
    return column


def mapped(column: Text, change: Callable[[str], str]) -> Text:
    """Change the distinct values of a column."""
    old = column.values.to_pylist()
    new = [change(text) for text in old]
    if new == old:
        return column
    known: dict[str, int] = {}
    table = np.array([*(known.setdefault(text, len(known)) for text in new), NULL, ABSENT], np.int32)
    return Text(table[column.codes], pa.array(list(known), pa.string()), column.offsets)


def guid(text: str) -> str:
    """Return a GUID in braces and upper case; other text as it is.

    Examples
    --------
    >>> guid("a158f72c-4a97-5de8-0000-00105c300200")
    '{A158F72C-4A97-5DE8-0000-00105C300200}'
    """
    match = _GUID.match(text)
    return f"{{{match[1].upper()}}}" if match else text


def in_braces(text: str) -> str:
    """Return a GUID in braces; one that has them stays as the record has it."""
    return text if text.startswith("{") else guid(text)


def unpadded(text: str) -> str:
    """Return a hex number as Windows prints it; other text as it is.

    Examples
    --------
    >>> unpadded("0x00000000000003E7"), unpadded("%%1936")
    ('0x3e7', '%%1936')
    """
    match = _HEX.match(text)
    return f"0x{match[1].lower()}" if match else text


def numbers(column: Text) -> Column:
    """Return decimal text as numbers; the column as it is where a value is no number."""
    texts = column.values.to_pylist()
    if not texts or not all(map(_DECIMAL.match, texts)) or (column.codes == NULL).any():
        return column
    table = np.array([*map(int, texts), 0, 0], np.int64)
    present = column.codes != ABSENT
    return Int(table[column.codes], None if present.all() else present)


def system_numbers(column: Column) -> tuple[Int | None, Text | None]:
    """Split a System column into its numbers and the rest, which are words."""
    if isinstance(column, Int):
        return column, None
    if column.offsets is not None:
        return None, column
    texts = column.values.to_pylist()
    good = np.array([*(_NUMBER.match(text) is not None for text in texts), False, False])
    values = [int(t, 16) if t[:2] in ("0x", "0X") else int(t) for t in (t if _NUMBER.match(t) else "0" for t in texts)]
    is_number = good[column.codes]
    table = np.array([*values, 0, 0], np.int64)
    found = Int(table[column.codes], None if is_number.all() else is_number) if is_number.any() else None
    words = np.array([*(not g and bool(t) for g, t in zip(good[:-2], texts, strict=True)), False, False])[column.codes]
    kept = np.where(words, column.codes, ABSENT).astype(np.int32)
    return found, Text(kept, column.values).compact() if words.any() else None


def times(column: Column, time_format: str = "") -> Int | None:
    """Return points in time as µs since 1970 UTC; None where no value is one."""
    if isinstance(column, Int):
        if column.time:
            return column
        column = column.text()
    if column.offsets is not None or not len(column.values):
        return None
    moments, good = _moments(column.values, time_format)
    valid = np.append(good, [False, False])[column.codes]
    if not valid.any():
        return None
    return Int(np.append(moments, [0, 0])[column.codes], None if valid.all() else valid, time=True)


def _moments(values: pa.StringArray, time_format: str) -> tuple[np.ndarray, np.ndarray]:
    if not time_format and pc.all(pc.match_substring_regex(values, _ISO)).as_py():
        try:
            cut = pc.replace_substring(pc.utf8_slice_codeunits(values, 0, _ISO_LENGTH), "Z", "")
            found = np.array(cut.to_pylist(), "datetime64[us]").astype(np.int64)
            return found, np.ones(len(found), np.bool_)
        except ValueError:
            pass  # the 31st of February: one by one
    each = [_moment(text, time_format) for text in values.to_pylist()]
    return np.array([m or 0 for m in each], np.int64), np.array([m is not None for m in each])


def _moment(text: str, time_format: str) -> int | None:
    if time_format:
        return _parsed(text, time_format)
    match = _NET_DATE.match(text)
    if match:
        return int(match[1]) * 1000
    try:
        found = to_micros(float(text)) if text.replace(".", "", 1).isdecimal() and len(text) < 25 else to_micros(text)
    except (ValueError, OverflowError):
        return None
    if found is not None:
        return found
    return next((moment for shape in _US_DATE if (moment := _parsed(text, shape)) is not None), None)


def _parsed(text: str, time_format: str) -> int | None:
    try:
        moment = datetime.strptime(text, time_format)
    except ValueError:
        return None
    return to_micros(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def keywords(column: Column) -> tuple[Text | None, Text | None]:
    """Return Keywords as an unpadded hex number, as Windows prints it, and what are words instead.

    Examples
    --------
    >>> keywords(Text.of(["-9223372036854775808", "0x80000000000000", "Audit Success"]))[0].values.to_pylist()
    ['0x8000000000000000', '0x80000000000000']
    """
    text = column.text()
    if text.offsets is not None:
        return None, text
    masks = [_mask(value) for value in text.values.to_pylist()]
    good = np.array([*(mask is not None for mask in masks), False, False])[text.codes]
    known: dict[str, int] = {}
    table = np.array([*(known.setdefault(m, len(known)) if m else ABSENT for m in masks), ABSENT, ABSENT], np.int32)
    found = Text(table[text.codes], pa.array(list(known), pa.string())) if good.any() else None
    rest = ~good & (text.codes >= 0)
    words = Text(np.where(rest, text.codes, ABSENT).astype(np.int32), text.values).compact() if rest.any() else None
    return found, words


def _mask(text: str) -> str | None:
    match = _HEX.match(text)
    if match:
        number = int(match[1], 16)
    elif text[:20].lstrip("-").isdecimal() and len(text) <= 20 and text.isascii():
        number = int(text)
    else:
        return None
    return f"0x{number & (1 << 64) - 1:x}" if -(1 << 63) <= number < 1 << 64 else None


def without(column: Column, values: frozenset[str]) -> Column:
    """Return the column with some values absent."""
    text = column.text()
    gone = np.array([*(value in values for value in text.values.to_pylist()), False, False])[text.codes]
    if text.offsets is not None or not gone.any():
        return column
    return Text(np.where(gone, ABSENT, text.codes).astype(np.int32), text.values).compact()


def fill_nulls(column: Text) -> Text:
    """Return the column with empty text for nulls."""
    nulls = column.codes == NULL
    if not nulls.any():
        return column
    found = column.values.to_pylist()
    place = found.index("") if "" in found else len(found)
    values = column.values if place < len(found) else pa.array([*found, ""], pa.string())
    return Text(np.where(nulls, place, column.codes).astype(np.int32), values, column.offsets)


def as_lists(column: Text) -> Text:
    """Return the column as a multi-valued one."""
    if column.offsets is not None:
        return column
    return Text(column.codes, column.values, np.arange(len(column.codes) + 1, dtype=np.int64))


def without_nulls(column: Column) -> Column:
    """Return the column with nulls and empty text absent."""
    if isinstance(column, Int) or column.offsets is not None:
        return column
    empty = np.array([*(not text for text in column.values.to_pylist()), True, True])[column.codes]
    if not empty.any():
        return column
    return Text(np.where(empty, ABSENT, column.codes).astype(np.int32), column.values).compact()
