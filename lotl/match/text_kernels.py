"""Kernels over flat UTF-8: folding, and comparing one literal or pattern with one value.

Texts lie behind each other in one buffer; value ``v`` is ``buffer[offsets[v]:offsets[v + 1]]``. Nothing here trusts the
bytes to be UTF-8: what is not is compared as the bytes that it is, and no index leaves the value.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lotl.kernel_cache import jit


@jit(allocates=False)
def fold_ascii(source: Any, target: Any) -> int:
    """Copy `source` to `target` with A–Z lowered; return the bitwise or of all bytes (≥ 128: not all ASCII)."""
    seen = np.uint8(0)
    for i in range(source.size):
        byte = source[i]
        seen |= byte
        upper = np.uint8(byte - np.uint8(65)) < np.uint8(26)
        target[i] = byte | np.uint8(upper << 5)
    return int(seen)


@jit(allocates=False)
def _decode(source: Any, at: int, stop: int) -> tuple[int, int]:
    """Return (code point, bytes it takes); (-1, 1) for a byte that starts no well-formed character."""
    lead = int(source[at])
    if lead < 0x80:
        return lead, 1
    extra = 1 if 0xC2 <= lead < 0xE0 else 2 if 0xE0 <= lead < 0xF0 else 3 if 0xF0 <= lead < 0xF5 else 0
    if extra == 0 or at + extra >= stop:
        return -1, 1
    point = lead & (0x3F >> extra)
    for i in range(1, extra + 1):
        follow = int(source[at + i])
        if follow & 0xC0 != 0x80:
            return -1, 1
        point = point << 6 | follow & 0x3F
    return point, extra + 1


@jit(allocates=False)
def _encode(point: int, target: Any, at: int) -> int:
    """Write a code point of at least 0x80 or an ASCII one; return the place after it."""
    if point < 0x80:
        target[at] = point
        return at + 1
    if point < 0x800:
        target[at] = 0xC0 | point >> 6
        target[at + 1] = 0x80 | point & 0x3F
        return at + 2
    if point < 0x10000:
        target[at] = 0xE0 | point >> 12
        target[at + 1] = 0x80 | point >> 6 & 0x3F
        target[at + 2] = 0x80 | point & 0x3F
        return at + 3
    target[at] = 0xF0 | point >> 18
    target[at + 1] = 0x80 | point >> 12 & 0x3F
    target[at + 2] = 0x80 | point >> 6 & 0x3F
    target[at + 3] = 0x80 | point & 0x3F
    return at + 4


@jit(allocates=False)
def fold_unicode(source: Any, offsets: Any, table: Any, target: Any, target_offsets: Any) -> int:
    """Fold texts of any script; return the bytes written.

    Parameters
    ----------
    source : ndarray of uint8
    offsets, target_offsets : ndarray of int64, shape (d + 1,)
    table : ndarray of int32
        Folded code point of each code point; those past its end fold to themselves.
    target : ndarray of uint8
        At least one and a half times the text: folding turns two bytes into at most three.
    """
    out = 0
    target_offsets[0] = 0
    for value in range(offsets.size - 1):
        at, stop = offsets[value], offsets[value + 1]
        while at < stop:
            point, size = _decode(source, at, stop)
            if point < 0:
                target[out] = source[at]
                out += 1
            elif point < table.size and table[point] != point:
                out = _encode(table[point], target, out)
            else:
                for i in range(size):
                    target[out + i] = source[at + i]
                out += size
            at += size
        target_offsets[value + 1] = out
    return out


@jit(allocates=False)
def same(text: Any, at: Any, literal: Any, start: Any, size: Any) -> bool:
    """Say whether ``text[at:at + size]`` is ``literal[start:start + size]`` (both inside their buffers)."""
    for i in range(size):  # noqa: SIM110 (no generators in kernels)
        if text[np.uint64(at + i)] != literal[np.uint64(start + i)]:
            return False
    return True


@jit(allocates=False)
def find(text: Any, at: int, stop: int, literal: Any, start: int, size: int) -> int:
    """Return the first place of a literal in ``text[at:stop]``, or -1."""
    if size == 0:
        return at
    first = literal[start]
    for i in range(at, stop - size + 1):
        if text[np.uint64(i)] == first and same(text, i, literal, start, size):
            return i
    return -1


@jit(allocates=False)
def glob(text: Any, at: int, stop: int, pattern: Any, first: int, last: int) -> bool:
    """Say whether a whole text matches a pattern.

    Parameters
    ----------
    text : ndarray of uint8
        The text is ``text[at:stop]``.
    pattern : ndarray of int16
        ``pattern[first:last]``: bytes, -1 for any run, -2 for any one character (code point).

    Notes
    -----
    The last run met is the only one ever extended: an earlier one cannot help where a later one cannot.
    """
    begin = at
    run, resume = -1, at
    p = first
    while at < stop:
        if p < last and pattern[p] == -1:
            run, resume = p, at
            p += 1
        elif p < last and pattern[p] == -2 and (text[at] & 0xC0 != 0x80 or at == begin):
            at += 1
            while at < stop and text[at] & 0xC0 == 0x80:
                at += 1
            p += 1
        elif p < last and pattern[p] == text[at]:
            at += 1
            p += 1
        elif run >= 0:
            resume += 1
            p = run + 1
            if p < last and pattern[p] >= 0:
                # Most of the work: on to the next place where the piece after the run can begin.
                while resume < stop and text[resume] != pattern[p]:
                    resume += 1
            at = resume
        else:
            return False
    while p < last and pattern[p] == -1:
        p += 1
    return p == last


@jit(allocates=False)
def glob_values(buffer: Any, offsets: Any, pattern: Any, values: Any, matched: Any) -> None:
    """Set ``matched[i]`` to whether value ``values[i]`` matches `pattern`."""
    for i in range(values.size):
        value = values[i]
        matched[i] = glob(buffer, offsets[value], offsets[value + 1], pattern, 0, pattern.size)


@jit(allocates=False)
def find_any(text: Any, offsets: Any, values: Any, literals: Any, start: Any, matched: Any) -> None:
    """Set ``matched[i]`` to whether value ``values[i]`` holds any of some literals."""
    for i in range(values.size):
        at, stop = offsets[values[i]], offsets[values[i] + 1]
        for k in range(start.size - 1):
            if find(text, at, stop, literals, start[k], start[k + 1] - start[k]) >= 0:
                matched[i] = True
                break


@jit(allocates=False)
def find_run(text: Any, offsets: Any, values: Any, members: Any, length: int, matched: Any) -> None:
    """Set ``matched[i]`` to whether value ``values[i]`` has a run of `length` members, or is not all ASCII there.

    A byte outside the class ends every run that it is in: most of the text is jumped over.
    """
    for i in range(values.size):
        start, stop = offsets[values[i]], offsets[values[i] + 1]
        last = start + length - 1
        while last < stop:
            at = last
            while at >= start and (members[text[at]] or text[at] >= 128):
                at -= 1
            if at < start:
                matched[i] = True
                break
            start = at + 1
            last = start + length - 1


@jit(allocates=False)
def relate(left: Any, left_at: int, left_stop: int, right: Any, right_at: int, right_stop: int, relation: int) -> bool:
    """Compare two texts: relation 0 equals, 1 starts with, 2 ends with, 3 contains (the right in the left)."""
    size, room = right_stop - right_at, left_stop - left_at
    if size > room:
        return False
    if relation == 0:
        return size == room and same(left, left_at, right, right_at, size)
    if relation == 1:
        return same(left, left_at, right, right_at, size)
    if relation == 2:
        return same(left, left_stop - size, right, right_at, size)
    return find(left, left_at, left_stop, right, right_at, size) >= 0


@jit(allocates=False)
def relate_rows(
    left: Any, left_offsets: Any, left_codes: Any, right: Any, right_offsets: Any, right_codes: Any,
    relation: int, matched: Any,
) -> None:  # fmt: skip
    """Set ``matched[i]`` to whether the texts of a pair of codes are related; a negative code relates to nothing."""
    for i in range(left_codes.size):
        a, b = left_codes[i], right_codes[i]
        if a >= 0 and b >= 0:
            matched[i] = relate(
                left, left_offsets[a], left_offsets[a + 1], right, right_offsets[b], right_offsets[b + 1], relation
            )
