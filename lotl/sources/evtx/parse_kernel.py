"""Compiled: from the records of a chunk to layouts and slots.

A *slot* is a place in the buffer where a value stands (position, length). A *layout* says what the slots of a record
are: which templates, which value types, which markup. Nearly every record of a log shares its layout with thousands of
others, so whoever knows a layout's columns knows them for all.

Templates are recognised by their content (GUID, markup with names resolved, literal text), never by where they stand
and never by the GUID alone: their canonical form (a *shape*) is interned, byte for byte. The same walk gives records
without a template their skeleton; their texts become slots. Layouts are interned as words: ``TEMPLATE, shape, n, type
* n`` or ``INLINE, shape, n``, first for the record, then for each nested BinXML value in order.

Whatever is not exactly as Windows writes it is `ODD`: the record is left to the complete reader. Every position read
from the bytes is compared with the bounds before use; ``boundscheck`` stands behind that.

All integers of the state are in one array, see `lotl.sources.evtx.pool`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lotl.kernel_cache import jit
from lotl.sources.evtx.loads import borrow, load32
from lotl.sources.evtx.markup_kernel import emit, shape_of
from lotl.sources.evtx.pool import (
    ANY,
    AUX,
    CANON,
    DEFINED,
    DEFINITION,
    DEFINITIONS,
    EVEN,
    FRAGMENT,
    INLINE,
    LAYOUT_ENDS,
    LAYOUT_MASK,
    LAYOUT_TABLE,
    LAYOUTS,
    MAX_LAYOUTS,
    MAX_VALUES,
    ODD,
    PRIME,
    SIZES,
    SLOTS,
    TEMPLATE,
    WORD,
    WORDS,
)


@jit(boundscheck=True)
def _intern_layout(pool: Any, start: Any, end: Any) -> Any:
    """Return the number of the layout whose words stand at pool[start:end], keeping it if it is new."""
    h = np.uint64(end - start)
    for i in range(start, end):
        h = (h ^ np.uint64(pool[i])) * np.uint64(PRIME)
        h ^= h >> np.uint64(32)
    place = np.int64(h >> np.uint64(16)) & LAYOUT_MASK
    while pool[LAYOUT_TABLE + place] != 0:
        known = pool[LAYOUT_TABLE + place] - 1
        first = pool[LAYOUT_ENDS + known]
        if pool[LAYOUT_ENDS + known + 1] - first == end - start:
            i = 0
            while i < end - start and pool[WORD + first + i] == pool[start + i]:
                i += 1
            if i == end - start:
                return known
        place = (place + 1) & LAYOUT_MASK
    new = pool[LAYOUTS]
    if new + 2 > MAX_LAYOUTS:
        return ODD
    pool[LAYOUT_TABLE + place] = new + 1
    pool[LAYOUT_ENDS + new + 1] = end - WORD
    pool[LAYOUTS] = new + 1
    pool[WORDS] = end - WORD
    return new


@jit(boundscheck=True)
def _definition(data: Any, base: Any, offset: Any, canon: Any, slots: Any, pool: Any) -> Any:
    """Return the shape of the template defined at chunk offset `offset`, by this chunk's table if it is known."""
    known = DEFINITION + 3 * pool[DEFINED + offset]
    if known < DEFINITION + 3 * pool[DEFINITIONS] and pool[known] == base and pool[known + 1] == offset:
        return pool[known + 2]
    at = base + offset + 24
    limit = at + load32(data, at - 4)
    start, shape = pool[CANON], ODD
    if limit <= base + 65536 and at + 5 <= limit and load32(data, at) == FRAGMENT and start + 256 < canon.size:
        canon[start] = TEMPLATE
        out = emit(data, base + offset + 4, 16, TEMPLATE, canon, start)
        after, shape = shape_of(data, base, at + 4, limit, True, canon, start, out, slots, pool)
        if after != limit:
            shape = ODD
    known = DEFINITION + 3 * pool[DEFINITIONS]
    if known + 3 <= pool.size:
        pool[known], pool[known + 1], pool[known + 2] = base, offset, shape
        pool[DEFINED + offset] = pool[DEFINITIONS]
        pool[DEFINITIONS] += 1
    return shape


@jit(boundscheck=True)
def _word(data: Any, kind: Any, at: Any, size: Any, unit: Any) -> Any:
    """Return what a layout keeps of a value: its type, or ODD if the size does not fit the type."""
    if kind == 0x21:
        return kind if size > 0 else 0
    if kind == 0x13:
        return kind if size >= 8 and size <= 68 and size == 8 + 4 * data[at + 1] else ODD
    if kind == 0x10:
        return kind | size << 8 if size == 4 or size == 8 else ODD
    return kind if kind >= 0x80 and unit > 0 and size % unit == 0 else ODD


@jit(boundscheck=True)
def _instance(data: Any, base: Any, at: Any, limit: Any, canon: Any, slots: Any, pool: Any, word: Any) -> Any:
    """Read a template instance; append its words and slots. Return (position behind the values, next word) or ODD."""
    offset = load32(data, at + 6)
    after = at + 10
    if (
        at + 14 > limit
        or offset + 24 > 65536
        or offset > after - base
        or load32(data, at + 2) != load32(data, base + offset + 4)
    ):
        return ODD, 0
    shape = _definition(data, base, offset, canon, slots, pool)
    if offset == after - base:
        after += 24 + load32(data, after + 20)
    count = load32(data, after) if after + 4 <= limit else MAX_VALUES
    value = after + 4 + 4 * count
    slot = pool[SLOTS]
    if (
        shape < 0
        or count >= MAX_VALUES
        or value > limit
        or word + count + 3 > DEFINITION
        or slot + count > slots.shape[1]
    ):
        return ODD, 0
    pool[word], pool[word + 1], pool[word + 2] = TEMPLATE, shape, count
    word += 3
    for i in range(count):
        descriptor = load32(data, after + 4 + 4 * i)
        size, kind = descriptor & 0xFFFF, descriptor >> 16 & 0xFF
        slots[0, slot + i], slots[1, slot + i] = value, size
        unit = pool[SIZES + kind]
        if not ((unit == size) | ((unit == EVEN) & (size & 1 == 0)) | (unit == ANY)):
            kind = _word(data, kind, value, size, unit) if value + size <= limit else ODD
            if kind < 0:
                return ODD, 0
        pool[word + i] = kind
        value += size
    pool[SLOTS] = slot + count
    return value if value <= limit else ODD, word + count


@jit(boundscheck=True)
def _part(data: Any, base: Any, at: Any, limit: Any, top: Any, canon: Any, slots: Any, pool: Any, word: Any) -> Any:
    """Read a fragment, an instance or plain markup, and append its words and slots. Return the next word or ODD."""
    if at + 4 <= limit and load32(data, at) == FRAGMENT:
        at += 4
    elif top:
        return ODD
    if at >= limit or limit + 16 > data.size:
        return ODD
    if data[at] == 0x0C:
        after, word = _instance(data, base, at, limit, canon, slots, pool, word)
        return word if after >= 0 and (after >= limit or data[after] == 0) else ODD
    start, slot = pool[CANON], pool[SLOTS]
    if start + 256 > canon.size or word + 3 > DEFINITION:
        return ODD
    canon[start] = INLINE
    after, shape = shape_of(data, base, at, limit, False, canon, start, start + 1, slots, pool)
    if after < 0 or shape < 0:
        return ODD
    pool[word], pool[word + 1], pool[word + 2] = INLINE, shape, pool[SLOTS] - slot
    return word + 3


@jit(boundscheck=True)
def _record(data: Any, base: Any, at: Any, limit: Any, canon: Any, slots: Any, pool: Any) -> Any:
    """Return the layout of the record whose BinXML is data[at:limit], or ODD; its slots are appended."""
    part = start = WORD + pool[WORDS]
    slot = pool[SLOTS]
    word = _part(data, base, at, limit, True, canon, slots, pool, start)
    while part < word:
        count = pool[part + 2]
        if pool[part] == TEMPLATE:
            for i in range(count):
                if pool[part + 3 + i] == 0x21:
                    inner = slots[0, slot + i]
                    word = _part(data, base, inner, inner + slots[1, slot + i], False, canon, slots, pool, word)
                    if word < 0:
                        return ODD
            part += count
        part += 3
        slot += count
    return ODD if word < 0 else _intern_layout(pool, start, word)


@jit(boundscheck=True)
def parse(
    data: Any, records: Any, count: Any, chunks: Any, canon: Any, slots: Any, pool: Any, layouts: Any, firsts: Any
) -> Any:
    """Give each record its layout (or `ODD`) and the number of its first slot.

    Parameters
    ----------
    data : ndarray of uint8
        Chunks, then room for texts that are put together (`AUX`), then `SLACK`.
    records : ndarray of int64, shape (4, n)
        Place, size, record id, index of the chunk.
    count : int
        Records to read.
    chunks : ndarray of int64, shape (c,)
        Where chunks start.
    canon : ndarray of uint8
        Canonical forms.
    slots : ndarray of int32, shape (2, capacity)
        Out: positions and lengths of values.
    pool : ndarray of int64
        All other state.
    layouts, firsts : ndarray of int64, shape (n,)
        Out.
    """
    data, canon, slots, pool = borrow(data), borrow(canon), borrow(slots), borrow(pool)
    for record in range(count):
        at = records[0, record]
        slot, aux = pool[SLOTS], pool[AUX]
        firsts[record] = slot
        limit = at + records[1, record] - 4
        layouts[record] = _record(data, chunks[records[3, record]], at + 24, limit, canon, slots, pool)
        if layouts[record] < 0:
            pool[SLOTS], pool[AUX] = slot, aux
