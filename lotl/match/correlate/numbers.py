"""Numeric text as numbers that add up exactly where they can."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np

from lotl.columns import Rows

NUMERIC: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""Decimal text that is a number: no blanks, no thousands separators, ASCII digits."""

_DIGITS: Final = 18
_MOST: Final = 2**61


@dataclass(frozen=True, eq=False)
class Numbers:
    """Numbers of distinct values.

    Attributes
    ----------
    valid : ndarray of bool, shape (d,)
        Whether the value is a (finite) number.
    numbers : ndarray of int64 or float64, shape (d,)
        Whole numbers that are `scale` times the value, or floats; 0 where not valid.
    scale : int
    """

    valid: np.ndarray[Any, np.dtype[np.bool_]]
    numbers: np.ndarray[Any, np.dtype[Any]]
    scale: int = 1

    @property
    def exact(self) -> bool:
        """Whether the numbers are scaled whole numbers."""
        return self.numbers.dtype == np.int64


def parse(values: Iterable[str], counts: Rows) -> Numbers:
    """Read numbers.

    Parameters
    ----------
    values : iterable of str
        d distinct texts.
    counts : ndarray of int64, shape (d,)
        How often each occurs: whole numbers are chosen only where the sum of all occurrences fits.

    Examples
    --------
    >>> found = parse(["0.1", "20", "x"], np.array([1, 1, 1]))
    >>> found.numbers.tolist(), found.scale, found.valid.tolist()
    ([1, 200, 0], 10, [True, True, False])
    """
    texts = [text if NUMERIC.fullmatch(text) else "" for text in values]
    floats = np.array([float(text) if text else np.nan for text in texts], np.float64)
    valid = np.isfinite(floats)
    floats = np.where(valid, floats, 0.0)
    exact = _scaled([text if good else "0" for text, good in zip(texts, valid.tolist(), strict=True)])
    if exact is None or np.abs(exact[0].astype(np.float64)) @ counts.astype(np.float64) >= _MOST:
        return Numbers(valid, floats)
    return Numbers(valid, *exact)


def _scaled(texts: list[str]) -> tuple[Rows, int] | None:
    """Return the texts as whole numbers over one power of ten, or None where that takes too many digits."""
    if any(len(text) > 2 * _DIGITS for text in texts):
        return None
    if all(text.isdigit() for text in texts):
        if max(map(len, texts), default=0) > _DIGITS:
            return None
        return np.array([int(text) for text in texts], np.int64), 1
    parts = [Decimal(text).normalize().as_tuple() for text in texts]
    lowest = min([int(part.exponent) for part in parts if any(part.digits)] + [0])
    highest = max([len(part.digits) + int(part.exponent) for part in parts if any(part.digits)] + [0])
    if lowest < -_DIGITS or highest - lowest > _DIGITS:
        return None
    shift = Decimal(10) ** -lowest
    return np.array([int(Decimal(text) * shift) for text in texts], np.int64), int(shift)
