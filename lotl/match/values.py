"""Distinct values of a column as flat UTF-8, as they are and folded: what the kernels read."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lotl.match.scan_kernels import Texts
from lotl.match.text import fold
from lotl.match.text_kernels import fold_ascii, fold_unicode

Bytes: TypeAlias = npt.NDArray[np.uint8]
Offsets: TypeAlias = npt.NDArray[np.int64]


def frozen(array: Any) -> Any:
    """Return a read-only view: kernels are compiled once per type, and read-only arrays are a type of their own."""
    view = array.view()
    view.flags.writeable = False
    return view


def flat(values: pa.Array) -> tuple[Bytes, Offsets]:
    """Return the bytes of an Arrow string array and the offsets into them.

    Parameters
    ----------
    values : pyarrow.StringArray or pyarrow.LargeStringArray, shape (d,)
        May be a slice. No nulls.

    Returns
    -------
    tuple of (ndarray of uint8, ndarray of int64 of shape (d + 1,))
        The offsets start at 0; the bytes are the array's own memory, not a copy.

    Examples
    --------
    >>> buffer, offsets = flat(pa.array(["x", "ab", "", "c"])[1:])
    >>> buffer.tobytes(), offsets.tolist()
    (b'abc', [0, 2, 2, 3])
    """
    if len(values) == 0:
        return frozen(np.zeros(0, np.uint8)), frozen(np.zeros(1, np.int64))
    width = np.int64 if pa.types.is_large_string(values.type) else np.int32
    _, starts, data = values.buffers()
    offsets = np.frombuffer(starts, width)[values.offset : values.offset + len(values) + 1]
    first, last = int(offsets[0]), int(offsets[-1])
    buffer = np.frombuffer(data, np.uint8)[first:last] if last > first else np.zeros(0, np.uint8)
    return frozen(buffer), frozen(offsets.astype(np.int64) - first)


def texts(values: pa.Array) -> Texts:
    """Return distinct values with their folded form (`lotl.match.text.fold`).

    Examples
    --------
    >>> both = texts(pa.array(["WhoAmI", "\\u212aelvin"]))
    >>> both.folded.tobytes(), both.offsets.tolist(), both.original_offsets.tolist()
    (b'whoamikelvin', [0, 6, 12], [0, 6, 14])
    """
    original, offsets = flat(values)
    folded = np.empty(original.size, np.uint8)
    if fold_ascii(original, folded) < 0x80:
        return Texts(frozen(folded), offsets, original, offsets)
    # Folding turns two bytes into three at worst (U+023A).
    folded = np.empty(original.size + original.size // 2 + 4, np.uint8)
    folded_offsets = np.empty(offsets.size, np.int64)
    size = fold_unicode(original, offsets, _fold_table(), folded, folded_offsets)
    return Texts(frozen(folded[:size]), frozen(folded_offsets), original, offsets)


@cache
def _fold_table() -> Any:
    # Folding keeps the number of code points, so all of them can be folded as one text.
    plane = 0x10000
    points = np.r_[0:0xD800, 0xE000 : 2 * plane].astype(np.uint32)
    folded = fold(points.tobytes().decode("utf-32-le")).encode("utf-32-le")
    table = np.arange(2 * plane, dtype=np.int32)
    table[points] = np.frombuffer(folded, np.uint32)
    return frozen(table)
