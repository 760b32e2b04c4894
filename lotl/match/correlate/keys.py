"""What occurrences have in common: group keys and counted values as numbers.

A value is its text: 7 and "7" are the same, "bob" and "BOB" are not. A missing or null field equals nothing. A
multi-valued field stands for each of its elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lotl.columns import Column, Int, Rows, Text

MOST_COMBINATIONS: Final = 4096
"""Keys that one event can have through several multi-valued fields at once; an event with more has none."""


@dataclass(frozen=True, eq=False)
class Keys:
    """Occurrences and their keys.

    Attributes
    ----------
    rows : ndarray of int64, shape (m,)
        Row of the columns that the occurrence stands for; rises, and repeats for multi-valued fields.
    key : ndarray of int64, shape (m,)
        Number of the key; only equality means something.
    codes : list of ndarray, each of shape (m,)
        Code of the value in each column.
    crowded : int
        Rows that are left out because they have more than `MOST_COMBINATIONS` keys.
    """

    rows: Rows
    key: Rows
    codes: list[Rows]
    crowded: int = 0


def keys(columns: Sequence[Text | None], length: int) -> Keys:
    """Number the combinations of values of `columns` (of `length` rows; None for a column that no row has).

    Examples
    --------
    >>> found = keys([Text.of(["a", "b", None, "a"])], 4)
    >>> found.rows.tolist(), found.key.tolist()
    ([0, 1, 3], [0, 1, 0])
    """
    rows, key, codes = np.arange(length, dtype=np.int64), np.zeros(length, np.int64), list[Rows]()
    size, crowded, several = 1, 0, False
    for column in columns:
        if column is None:
            nothing = np.zeros(0, np.int64)
            return Keys(nothing, nothing, [nothing for _ in columns])
        if several and column.offsets is not None:
            fits = _fits(column, rows, length)
            crowded += len(np.unique(rows[~fits]))
            rows, key, codes = rows[fits], key[fits], [code[fits] for code in codes]
        index, code = spread(column, rows)
        rows, codes = rows[index], [*(known[index] for known in codes), code]
        key, size = _combine(key[index], size, code, len(column.values))
        several |= column.offsets is not None
    if several:
        keep = _unrepeated(rows, key)
        rows, key, codes = rows[keep], key[keep], [code[keep] for code in codes]
    return Keys(rows, key, codes, crowded)


def spread(column: Text, rows: Rows) -> tuple[Rows, Rows]:
    """Return (index into `rows`, code) of every value that the rows have; absent and null are left out."""
    if column.offsets is None:
        codes = column.codes[rows]
        index = np.flatnonzero(codes >= 0)
        return index, codes[index].astype(np.int64)
    starts = column.offsets[:-1][rows]
    lengths = column.offsets[1:][rows] - starts
    before = np.cumsum(lengths) - lengths
    codes = column.codes[np.repeat(starts - before, lengths) + np.arange(lengths.sum())]
    index = np.repeat(np.arange(len(rows), dtype=np.int64), lengths)
    known = codes >= 0
    return index[known], codes[known].astype(np.int64)


def is_integer(column: Column | None) -> bool:
    """Say whether a column holds plain numbers, which results then show as such."""
    return isinstance(column, Int) and not column.time


def dense(key: Rows) -> tuple[Rows, int]:
    """Renumber keys from 0, in their order; return them and how many there are."""
    if not len(key):
        return key, 0
    order = np.argsort(key, kind="stable")
    new = np.empty(len(key), np.int64)
    ordered = key[order]
    new[order] = np.cumsum(np.concatenate(([False], ordered[1:] != ordered[:-1])))
    return new, int(new[order[-1]]) + 1


def _combine(key: Rows, size: int, code: Rows, values: int) -> tuple[Rows, int]:
    """Add one more digit to the keys; renumber when they would not fit into 63 bits."""
    if size * max(values, 1) >= 2**62:
        key, size = dense(key)
    return key * values + code, size * max(values, 1)


def _fits(column: Text, rows: Rows, length: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Say which occurrences belong to a row that stays within `MOST_COMBINATIONS` once `column` is added."""
    assert column.offsets is not None
    counts = np.bincount(rows, minlength=length)
    planned = counts * (column.offsets[1:] - column.offsets[:-1])
    fits: np.ndarray[tuple[int], np.dtype[np.bool_]] = ((planned <= MOST_COMBINATIONS) | (counts <= 1))[rows]
    return fits


def _unrepeated(rows: Rows, key: Rows) -> Rows:
    """Return the places of the first of each (row, key), in their order."""
    order = np.lexsort((key, rows))
    new = np.ones(len(order), np.bool_)
    new[1:] = (rows[order][1:] != rows[order][:-1]) | (key[order][1:] != key[order][:-1])
    return np.sort(order[new])
