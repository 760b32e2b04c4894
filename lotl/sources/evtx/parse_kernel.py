"""Compiled: from the records of a chunk to layouts and slots.

A *slot* is a place in the buffer where a value stands (position, length). A *layout* says what the slots of a record
are: which templates, which value types, which markup. Nearly every record of a log shares its layout with thousands of
others, so whoever knows a layout's columns knows them for all.

Templates are recognised by their content (GUID, markup with names resolved, literal text), never by where they stand and
never by the GUID alone: their canonical form (a *shape*) is interned, byte for byte. The same walk gives records without
a template their skeleton; their texts become slots. Layouts are interned as words: ``TEMPLATE, shape, n, type * n`` or
``INLINE, shape, n``, first for the record, then for each nested BinXML value in order.

Whatever is not exactly as Windows writes it is `ODD`: the record is left to the complete reader. Every position read from
the bytes is compared with the bounds before use; ``boundscheck`` stands behind that.

All integers of the state are in one array, `pool` (see the offsets below): few arguments make cheap calls.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lotl.kernel_cache import jit
from lotl.sources.evtx.loads import borrow, load16, load32, load64, store64

ODD: Final = -1
TEMPLATE: Final = 1
INLINE: Final = 2

# cursors, at the start of the pool: what has been used of each part of the state
SLOTS: Final = 0
AUX: Final = 1
CANON: Final = 2
SHAPES: Final = 3
WORDS: Final = 4
LAYOUTS: Final = 5
DEFINITIONS: Final = 6
# offsets into the pool
SIZES: Final = 16  # bytes of a value by type (of an array: of an item), or one of the next three
ANY: Final = -4
EVEN: Final = -2
SPECIAL: Final = -1  # see _word; unknown types too
DEFINED: Final = 512  # by offset of the definition: index into the definitions
SHAPE_ENDS: Final = DEFINED + 65536
MAX_SHAPES: Final = 32768
SHAPE_TABLE: Final = SHAPE_ENDS + MAX_SHAPES
SHAPE_MASK: Final = 2 * MAX_SHAPES - 1
LAYOUT_ENDS: Final = SHAPE_TABLE + 2 * MAX_SHAPES
MAX_LAYOUTS: Final = 65536
LAYOUT_TABLE: Final = LAYOUT_ENDS + MAX_LAYOUTS
LAYOUT_MASK: Final = 2 * MAX_LAYOUTS - 1
WORD: Final = LAYOUT_TABLE + 2 * MAX_LAYOUTS
MAX_WORDS: Final = 1 << 21
DEFINITION: Final = WORD + MAX_WORDS  # three words each: chunk, offset, shape; to the end of the pool

MAX_DEPTH: Final = 40
MAX_NAME: Final = 512
MAX_CANONICAL: Final = 65536
"""Bytes of one canonical form; longer ones are left to the complete reader."""
MAX_VALUES: Final = 4096
TEXT_RUN: Final = 0xF0
TEXT_BLANK: Final = 0xF1
_ATTRIBUTE_TEXT: Final = 0xF2
_PRIME: Final = 0x9E3779B97F4A7C15
_FRAGMENT: Final = 0x0001010F


@jit(boundscheck=True)
def _intern_shape(canon, pool, start, end):
    """Return the number of the canonical form at canon[start:end] (whole 8 bytes), keeping it if it is new."""
    h = np.uint64(end - start)
    for i in range(start, end, 8):
        h = (h ^ load64(canon, i)) * np.uint64(_PRIME)
        h ^= h >> np.uint64(32)
    place = np.int64(h >> np.uint64(16)) & SHAPE_MASK
    while pool[SHAPE_TABLE + place] != 0:
        known = pool[SHAPE_TABLE + place] - 1
        first = pool[SHAPE_ENDS + known]
        if pool[SHAPE_ENDS + known + 1] - first == end - start:
            i = 0
            while i < end - start and load64(canon, first + i) == load64(canon, start + i):
                i += 8
            if i >= end - start:
                return known
        place = (place + 1) & SHAPE_MASK
    new = pool[SHAPES]
    if new + 2 > MAX_SHAPES:
        return ODD
    pool[SHAPE_TABLE + place] = new + 1
    pool[SHAPE_ENDS + new + 1] = end
    pool[SHAPES] = new + 1
    pool[CANON] = end
    return new


@jit(boundscheck=True)
def _intern_layout(pool, start, end):
    """Return the number of the layout whose words stand at pool[start:end], keeping it if it is new."""
    h = np.uint64(end - start)
    for i in range(start, end):
        h = (h ^ np.uint64(pool[i])) * np.uint64(_PRIME)
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
def _name(data, base, at, limit):
    """Return (position behind the reference to a name, start of its characters, their bytes); ODD first if wrong."""
    if at + 4 > limit:
        return ODD, 0, 0
    offset = load32(data, at)
    after = at + 4
    if offset + 10 > 65536 or offset > after - base:
        return ODD, 0, 0
    size = 2 * load16(data, base + offset + 6)
    if size > MAX_NAME or offset + 10 + size > 65536:
        return ODD, 0, 0
    if offset == after - base:
        after += 10 + size
    return after if after <= limit else ODD, base + offset + 8, size


@jit(boundscheck=True)
def _emit(data, start, size, mark, canon, out):
    """Append a mark, a length and bytes to a canonical form; return its new end."""
    if start < 0 or start + size + 8 > data.size or out + size + 16 > canon.size:
        raise IndexError
    canon[out], canon[out + 1], canon[out + 2] = mark, size & 255, size >> 8
    out += 3
    for i in range(0, size, 8):
        store64(canon, out + i, load64(data, start + i))
    return out + size


@jit(boundscheck=True)
def _reference(data, base, at, limit):
    """Return (position behind an entity or character reference, its code unit); ODD first if not one of XML's."""
    if data[at] == 0x08:
        unit = load16(data, at + 1)
        if at + 3 > limit or unit == 0:
            return ODD, 0
        return at + 3, 0xFFFD if unit & 0xF800 == 0xD800 else unit
    after, name, size = _name(data, base, at + 1, limit)
    if after < 0 or size < 4 or size > 8:
        return ODD, 0
    spelled = 0
    for i in range(0, size, 2):
        spelled = spelled << 16 | load16(data, name + i)
    if spelled == 0x6C0074:
        return after, 0x3C
    if spelled == 0x670074:
        return after, 0x3E
    if spelled == 0x61006D0070:
        return after, 0x26
    if spelled == 0x710075006F0074:
        return after, 0x22
    return after if spelled == 0x610070006F0073 else ODD, 0x27


@jit(boundscheck=True)
def _text(data, base, at, limit):
    """Return (position behind a text or CDATA section, start of its characters, their bytes); ODD first if wrong."""
    start = at + (4 if data[at] & 0xBF == 0x05 else 3)
    if start > limit or (start == at + 4 and data[at + 1] != 1):
        return ODD, 0, 0
    size = 2 * load16(data, start - 2)
    return start + size if start + size <= limit else ODD, start, size


@jit(boundscheck=True)
def _is_text(token):
    kind = token & 0xBF
    return kind == 0x05 or (kind >= 0x07 and kind <= 0x09)


@jit(boundscheck=True)
def _is_blank(unit):
    """Whether Python's ``str.strip`` drops the character."""
    if unit < 0x85:
        return unit == 32 or (unit >= 9 and unit <= 13) or (unit >= 28 and unit <= 31)
    if unit < 0x2000:
        return unit == 0x85 or unit == 0xA0 or unit == 0x1680
    return unit <= 0x200A or unit == 0x2028 or unit == 0x2029 or unit == 0x202F or unit == 0x205F or unit == 0x3000


@jit(boundscheck=True)
def _text_run(data, base, at, limit, slots, pool):
    """Make one slot of adjacent texts, CDATA sections and references; return (position behind it, its mark)."""
    first = out = pool[AUX]
    pieces, blank, edges, start, size = 0, True, False, at, 0
    while at < limit and _is_text(data[at]):
        if data[at] & 0xBF >= 0x08:
            at, unit = _reference(data, base, at, limit)
            if at < 0 or out + 16 > data.size:
                return ODD, 0
            store64(data, out, np.uint64(unit))
            blank &= _is_blank(unit)
            out += 2
            pieces += 2
        else:
            at, start, size = _text(data, base, at, limit)
            if at < 0 or out + size + 16 > data.size:
                return ODD, 0
            for i in range(0, size, 2):
                unit = load16(data, start + i)
                blank &= _is_blank(unit)
                if unit == 0:
                    return ODD, 0
                # halves of characters at the ends of two pieces must not become one
                edges |= unit & 0xF800 == 0xD800 and (i == 0 or i + 2 == size)
            for i in range(0, size, 8):
                store64(data, out + i, load64(data, start + i))
            out += size
            pieces += 1
    if edges and pieces > 1:
        return ODD, 0
    slot = pool[SLOTS]
    if pieces == 1:
        slots[0, slot], slots[1, slot] = start, size
    else:
        slots[0, slot], slots[1, slot] = first, out - first
        pool[AUX] = out
    pool[SLOTS] = slot + 1
    return at, TEXT_BLANK if blank else TEXT_RUN


@jit(boundscheck=True)
def _start_tag(data, base, at, limit, in_template, canon, out):
    """Read an element's start or an attribute's; return (position of what follows, end of the form, is "Name")."""
    token = data[at]
    element = token & 0xBF == 0x01
    name_at = at + ((7 if in_template else 5) if element else 1)
    after, name, size = _name(data, base, name_at, limit)
    if after < 0:
        return ODD, 0, False
    out = _emit(data, name, size, token if element else 0x06, canon, out)
    if element and token & 0x40:
        after += 4
    return after, out, size == 8 and load64(data, name) == np.uint64(0x65006D0061004E)


@jit(boundscheck=True)
def _literal(data, base, at, limit, canon, out):
    """Append a piece of text to the canonical form; return (position behind it, end of the form)."""
    if data[at] & 0xBF <= 0x07:
        after, start, size = _text(data, base, at, limit)
        return (after, _emit(data, start, size, 0x05, canon, out)) if after >= 0 else (ODD, 0)
    after, unit = _reference(data, base, at, limit)
    if after < 0:
        return ODD, 0
    canon[out], canon[out + 1], canon[out + 2] = 0x08, unit & 255, unit >> 8
    return after, out + 3


@jit(boundscheck=True)
def _canonical(data, base, at, limit, in_template, canon, out, slots, pool):
    """Append the canonical form of one element; return (position behind its stream, end of the form) or ODD first.

    Names are written out, positions and sizes left out. Outside of templates texts become slots, but for attributes
    called Name: they name columns.
    """
    depth, stop, literal = 0, min(out + MAX_CANONICAL, canon.size - 64), in_template
    while at < limit and out < stop:
        token = data[at]
        if token == 0x00:
            return (at + 1, out) if depth == 0 else (ODD, 0)
        if token & 0xBF == 0x01 or (token & 0xBF == 0x06 and depth > 0):
            at, out, name = _start_tag(data, base, at, limit, in_template, canon, out)
            depth += token & 1
            literal = in_template or (name and token & 1 == 0)
        elif depth == 0 or depth > MAX_DEPTH:
            return ODD, 0
        elif token >= 0x02 and token <= 0x04:
            literal = in_template
            depth -= token > 0x02
            canon[out] = token
            out += 1
            at += 1
            if depth == 0 and at == limit:
                return at, out
        elif _is_text(token):
            if literal:
                at, out = _literal(data, base, at, limit, canon, out)
            else:
                at, canon[out] = _text_run(data, base, at, limit, slots, pool)
                out += 1
        elif in_template and (token == 0x0D or token == 0x0E) and at + 4 <= limit:
            at, out = at + 4, _emit(data, at, 4, token, canon, out)
        else:
            return ODD, 0
        if at < 0:
            return ODD, 0
    return ODD, 0


@jit(boundscheck=True)
def _shape(data, base, at, limit, in_template, canon, start, out, slots, pool):
    """Intern the canonical form of the markup at `at`, begun with canon[start:out]; return (position behind it, shape)."""
    at, out = _canonical(data, base, at, limit, in_template, canon, out, slots, pool)
    if at < 0:
        return ODD, ODD
    store64(canon, out, np.uint64(0))
    return at, _intern_shape(canon, pool, start, out + 7 & ~7)


@jit(boundscheck=True)
def _definition(data, base, offset, canon, slots, pool):
    """Return the shape of the template defined at chunk offset `offset`, by this chunk's table if it is known."""
    known = DEFINITION + 3 * pool[DEFINED + offset]
    if known < DEFINITION + 3 * pool[DEFINITIONS] and pool[known] == base and pool[known + 1] == offset:
        return pool[known + 2]
    at = base + offset + 24
    limit = at + load32(data, at - 4)
    start, shape = pool[CANON], ODD
    if limit <= base + 65536 and at + 5 <= limit and load32(data, at) == _FRAGMENT and start + 256 < canon.size:
        canon[start] = TEMPLATE
        out = _emit(data, base + offset + 4, 16, TEMPLATE, canon, start)
        after, shape = _shape(data, base, at + 4, limit, True, canon, start, out, slots, pool)
        if after != limit:
            shape = ODD
    known = DEFINITION + 3 * pool[DEFINITIONS]
    if known + 3 <= pool.size:
        pool[known], pool[known + 1], pool[known + 2] = base, offset, shape
        pool[DEFINED + offset] = pool[DEFINITIONS]
        pool[DEFINITIONS] += 1
    return shape


@jit(boundscheck=True)
def _word(data, kind, at, size, unit):
    """Return what a layout keeps of a value: its type, or ODD if the size does not fit the type."""
    if kind == 0x21:
        return kind if size > 0 else 0
    if kind == 0x13:
        return kind if size >= 8 and size <= 68 and size == 8 + 4 * data[at + 1] else ODD
    if kind == 0x10:
        return kind | size << 8 if size == 4 or size == 8 else ODD
    return kind if kind >= 0x80 and unit > 0 and size % unit == 0 else ODD


@jit(boundscheck=True)
def _instance(data, base, at, limit, canon, slots, pool, word):
    """Read a template instance; append its words and slots. Return (position behind the values, next word) or ODD."""
    offset = load32(data, at + 6)
    after = at + 10
    if at + 14 > limit or offset + 24 > 65536 or offset > after - base or load32(data, at + 2) != load32(data, base + offset + 4):
        return ODD, 0
    shape = _definition(data, base, offset, canon, slots, pool)
    if offset == after - base:
        after += 24 + load32(data, after + 20)
    count = load32(data, after) if after + 4 <= limit else MAX_VALUES
    value = after + 4 + 4 * count
    slot = pool[SLOTS]
    if shape < 0 or count >= MAX_VALUES or value > limit or word + count + 3 > DEFINITION or slot + count > slots.shape[1]:
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
def _part(data, base, at, limit, top, canon, slots, pool, word):
    """Read a fragment, an instance or plain markup, and append its words and slots. Return the next word or ODD."""
    if at + 4 <= limit and load32(data, at) == _FRAGMENT:
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
    after, shape = _shape(data, base, at, limit, False, canon, start, start + 1, slots, pool)
    if after < 0 or shape < 0:
        return ODD
    pool[word], pool[word + 1], pool[word + 2] = INLINE, shape, pool[SLOTS] - slot
    return word + 3


@jit(boundscheck=True)
def _record(data, base, at, limit, canon, slots, pool):
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
def parse(data, records, count, chunks, canon, slots, pool, layouts, firsts):
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
