"""Compiled: slots of many records to columns, each value looked at once.

Records are taken in the order in which they lie in memory, all columns of a record together, so that every cache line
of the block is fetched once. Text stays where it is: a dictionary entry is the place of its first occurrence. Entries
are compared byte for byte; their hash only says where to look.

A *use* is a layout together with the kind of event that it occurs in. For each column of the kind it states a source:
the slot, `NOTHING`, or ``LITERAL - k`` for the k-th literal.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from lotl.kernel_cache import jit
from lotl.sources.evtx.loads import borrow, load16, load32, load64

NOTHING: Final = -1
LITERAL: Final = -2
NO_NUMBER: Final = -(1 << 62)
"""Event id of records that have none."""

# modes of columns
TEXT: Final = 0
NUMBER: Final = 1
LISTED: Final = 2
# `memory`: two cursors, then `STATES` words for each dictionary column, then the hash tables
ENTRIES: Final = 0
CELLS: Final = 1
FIRST_STATE: Final = 8
TABLE: Final = 0
MASK: Final = 1
COUNT: Final = 2
LAST_PLACE: Final = 3
LAST_KIND: Final = 4
LAST_CODE: Final = 5
ABSENT_ROWS: Final = 6
WIDE: Final = 7
STATES: Final = 8
# words of a dictionary entry. A cell of a hash table is the upper half of a hash and the number of an entry, from 1
PLACE: Final = 0  # place << 24 | size
KIND: Final = 1
COLUMN: Final = 2
CODE: Final = 3
ENTRY_WORDS: Final = 4
SIZE_BITS: Final = 24

_PRIME: Final = 0x9E3779B97F4A7C15
_EPOCH: Final = 116_444_736_000_000_000
_SMALLEST: Final = 16
_SIZE_MASK: Final = (1 << SIZE_BITS) - 1


@jit(boundscheck=True)
def _same(data: Any, first: Any, second: Any, size: Any) -> Any:
    at = 0
    while at + 8 <= size:
        if load64(data, first + at) != load64(data, second + at):
            return False
        at += 8
    rest = np.uint64(8 * (size - at))
    both = load64(data, first + at) ^ load64(data, second + at)
    return rest == np.uint64(0) or both << (np.uint64(64) - rest) == np.uint64(0)


@jit(boundscheck=True)
def _hash(data: Any, at: Any, size: Any, kind: Any) -> Any:
    h = np.uint64(size | kind << 20) * np.uint64(_PRIME)
    end = at + size
    while at + 8 <= end:
        h = (h ^ load64(data, at)) * np.uint64(_PRIME)
        h ^= h >> np.uint64(32)
        at += 8
    if at < end:
        h = (h ^ load64(data, at) << np.uint64(64 - 8 * (end - at))) * np.uint64(_PRIME)
        h ^= h >> np.uint64(32)
    return h * np.uint64(_PRIME)


@jit(boundscheck=True)
def _grow(memory: Any, state: Any) -> Any:
    """Give a column a table of twice the size, behind what is used of the memory."""
    old, old_mask = memory[state + TABLE], memory[state + MASK]
    mask = 2 * old_mask + 1 if old_mask else _SMALLEST - 1
    new = memory[CELLS]
    memory[CELLS] = new + mask + 1
    memory[new : new + mask + 1] = 0
    if old_mask:
        for i in range(old, old + old_mask + 1):
            if memory[i]:
                place = memory[i] >> 32 & mask
                while memory[new + place]:
                    place = (place + 1) & mask
                memory[new + place] = memory[i]
    memory[state + TABLE], memory[state + MASK] = new, mask


@jit(boundscheck=True)
def _code(data: Any, at: Any, size: Any, kind: Any, column: Any, memory: Any, entries: Any) -> Any:
    """Return the code of the value data[at:at+size] of type `kind` in its column."""
    state = FIRST_STATE + STATES * column
    where = at << SIZE_BITS | size
    if 2 * memory[state + COUNT] >= memory[state + MASK]:
        _grow(memory, state)
    h = _hash(data, at, size, kind)
    first, mask = memory[state + TABLE], memory[state + MASK]
    tag = np.int64(h >> np.uint64(32))
    place = tag & mask
    entry = np.int64(0)
    while memory[first + place]:
        cell = memory[first + place]
        if (cell >> 32 ^ tag) & 0xFFFFFFFF == 0:
            entry = (cell & 0xFFFFFFFF) - 1
            known = entries[entry, PLACE]
            if (
                known & _SIZE_MASK == size
                and entries[entry, KIND] == kind
                and _same(data, known >> SIZE_BITS, at, size)
            ):
                break
        place = (place + 1) & mask
    if memory[first + place] == 0:
        entry = memory[ENTRIES]
        memory[ENTRIES] = entry + 1
        memory[first + place] = tag << 32 | entry + 1
        entries[entry, PLACE], entries[entry, KIND] = where, kind
        entries[entry, COLUMN], entries[entry, CODE] = column, memory[state + COUNT]
        memory[state + COUNT] += 1
    memory[state + LAST_PLACE], memory[state + LAST_KIND] = where, kind
    memory[state + LAST_CODE] = entries[entry, CODE]
    return memory[state + LAST_CODE]


@jit(boundscheck=True)
def _is_last(data: Any, at: Any, size: Any, kind: Any, state: Any, memory: Any) -> Any:
    """Whether a value is the one that its column had last (most are)."""
    last = memory[state + LAST_PLACE]
    if at < 0 or size < 0 or at + size + 8 > data.size:
        raise IndexError
    return last & _SIZE_MASK == size and memory[state + LAST_KIND] == kind and _same(data, last >> SIZE_BITS, at, size)


@jit(boundscheck=True)
def _number(data: Any, at: Any, kind: Any) -> Any:
    """Read a whole number, or a FILETIME as µs since 1970; numbers of 2**63 and more come out negative."""
    if at < 0 or at + 8 > data.size:
        raise IndexError
    if kind == 0x11:
        ticks = load64(data, at)
        if ticks >= np.uint64(_EPOCH):
            return np.int64((ticks - np.uint64(_EPOCH)) // np.uint64(10))
        return -np.int64((np.uint64(_EPOCH) - ticks + np.uint64(9)) // np.uint64(10))
    if kind == 0x03:
        return np.int64(np.int8(data[at]))
    if kind == 0x04:
        return np.int64(data[at])
    if kind == 0x05:
        return np.int64(np.int16(load16(data, at)))
    if kind == 0x06:
        return load16(data, at)
    if kind == 0x07:
        return np.int64(np.int32(load32(data, at)))
    if kind == 0x08:
        return load32(data, at)
    return np.int64(load64(data, at))


@jit(boundscheck=True)
def _digits(data: Any, at: Any, size: Any) -> Any:
    """Read an event id that is decimal text; `NO_NUMBER` if it is anything else."""
    if size < 2 or size > 18 or at + size + 8 > data.size:
        return NO_NUMBER
    number = 0
    for i in range(at, at + size, 2):
        digit = load16(data, i) - 48
        if digit < 0 or digit > 9:
            return NO_NUMBER
        number = 10 * number + digit
    return number


@jit(boundscheck=True)
def group(
    data: Any,
    layouts: Any,
    firsts: Any,
    slots: Any,
    heads: Any,
    literals: Any,
    uses: Any,
    keys: Any,
    places: Any,
    memory: Any,
    entries: Any,
) -> Any:
    """Find the kind of each record: number its (layout, channel, provider, event id).

    Parameters
    ----------
    layouts, firsts : ndarray of int64, shape (n,)
        Of each record. A record whose layout is negative is passed over.
    heads : ndarray of int64, shape (layouts, 6)
        Source and type of Channel, Provider_Name and EventID. A type of -1: the layout is not for the fast path.
    literals : ndarray of int64, shape (k, 3)
        Place, size and number of literals.
    uses : ndarray of int64, shape (n,)
        Out: number of the combination, -1 where the record is left to the complete reader.
    keys : ndarray of int64, shape (capacity, 4)
        Out: layout, code of the channel, code of the provider (-1: none), event id (`NO_NUMBER`: none).
    places : ndarray of int64, power of two
        Zeros: hash table.

    Returns
    -------
    int
        Combinations.
    """
    data, slots, entries, memory = borrow(data), borrow(slots), borrow(entries), borrow(memory)
    found = 0
    key = np.empty(4, np.int64)
    for record in range(layouts.size):
        layout = uses[record] = layouts[record]
        if layout < 0 or heads[layout, 1] < 0:
            uses[record] = -1
            continue
        key[0] = layout
        for column in range(3):
            source, kind = heads[layout, 2 * column], heads[layout, 2 * column + 1]
            at, size = np.int64(0), np.int64(0)
            number: Any = NO_NUMBER
            if source >= 0:
                at, size = np.int64(slots[0, firsts[record] + source]), np.int64(slots[1, firsts[record] + source])
            elif source <= LITERAL:
                at, size, number = (
                    literals[LITERAL - source, 0],
                    literals[LITERAL - source, 1],
                    literals[LITERAL - source, 2],
                )
            if source == NOTHING:
                key[1 + column] = -1 if column < 2 else NO_NUMBER
            elif column < 2:
                state = FIRST_STATE + STATES * column
                if _is_last(data, at, size, kind, state, memory):
                    key[1 + column] = memory[state + LAST_CODE]
                else:
                    key[1 + column] = _code(data, at, size, kind, column, memory, entries)
            elif source >= 0:
                number = _digits(data, at, size) if kind == 1 else _number(data, at, kind)
                uses[record] = -1 if number == NO_NUMBER else uses[record]
                key[3] = number
            else:
                key[3] = number
        if uses[record] < 0:
            continue
        h = np.uint64(0)
        for i in range(4):
            h = (h ^ np.uint64(key[i])) * np.uint64(_PRIME)
            h ^= h >> np.uint64(32)
        place = np.int64(h >> np.uint64(16)) & (places.size - 1)
        while places[place] != 0:
            use = places[place] - 1
            if keys[use, 0] == key[0] and keys[use, 1] == key[1] and keys[use, 2] == key[2] and keys[use, 3] == key[3]:
                break
            place = (place + 1) & (places.size - 1)
        if places[place] == 0:
            keys[found, :] = key
            found += 1
            places[place] = found
        uses[record] = places[place] - 1
    return found


@jit(boundscheck=True)
def encode(
    data: Any,
    uses: Any,
    firsts: Any,
    slots: Any,
    literals: Any,
    use_parts: Any,
    use_sources: Any,
    sources: Any,
    kinds: Any,
    part_columns: Any,
    modes: Any,
    outs: Any,
    rows: Any,
    codes: Any,
    numbers: Any,
    valid: Any,
    memory: Any,
    entries: Any,
) -> Any:
    """Fill the columns of all kinds.

    Parameters
    ----------
    uses : ndarray of int64, shape (n,)
    use_parts, use_sources : ndarray of int64, shape (u,)
        Partition of a use, and where its sources begin.
    sources, kinds : ndarray of int64
        Source and type for each column of the use's partition.
    part_columns : ndarray of int64, shape (p + 1,)
        Columns of all partitions are numbered; where those of each partition begin.
    modes, outs : ndarray of int64, shape (c,)
        `TEXT`, `NUMBER` or `LISTED` (passed over), and the place of row 0 in `codes`, or in `numbers` and `valid`.
    rows : ndarray of int64, shape (p,)
        Zeros: rows written so far.
    memory : ndarray of int64
    entries : ndarray of int64, shape (capacity, ENTRY_WORDS)
        State and entries of the dictionaries.
    """
    data, slots, entries, memory = borrow(data), borrow(slots), borrow(entries), borrow(memory)
    for record in range(uses.size):
        use = uses[record]
        if use < 0:
            continue
        part, first, source_at = use_parts[use], firsts[record], use_sources[use]
        row = rows[part]
        rows[part] = row + 1
        for column in range(part_columns[part], part_columns[part + 1]):
            source, kind, mode, out = sources[source_at], kinds[source_at], modes[column], outs[column] + row
            source_at += 1
            if mode == LISTED:
                continue
            if source == NOTHING:
                memory[FIRST_STATE + STATES * column + ABSENT_ROWS] += 1
                if mode == TEXT:
                    codes[out] = -1
                else:
                    numbers[out], valid[out] = 0, False
            elif mode == TEXT:
                if source >= 0:
                    at, size = np.int64(slots[0, first + source]), np.int64(slots[1, first + source])
                else:
                    at, size = literals[LITERAL - source, 0], literals[LITERAL - source, 1]
                state = FIRST_STATE + STATES * column
                if _is_last(data, at, size, kind, state, memory):
                    codes[out] = memory[state + LAST_CODE]
                else:
                    codes[out] = _code(data, at, size, kind, column, memory, entries)
            else:
                number = _number(data, slots[0, first + source], kind) if source >= 0 else literals[LITERAL - source, 2]
                numbers[out], valid[out] = number, True
                if kind == 0x0A and number < 0:
                    memory[FIRST_STATE + STATES * column + WIDE] = 1


@jit(boundscheck=True)
def encode_items(
    data: Any, places: Any, sizes: Any, kinds: Any, column: Any, codes: Any, memory: Any, entries: Any
) -> Any:
    """Encode the items of one multi-valued column; a place of -1 is an absent field."""
    data, entries, memory = borrow(data), borrow(entries), borrow(memory)
    for item in range(places.size):
        if places[item] < 0:
            codes[item] = -1
        elif places[item] + sizes[item] + 8 > data.size:
            raise IndexError
        else:
            codes[item] = _code(data, places[item], sizes[item], kinds[item], column, memory, entries)
