"""Compiled: where the records of sound chunks are, by the rules of `lotl.sources.evtx.walk`.

A chunk is sound when its records end exactly at the free space that its header states. All others are left to that
module.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from lotl.kernel_cache import jit
from lotl.sources.evtx.loads import borrow, load32, load64

UNSOUND: Final = -1
MIN_RECORD: Final = 28
_MAGIC: Final = 0x2A2A
_SIZE: Final = 65536


@jit(boundscheck=True)
def _record(data: Any, base: Any, at: Any) -> Any:
    """Return the size of the record at `at` of a chunk, or 0 if there is none."""
    if at + MIN_RECORD > _SIZE or load32(data, base + at) != _MAGIC:
        return 0
    size = load32(data, base + at + 4)
    behind = at + size
    if size < MIN_RECORD or behind > _SIZE:
        return 0
    if load32(data, base + behind - 4) != size and (behind + 4 > _SIZE or load32(data, base + behind) != _MAGIC):
        return 0
    return size


@jit(boundscheck=True)
def _keep(data: Any, base: Any, at: Any, size: Any, chunk: Any, records: Any, found: Any) -> Any:
    records[0, found], records[1, found], records[3, found] = base + at, size, chunk
    records[2, found] = np.int64(load64(data, base + at + 8))
    return found + 1


@jit(boundscheck=True)
def _slack(data: Any, base: Any, at: Any) -> Any:
    """Count the records from `at` on, with anything between them."""
    count = 0
    while at + MIN_RECORD <= _SIZE:
        size = _record(data, base, at)
        if size:
            count += 1
            at += size
        elif load64(data, base + at) == 0:
            at += 8
        else:
            at += 1
    return count


@jit(boundscheck=True)
def walk(data: Any, chunks: Any, records: Any, counts: Any, slack: Any) -> Any:
    """Find the records of sound chunks.

    Parameters
    ----------
    data : ndarray of uint8
    chunks : ndarray of int64, shape (c,)
        Where chunks start; each has 64 KiB, and `SLACK` bytes follow the last.
    records : ndarray of int64, shape (4, capacity)
        Out: place, size, record id, index of the chunk in `chunks`.
    counts : ndarray of int64, shape (c,)
        Out: records of each chunk, or `UNSOUND`.
    slack : ndarray of int64, shape (c,)
        Out: records of an older use of the chunk behind the others.

    Returns
    -------
    int
        Records found.
    """
    data, records = borrow(data), borrow(records)
    found = 0
    for chunk in range(chunks.size):
        base = chunks[chunk]
        free = load32(data, base + 48) if 0 <= base <= data.size - _SIZE - 16 else 0
        at, first = 512, found
        while at < free <= _SIZE:
            size = _record(data, base, at)
            if size == 0:
                break
            found = _keep(data, base, at, size, chunk, records, found)
            at += size
        if at != free:
            counts[chunk], slack[chunk], found = UNSOUND, 0, first
            continue
        size = _record(data, base, at)  # of a record that was written after the header
        while found > first and size and np.int64(load64(data, base + at + 8)) == records[2, found - 1] + 1:
            found = _keep(data, base, at, size, chunk, records, found)
            at += size
            size = _record(data, base, at)
        counts[chunk] = found - first
        slack[chunk] = _slack(data, base, at)
    return found
