"""One field of many events: codes into distinct values.

Everything downstream looks at text once per *distinct value*, so the distinct values are the storage. A column keeps
three states apart, because Sigma does: the field is **absent** from a record, **present but null**, or has a value
(which may be empty text). Multi-valued fields (nameless ``<Data>`` elements, JSON arrays) are columns with `offsets`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

ABSENT: Final = -1
"""Code of a row whose record does not have the field."""
NULL: Final = -2
"""Code of a row whose record has the field with a null value."""

Codes: TypeAlias = npt.NDArray[np.int32]
Rows: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Value: TypeAlias = "str | int | float | bool | None | list[str | None]"


class _Missing:
    """The value of a field that a record does not have (distinct from None, which is a null value)."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()


@dataclass(frozen=True, eq=False)
class Text:
    """A dictionary-encoded text column.

    Attributes
    ----------
    codes : ndarray of int32, shape (n,) or (offsets[-1],)
        Index into `values`, or `ABSENT`, or `NULL`. C-contiguous.
    values : pyarrow.StringArray, shape (d,)
        Distinct values: no nulls, no duplicates; may hold unused ones until `compact`.
    offsets : ndarray of int64, shape (n + 1,), optional
        For multi-valued columns: row i owns ``codes[offsets[i]:offsets[i + 1]]``. A row without the field owns exactly
        one `ABSENT` code; an empty list owns nothing.

    Examples
    --------
    >>> column = Text.of(["a", "b", None, "a"])
    >>> column.codes.tolist(), column.values.to_pylist(), column[3]
    ([0, 1, -1, 0], ['a', 'b'], 'a')
    """

    codes: Codes
    values: pa.StringArray
    offsets: Rows | None = None

    @classmethod
    def of(cls, items: Sequence[str | None] | pa.Array, *, null: int = ABSENT) -> Text:
        """Encode strings; None becomes the code `null`."""
        array = items if isinstance(items, pa.Array | pa.ChunkedArray) else pa.array(items, pa.string())
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
        if not pa.types.is_dictionary(array.type):
            array = array.cast(pa.string()).dictionary_encode()
        codes = array.indices.cast(pa.int32()).fill_null(null).to_numpy(zero_copy_only=False)
        return cls(np.ascontiguousarray(codes, dtype=np.int32), array.dictionary.cast(pa.string()))

    @classmethod
    def constant(cls, value: str, length: int) -> Text:
        """Return a column that has `value` in each of `length` rows."""
        return cls(np.zeros(length, np.int32), pa.array([value], pa.string()))

    def __len__(self) -> int:
        return len(self.codes) if self.offsets is None else len(self.offsets) - 1

    def __getitem__(self, row: int) -> Any:
        if self.offsets is None:
            return self._value(int(self.codes[row]))
        span = self.codes[self.offsets[row] : self.offsets[row + 1]]
        if len(span) == 1 and span[0] == ABSENT:
            return MISSING
        return [self._value(int(code)) for code in span]

    def _value(self, code: int) -> Any:
        if code >= 0:
            return self.values[code].as_py()
        return None if code == NULL else MISSING

    def take(self, rows: Rows) -> Text:
        """Return the given rows, in that order; distinct values that are no longer used are dropped."""
        if self.offsets is None:
            return Text(self.codes[rows], self.values).compact()
        lengths = (self.offsets[1:] - self.offsets[:-1])[rows]
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        starts = np.repeat(self.offsets[:-1][rows] - offsets[:-1], lengths)
        return Text(self.codes[starts + np.arange(offsets[-1])], self.values, offsets).compact()

    def compact(self) -> Text:
        """Drop distinct values that no row uses (a filtered dictionary would otherwise keep them all alive)."""
        used = np.zeros(len(self.values) + 2, np.bool_)
        used[self.codes] = True  # ABSENT and NULL land in the two spare places at the end
        keep = used[:-2]
        if keep.all():
            return self
        new = np.empty(len(keep) + 2, np.int32)
        new[:-2] = np.cumsum(keep) - 1
        new[ABSENT], new[NULL] = ABSENT, NULL
        return Text(new[self.codes], self.values.filter(pa.array(keep)), self.offsets)

    @cached_property
    def present(self) -> Mask:
        """Rows that have the field, with whatever value."""
        if self.offsets is None:
            return np.asarray(self.codes != ABSENT)
        single = self.offsets[1:] - self.offsets[:-1] == 1
        present = np.ones(len(self), np.bool_)
        rows = np.flatnonzero(single)
        present[rows] = self.codes[self.offsets[:-1][rows]] != ABSENT
        return present

    def text(self) -> Text:
        """Return the column as text: itself."""
        return self

    def to_arrow(self) -> pa.Array:
        """Return a dictionary array (or a list of such); absent and null both become null."""
        indices = pa.array(self.codes, mask=self.codes < 0)
        flat = pa.DictionaryArray.from_arrays(indices, self.values)
        if self.offsets is None:
            return flat
        offsets = pa.array(self.offsets.astype(np.int32))
        return pa.ListArray.from_arrays(offsets, flat, mask=pa.array(~self.present))


@dataclass(frozen=True, eq=False)
class Int:
    """A column of whole numbers, or of points in time.

    Attributes
    ----------
    numbers : ndarray of int64, shape (n,)
    valid : ndarray of bool, shape (n,), optional
        False where the record does not have the field. None: all have it. (A null value needs a `Text` column.)
    time : bool
        The numbers are µs since 1970-01-01 UTC.

    Examples
    --------
    >>> Int(np.array([4, 4, 8])).text().values.to_pylist()
    ['4', '8']
    """

    numbers: Rows
    valid: Mask | None = None
    time: bool = field(default=False)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, row: int) -> Any:
        if self.valid is not None and not self.valid[row]:
            return MISSING
        number = int(self.numbers[row])
        return format_time(number) if self.time else number

    def take(self, rows: Rows) -> Int:
        """Return the given rows, in that order."""
        valid = None if self.valid is None else self.valid[rows]
        return Int(self.numbers[rows], valid, self.time)

    def compact(self) -> Int:
        """Return the column: numbers have no dictionary."""
        return self

    @cached_property
    def present(self) -> Mask:
        """Rows that have the field."""
        return np.ones(len(self), np.bool_) if self.valid is None else self.valid

    def text(self) -> Text:
        """Return the column as text, encoded over its distinct numbers."""
        return self._text

    @cached_property
    def _text(self) -> Text:
        # Arrow's hash encoding: np.unique sorts and is far slower on millions of values.
        array = pa.array(self.numbers, mask=None if self.valid is None else ~self.valid).dictionary_encode()
        codes = array.indices.fill_null(ABSENT).to_numpy(zero_copy_only=False)
        values = _time_texts(array.dictionary) if self.time else array.dictionary.cast(pa.string())
        return Text(np.ascontiguousarray(codes, np.int32), values)

    def to_arrow(self) -> pa.Array:
        """Return an int64 array, or ``timestamp('us', 'UTC')``."""
        array = pa.array(self.numbers, mask=None if self.valid is None else ~self.valid)
        return array.cast(pa.timestamp("us", "UTC")) if self.time else array


Column: TypeAlias = Text | Int


def format_time(micros: int) -> str:
    """Write µs since 1970 UTC as Windows' XML does, with six digits, in any year.

    Examples
    --------
    >>> format_time(1_600_000_000_123_456)
    '2020-09-13T12:26:40.123456Z'
    >>> format_time(-11_644_473_600_000_000)
    '1601-01-01T00:00:00.000000Z'
    """
    text = str(np.datetime64(micros, "us"))
    return f"{text}Z"


_TIME_SHAPE: Final = np.frombuffer(b"0000-00-00T00:00:00.000000Z", np.uint8)
_TIME_DIGITS: Final = ((0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2), (20, 6))
"""Place and width of year, month, day, hour, minute, second, microsecond in `_TIME_SHAPE`."""


def _time_texts(micros: pa.Int64Array) -> pa.StringArray:
    """Return `format_time` of many, digit by digit over whole columns."""
    moments = micros.to_numpy(zero_copy_only=False).astype("datetime64[us]")
    year = moments.astype("datetime64[Y]").astype(np.int64) + 1970
    if len(year) and not (year.min() >= 1000 and year.max() <= 9999):
        return pa.array([format_time(number) for number in micros.to_pylist()], pa.string())
    month, day = moments.astype("datetime64[M]"), moments.astype("datetime64[D]")
    rest = (moments - day).astype(np.int64)
    second = rest // 1_000_000
    parts = (
        year,
        month.astype(np.int64) % 12 + 1,
        (day - month.astype("datetime64[D]")).astype(np.int64) + 1,
        second // 3600,
        second // 60 % 60,
        second % 60,
        rest % 1_000_000,
    )
    text = np.tile(_TIME_SHAPE, (len(moments), 1))
    for (place, width), part in zip(_TIME_DIGITS, parts, strict=True):
        for digit in range(width):
            text[:, place + width - 1 - digit] += (part // 10**digit % 10).astype(np.uint8)
    offsets = np.arange(len(moments) + 1, dtype=np.int32) * len(_TIME_SHAPE)
    return pa.StringArray.from_buffers(len(moments), pa.py_buffer(offsets), pa.py_buffer(text))


def concat(columns: Sequence[Column | None], lengths: Sequence[int]) -> Column:
    """Put columns of one field under each other.

    Parameters
    ----------
    columns : sequence of Column or None
        None where a part does not have the field. At least one is not None.
    lengths : sequence of int
        Rows of each part.
    """
    known = [column for column in columns if column is not None]
    if all(isinstance(column, Int) for column in known) and len({c.time for c in known if isinstance(c, Int)}) == 1:
        return _concat_int([c if isinstance(c, Int) else None for c in columns], lengths)
    return _concat_text([None if c is None else c.text() for c in columns], lengths)


def _concat_int(columns: Sequence[Int | None], lengths: Sequence[int]) -> Int:
    numbers = [np.zeros(n, np.int64) if c is None else c.numbers for c, n in zip(columns, lengths, strict=True)]
    time = next(c.time for c in columns if c is not None)
    if all(c is not None and c.valid is None for c in columns):
        return Int(np.concatenate(numbers), None, time)
    valid = [np.zeros(n, np.bool_) if c is None else c.present for c, n in zip(columns, lengths, strict=True)]
    return Int(np.concatenate(numbers), np.concatenate(valid), time)


def _concat_text(columns: Sequence[Text | None], lengths: Sequence[int]) -> Text:
    known = [column for column in columns if column is not None]
    encoded = pa.concat_arrays([column.values for column in known]).dictionary_encode()
    mapping = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    multi = any(column.offsets is not None for column in known)
    codes, counts, start = [], [], 0
    for column, length in zip(columns, lengths, strict=True):
        if column is None:
            codes.append(np.full(length, ABSENT, np.int32))
            counts.append(np.ones(length, np.int64))
            continue
        table = np.append(mapping[start : start + len(column.values)], np.array([NULL, ABSENT], np.int32))
        start += len(column.values)
        codes.append(table[column.codes])
        counts.append(np.ones(length, np.int64) if column.offsets is None else np.diff(column.offsets))
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64) if multi else None
    return Text(np.concatenate(codes).astype(np.int32), encoded.dictionary.cast(pa.string()), offsets)


def coalesce(first: Column, second: Column) -> Column:
    """Return `first`, with the rows that do not have it taken from `second`."""
    if first.present.all():
        return first
    both = concat([first, second], [len(first), len(second)])
    rows = np.where(first.present, 0, len(first)) + np.arange(len(first), dtype=np.int64)
    return both.take(rows)
