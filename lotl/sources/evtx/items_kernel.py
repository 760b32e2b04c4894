"""Compiled: where the items of multi-valued columns are."""

from __future__ import annotations

from typing import Any

import numpy as np

from lotl.kernel_cache import jit
from lotl.sources.evtx.encode_kernel import LITERAL
from lotl.sources.evtx.loads import borrow, load16


@jit(boundscheck=True)
def _array_items(
    data: Any, at: Any, size: Any, kind: Any, places: Any, sizes: Any, kinds: Any, item: Any, fill: Any
) -> Any:
    """Write the items of an array value (or only count them); return the next item."""
    if at < 0 or at + size + 8 > data.size:
        raise IndexError
    start = item
    if kind != 0x81:
        width = 1 if kind < 0x85 else 2 if kind < 0x87 else 4 if kind < 0x89 or kind == 0x8B or kind == 0x8D else 8
        if kind == 0x8F or kind == 0x92:
            width = 16
        if kind == 0x94:
            width = 4
        for i in range(at, at + size, width):
            if fill:
                places[item], sizes[item], kinds[item] = i, width, kind & 0x7F
            item += 1
    else:
        begin = at
        for i in range(at, at + size + 1, 2):
            ended = i + 1 < at + size and load16(data, i) == 0
            if ended or (i >= at + size and i > begin):
                if fill:
                    places[item], sizes[item], kinds[item] = begin, i - begin, 1
                item += 1
                begin = i + 2
    if item == start:  # an array without items is one empty text
        if fill:
            places[item], sizes[item], kinds[item] = at, 0, 1
        item += 1
    return item


@jit(boundscheck=True)
def list_items(
    data: Any,
    records: Any,
    uses: Any,
    firsts: Any,
    slots: Any,
    literals: Any,
    starts: Any,
    sources: Any,
    source_kinds: Any,
    offsets: Any,
    places: Any,
    sizes: Any,
    kinds: Any,
    fill: Any,
) -> Any:
    """Write where the items of a multi-valued column are, row by row (or, without `fill`, only `offsets`).

    Parameters
    ----------
    records : ndarray of int64, shape (n,)
        The records of the partition, in order.
    starts : ndarray of int64, shape (u + 1,)
        By use: where its sources are in `sources` and `source_kinds`.
    offsets : ndarray of int64, shape (n + 1,)
        Out. A row without the field has one item, whose place is -1.
    """
    data, slots = borrow(data), borrow(slots)
    item = 0
    for row in range(records.size):
        offsets[row] = item
        use, first = uses[records[row]], firsts[records[row]]
        for i in range(starts[use], starts[use + 1]):
            source, kind = sources[i], source_kinds[i]
            if source >= 0 and kind >= 0x80 and kind < 0x100:
                item = _array_items(
                    data,
                    np.int64(slots[0, first + source]),
                    np.int64(slots[1, first + source]),
                    kind,
                    places,
                    sizes,
                    kinds,
                    item,
                    fill,
                )
                continue
            if fill and source >= 0:
                places[item], sizes[item] = slots[0, first + source], slots[1, first + source]
                kinds[item] = kind
            elif fill:
                places[item], sizes[item] = literals[LITERAL - source, 0], literals[LITERAL - source, 1]
                kinds[item] = kind
            item += 1
        if item == offsets[row]:
            if fill:
                places[item], sizes[item], kinds[item] = -1, 0, 0
            item += 1
    offsets[records.size] = item
