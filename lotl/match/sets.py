"""Sets of one column's values, and the rows that have them.

The places of a column are its distinct values 0 … d - 1, then the empty list d, then null d + 1, then absent d + 2:
the codes -2 and -1 of a row are the last two counted from the end. A set keeps the places in it or, negated, those not
in it, so that "anything but" costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa

from lotl.columns import ABSENT, Column, Int, Text
from lotl.match.row_kernels import any_element, both, count_codes, either, gather, post, without
from lotl.match.scan_kernels import Texts
from lotl.match.value_kernels import read_ipv4
from lotl.match.values import frozen, texts

Places: TypeAlias = Any
Rows: TypeAlias = Any

EXTRA: Final = 3
"""Places after the values: empty list, null, absent."""
DENSE: Final = 8
"""A set of more than one row in this many is made by looking at every row."""


@dataclass(frozen=True, eq=False, slots=True)
class Values:
    """A set of places.

    Attributes
    ----------
    places : ndarray of int32
        Rising, each once.
    negated : bool
        The set is everything but these.
    """

    places: Places
    negated: bool = False

    def complement(self) -> Values:
        """Return everything else."""
        return Values(self.places, not self.negated)


NOTHING: Final = Values(np.zeros(0, np.int32))
EVERYTHING: Final = Values(np.zeros(0, np.int32), True)


def union(sets: Sequence[Values]) -> Values:
    """Return what is in any of the sets."""
    plain = _united([one.places for one in sets if not one.negated])
    negated = [one.places for one in sets if one.negated]
    if not negated:
        return Values(plain)
    common = negated[0]
    for places in negated[1:]:
        common = _merged(both, common, places)
    return Values(_merged(without, common, plain), True)


def intersection(sets: Sequence[Values]) -> Values:
    """Return what is in all of the sets."""
    return union([one.complement() for one in sets]).complement()


def at_least(count: int, sets: Sequence[Values], size: int) -> Values:
    """Return what is in at least `count` of the sets over `size` places."""
    hits = np.zeros(size, np.int32)
    for one in sets:
        if one.negated:
            hits += 1
            hits[one.places] -= 1
        else:
            hits[one.places] += 1
    return Values(np.flatnonzero(hits >= count).astype(np.int32))


def _merged(kernel: Callable[..., int], a: Places, b: Places) -> Places:
    out = np.empty(a.size + b.size, np.int32)
    return out[: kernel(frozen(a), frozen(b), out)]


def _united(parts: list[Places]) -> Places:
    if len(parts) < 3:
        return NOTHING.places if not parts else parts[0] if len(parts) == 1 else _merged(either, *parts)
    return distinct(np.concatenate(parts))


def distinct(numbers: Any) -> Any:
    """Return the distinct numbers, rising (sorting and comparing neighbours beats `numpy.unique`)."""
    numbers = np.sort(numbers)
    if numbers.size < 2:
        return numbers
    keep = np.empty(numbers.size, np.bool_)
    keep[0] = True
    np.not_equal(numbers[1:], numbers[:-1], out=keep[1:])
    return numbers[keep]


def only_numbers(column: Int, numbers: Any) -> Text:
    """Return an integer column as text in which all numbers but the given ones are one value, that is no number.

    Examples
    --------
    >>> only_numbers(Int(np.array([7, 5, 4])), np.array([4, 5])).values.to_pylist()
    ['4', '5', 'another']
    """
    place = np.searchsorted(numbers, column.numbers)
    codes = np.where(numbers[np.minimum(place, numbers.size - 1)] == column.numbers, place, numbers.size)
    codes[~column.present] = ABSENT
    return Text(codes.astype(np.int32), pa.array([*map(str, numbers.tolist()), "another"], pa.string()))


class Codes:
    """A column of a batch as the engine uses it.

    Parameters
    ----------
    column : Column or None
        None: no row has the field.
    length : int
        Rows of the batch.
    """

    def __init__(self, column: Column | None, length: int) -> None:
        self.column = column
        self.length = length

    @cached_property
    def text(self) -> Text:
        """The column as text."""
        if self.column is None:
            return Text(np.full(self.length, ABSENT, np.int32), pa.array([], pa.string()))
        return self.column.text()

    @cached_property
    def values(self) -> Texts:
        """The distinct values, folded and not."""
        return texts(self.text.values)

    @cached_property
    def addresses(self) -> tuple[Any, Any]:
        """IPv4 addresses of the distinct values: numbers and status (see `lotl.match.value_kernels.read_ipv4`)."""
        values = self.values
        numbers = np.zeros(values.offsets.size - 1, np.int64)
        status = np.zeros(numbers.size, np.uint8)
        read_ipv4(values.original, values.original_offsets, numbers, status)
        return numbers, status

    @cached_property
    def codes(self) -> Any:
        """Codes of the rows, or of all their elements: int32, read-only."""
        return frozen(self.text.codes)

    @property
    def weight(self) -> int:
        """Bytes of distinct text, roughly; cheap to ask for."""
        if isinstance(self.column, Text):
            return int(self.column.values.nbytes)
        return 0 if self.column is None else 8 * self.length

    @property
    def size(self) -> int:
        """Number of places."""
        return len(self.text.values) + EXTRA

    @cached_property
    def _mark(self) -> Any:
        return np.zeros(self.size, np.bool_)

    @cached_property
    def _posted(self) -> tuple[Any, Any]:
        start = np.zeros(self.size + 1, np.int64)
        np.cumsum(self.counts, out=start[1:])
        rows = np.empty(self.length, np.int32)
        post(self.codes, start, rows)
        return start, rows

    @cached_property
    def counts(self) -> Any:
        """Rows per place: int64. Of a column with several values per row: elements per place."""
        counts = np.zeros(self.size, np.int64)
        count_codes(self.codes, counts)
        if self.text.offsets is not None:
            counts[-EXTRA] = np.count_nonzero(self.text.offsets[1:] == self.text.offsets[:-1])
        return counts

    def bound(self, chosen: Values) -> int:
        """Return how many rows a set has: exactly, or an upper bound where rows have several values."""
        if chosen.negated and self.text.offsets is not None:
            return self.length
        inside = int(self.counts[chosen.places].sum())
        return self.length - inside if chosen.negated else inside

    def rows(self, chosen: Values) -> Rows:
        """Return the rows of a set: int32, rising."""
        if self.text.offsets is not None:
            return np.flatnonzero(self._matched(chosen)).astype(np.int32)
        size = self.bound(chosen)
        if chosen.negated or size * DENSE > self.length:
            return np.flatnonzero(self.test(chosen, None)).astype(np.int32)
        start, rows = self._posted
        out = np.empty(size, np.int32)
        gather(start, rows, frozen(chosen.places), out)
        if chosen.places.size > 1:
            out.sort()
        return out

    def test(self, chosen: Values, rows: Rows | None) -> Any:
        """Return which of `rows` (None: all) are in a set: bool."""
        if self.text.offsets is not None:
            matched = self._matched(chosen)
            return matched if rows is None else matched[rows]
        codes = self.codes if rows is None else self.codes[rows]
        self._mark[chosen.places] = True
        found = self._mark[codes]
        self._mark[chosen.places] = False
        return ~found if chosen.negated else found

    def _matched(self, chosen: Values) -> Any:
        assert self.text.offsets is not None
        matched = np.zeros(self.length, np.bool_)
        self._mark[chosen.places] = True
        any_element(self.codes, frozen(self.text.offsets), self._mark, matched)
        self._mark[chosen.places] = False
        return ~matched if chosen.negated else matched
