"""Compiled: BinXML markup to canonical forms.

The canonical form of markup has its names written out and its positions and sizes left out, so that the same template
has the same form wherever it stands. Forms (*shapes*) are interned, byte for byte. Outside of templates texts become
slots: what remains is the skeleton of the record.

Kernels in `parse_kernel` call these: after a change here, that file must change too, or its cached code stays (see
`lotl.kernel_cache`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lotl.kernel_cache import jit
from lotl.sources.evtx.loads import load16, load32, load64, store64
from lotl.sources.evtx.pool import (
    AUX,
    CANON,
    MAX_CANONICAL,
    MAX_DEPTH,
    MAX_NAME,
    MAX_SHAPES,
    ODD,
    PRIME,
    SHAPE_ENDS,
    SHAPE_MASK,
    SHAPE_TABLE,
    SHAPES,
    SLOTS,
    TEXT_BLANK,
    TEXT_RUN,
)


@jit(boundscheck=True)
def _intern_shape(canon: Any, pool: Any, start: Any, end: Any) -> Any:
    """Return the number of the canonical form at canon[start:end] (whole 8 bytes), keeping it if it is new."""
    h = np.uint64(end - start)
    for i in range(start, end, 8):
        h = (h ^ load64(canon, i)) * np.uint64(PRIME)
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
def _name(data: Any, base: Any, at: Any, limit: Any) -> Any:
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
def emit(data: Any, start: Any, size: Any, mark: Any, canon: Any, out: Any) -> Any:
    """Append a mark, a length and bytes to a canonical form; return its new end."""
    if start < 0 or start + size + 8 > data.size or out + size + 16 > canon.size:
        raise IndexError
    canon[out], canon[out + 1], canon[out + 2] = mark, size & 255, size >> 8
    out += 3
    for i in range(0, size, 8):
        store64(canon, out + i, load64(data, start + i))
    return out + size


@jit(boundscheck=True)
def _reference(data: Any, base: Any, at: Any, limit: Any) -> Any:
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
def _text(data: Any, base: Any, at: Any, limit: Any) -> Any:
    """Return (position behind a text or CDATA section, start of its characters, their bytes); ODD first if wrong."""
    start = at + (4 if data[at] & 0xBF == 0x05 else 3)
    if start > limit or (start == at + 4 and data[at + 1] != 1):
        return ODD, 0, 0
    size = 2 * load16(data, start - 2)
    return start + size if start + size <= limit else ODD, start, size


@jit(boundscheck=True)
def _is_text(token: Any) -> Any:
    kind = token & 0xBF
    return kind == 0x05 or (kind >= 0x07 and kind <= 0x09)


@jit(boundscheck=True)
def _is_blank(unit: Any) -> Any:
    """Whether Python's ``str.strip`` drops the character."""
    if unit < 0x85:
        return unit == 32 or (unit >= 9 and unit <= 13) or (unit >= 28 and unit <= 31)
    if unit < 0x2000:
        return unit == 0x85 or unit == 0xA0 or unit == 0x1680
    return unit <= 0x200A or unit == 0x2028 or unit == 0x2029 or unit == 0x202F or unit == 0x205F or unit == 0x3000


@jit(boundscheck=True)
def _text_run(data: Any, base: Any, at: Any, limit: Any, slots: Any, pool: Any) -> Any:
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
def _start_tag(data: Any, base: Any, at: Any, limit: Any, in_template: Any, canon: Any, out: Any) -> Any:
    """Read an element's start or an attribute's; return (position of what follows, end of the form, is "Name")."""
    token = data[at]
    element = token & 0xBF == 0x01
    name_at = at + ((7 if in_template else 5) if element else 1)
    after, name, size = _name(data, base, name_at, limit)
    if after < 0 or (element and load32(data, name_at - 4) > 65536):
        return ODD, 0, False
    out = emit(data, name, size, token if element else 0x06, canon, out)
    if element and token & 0x40:
        after += 4
    return after, out, size == 8 and load64(data, name) == np.uint64(0x65006D0061004E)


@jit(boundscheck=True)
def _literal(data: Any, base: Any, at: Any, limit: Any, canon: Any, out: Any) -> Any:
    """Append a piece of text to the canonical form; return (position behind it, end of the form)."""
    if data[at] & 0xBF <= 0x07:
        after, start, size = _text(data, base, at, limit)
        return (after, emit(data, start, size, 0x05, canon, out)) if after >= 0 else (ODD, 0)
    after, unit = _reference(data, base, at, limit)
    if after < 0:
        return ODD, 0
    canon[out], canon[out + 1], canon[out + 2] = 0x08, unit & 255, unit >> 8
    return after, out + 3


@jit(boundscheck=True)
def _canonical(
    data: Any, base: Any, at: Any, limit: Any, in_template: Any, canon: Any, out: Any, slots: Any, pool: Any
) -> Any:
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
            at, out = at + 4, emit(data, at, 4, token, canon, out)
        else:
            return ODD, 0
        if at < 0:
            return ODD, 0
    return ODD, 0


@jit(boundscheck=True)
def shape_of(
    data: Any, base: Any, at: Any, limit: Any, in_template: Any, canon: Any, start: Any, out: Any, slots: Any, pool: Any
) -> Any:
    """Intern the form of the markup at `at`, begun with canon[start:out]; return (position behind it, shape)."""
    at, out = _canonical(data, base, at, limit, in_template, canon, out, slots, pool)
    if at < 0:
        return ODD, ODD
    store64(canon, out, np.uint64(0))
    return at, _intern_shape(canon, pool, start, out + 7 & ~7)
