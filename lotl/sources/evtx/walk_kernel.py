"""Compiled: where the records of sound chunks are. Chunks that are not sound are left to `lotl.sources.evtx.walk`."""

from __future__ import annotations

from typing import Final

import numpy as np

from lotl.kernel_cache import jit
from lotl.sources.evtx.loads import load32, load64

UNSOUND: Final = -1
MIN_RECORD: Final = 28


@jit(boundscheck=True)
def walk(data, chunks, records, counts):
    """Find the records of sound chunks.

    Parameters
    ----------
    data : ndarray of uint8
    chunks : ndarray of int64, shape (c,)
        Where chunks start; each has 64 KiB, and `SLACK` bytes follow the last.
    records : ndarray of int64, shape (4, capacity)
        Out: place, size, record id, index of the chunk in `chunks`.
    counts : ndarray of int64, shape (c,)
        Out: records of each chunk; `UNSOUND` where they do not end exactly at the free space that the header states.

    Returns
    -------
    int
        Records found.
    """
    found = 0
    for chunk in range(chunks.size):
        base = chunks[chunk]
        free = load32(data, base + 48) if 0 <= base <= data.size - 65536 - 16 else 0
        at, first = 512, found
        while at + MIN_RECORD <= free <= 65536 and found < records.shape[1]:
            size = load32(data, base + at + 4)
            if load32(data, base + at) != 0x2A2A or size < MIN_RECORD or at + size > free:
                break
            if load32(data, base + at + size - 4) != size:
                break
            records[0, found], records[1, found], records[3, found] = base + at, size, chunk
            records[2, found] = np.int64(load64(data, base + at + 8))
            found += 1
            at += size
        counts[chunk] = found - first
        if at != free:
            counts[chunk] = UNSOUND
            found = first
    return found
