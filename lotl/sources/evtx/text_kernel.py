"""Compiled: distinct values to UTF-8, as `lotl.sources.evtx.values` prints them.

Types that are rare, or whose text is intricate, are printed by that module; see `KERNEL_KINDS`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from lotl.kernel_cache import jit
from lotl.sources.evtx.loads import borrow, load16, load32, load64, store64

PLAIN: Final = 0x4000
"""Type of a value whose text is given."""
KERNEL_KINDS: Final = frozenset({0x01, *range(0x03, 0x0B), 0x0D, 0x0E, 0x0F, 0x14, 0x15, 0x410, 0x810, 0x23, PLAIN})
"""Types that the kernel prints (0x410 and 0x810: size_t of 4 and 8 bytes)."""


@jit(boundscheck=True)
def _utf16(data: Any, at: Any, size: Any, out: Any, to: Any) -> Any:
    """Write UTF-16 without trailing NULs; return (end, whether bytes were lost or replaced)."""
    end = at + size
    while end > at and load16(data, end - 2) == 0:
        end -= 2
    odd = end != at + size
    if end - at + to + 16 > out.size:
        raise IndexError
    while at + 8 <= end:  # four ASCII characters at once
        four = load64(data, at)
        if four & np.uint64(0xFF80FF80FF80FF80):
            break
        four = (four | four >> np.uint64(8)) & np.uint64(0x0000FFFF0000FFFF)
        store64(out, to, four | four >> np.uint64(16))
        at += 8
        to += 4
    while at < end:
        unit = load16(data, at)
        at += 2
        if unit < 0x80:
            out[to] = unit
            to += 1
            continue
        if unit & 0xF800 == 0xD800:
            low = load16(data, at) if at < end else 0
            if unit < 0xDC00 and low & 0xFC00 == 0xDC00:
                unit = 0x10000 + ((unit & 0x3FF) << 10 | low & 0x3FF)
                at += 2
            else:
                unit = 0xFFFD
                odd = True
        if unit < 0x800:
            out[to] = 0xC0 | unit >> 6
            to += 1
        elif unit < 0x10000:
            out[to], out[to + 1] = 0xE0 | unit >> 12, 0x80 | unit >> 6 & 0x3F
            to += 2
        else:
            out[to], out[to + 1], out[to + 2] = 0xF0 | unit >> 18, 0x80 | unit >> 12 & 0x3F, 0x80 | unit >> 6 & 0x3F
            to += 3
        out[to] = 0x80 | unit & 0x3F
        to += 1
    return to, odd


@jit(boundscheck=True)
def _digit(value: Any) -> Any:
    return value + (48 if value < 10 else 87)


@jit(boundscheck=True)
def _hexadecimal(number: Any, out: Any, to: Any) -> Any:
    out[to], out[to + 1] = 48, 120
    to += 2
    shift = 60
    while shift > 0 and number >> np.uint64(shift) == np.uint64(0):
        shift -= 4
    while shift >= 0:
        out[to] = _digit(np.int64(number >> np.uint64(shift) & np.uint64(15)))
        to += 1
        shift -= 4
    return to


@jit(boundscheck=True)
def _decimal(number: Any, negative: Any, out: Any, to: Any) -> Any:
    if negative:
        out[to] = 45
        to += 1
    width, rest = 1, number // np.uint64(10)
    while rest:
        width += 1
        rest //= np.uint64(10)
    for i in range(to + width - 1, to - 1, -1):
        out[i] = 48 + np.int64(number % np.uint64(10))
        number //= np.uint64(10)
    return to + width


@jit(boundscheck=True)
def _integer(data: Any, at: Any, kind: Any, out: Any, to: Any) -> Any:
    if kind == 0x04 or kind == 0x03:
        number = np.int64(data[at])
        number -= 256 if kind == 0x03 and number >= 1 << 7 else 0
    elif kind == 0x05 or kind == 0x06:
        number = load16(data, at)
        number -= 65536 if kind == 0x05 and number >= 1 << 15 else 0
    elif kind == 0x07 or kind == 0x08:
        number = load32(data, at)
        number -= 1 << 32 if kind == 0x07 and number >= 1 << 31 else 0
    elif kind == 0x0A:
        return _decimal(load64(data, at), False, out, to)
    else:
        number = np.int64(load64(data, at))
    if number < 0:
        return _decimal(np.uint64(0) - np.uint64(number), True, out, to)
    return _decimal(np.uint64(number), False, out, to)


@jit(boundscheck=True)
def _hex_four(four: Any) -> Any:
    """Return the eight hexadecimal digits of four bytes as ASCII; the first byte and the first digit are lowest."""
    v = (four | four << np.uint64(16)) & np.uint64(0x0000FFFF0000FFFF)
    v = (v | v << np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF)
    v = v >> np.uint64(4) & np.uint64(0x000F000F000F000F) | (v & np.uint64(0x000F000F000F000F)) << np.uint64(8)
    letters = (v + np.uint64(0x0606060606060606)) >> np.uint64(4) & np.uint64(0x0101010101010101)
    return v + np.uint64(0x3030303030303030) + letters * np.uint64(7)


@jit(boundscheck=True)
def _hex_bytes(data: Any, at: Any, size: Any, out: Any, to: Any) -> Any:
    if to + 2 * size + 16 > out.size:
        raise IndexError
    for i in range(0, size, 4):
        store64(out, to + 2 * i, _hex_four(np.uint64(load32(data, at + i))))
    return to + 2 * size


@jit(boundscheck=True)
def _guid(data: Any, at: Any, out: Any, to: Any) -> Any:
    if to + 48 > out.size:
        raise IndexError
    first = np.uint64(load32(data, at))
    swapped = first >> np.uint64(24) | first >> np.uint64(8) & np.uint64(0xFF00)
    swapped |= first << np.uint64(8) & np.uint64(0xFF0000) | first << np.uint64(24) & np.uint64(0xFF000000)
    middle = np.uint64(load32(data, at + 4))
    middle = middle >> np.uint64(8) & np.uint64(0x00FF00FF) | middle << np.uint64(8) & np.uint64(0xFF00FF00)
    digits = _hex_four(np.uint64(load32(data, at + 8)))
    store64(out, to + 1, _hex_four(swapped))
    store64(out, to + 10, _hex_four(middle))
    store64(out, to + 15, _hex_four(middle) >> np.uint64(32))
    store64(out, to + 20, digits)
    store64(out, to + 25, digits >> np.uint64(32))
    store64(out, to + 29, _hex_four(np.uint64(load32(data, at + 12))))
    out[to], out[to + 37] = 123, 125
    out[to + 9] = out[to + 14] = out[to + 19] = out[to + 24] = 45
    return to + 38


@jit(boundscheck=True)
def _word(data: Any, at: Any, text: Any, out: Any, to: Any) -> Any:
    for i in range(4):
        out[to + i] = text >> 8 * i & 255
    return to + 4


@jit(boundscheck=True)
def convert(data: Any, entries: Any, order: Any, printed: Any, printed_ends: Any, out: Any, ends: Any, odd: Any) -> Any:
    """Print values.

    Parameters
    ----------
    data : ndarray of uint8
    entries : ndarray of int64, shape (n, 4)
        ``place << 24 | size``, type (see `KERNEL_KINDS`), column, code.
    order : ndarray of int64, shape (m,)
        Which to print, in order.
    printed : ndarray of uint8
    printed_ends : ndarray of int64, shape (p + 1,)
        Texts of the `PLAIN` values, in order.
    out : ndarray of uint8
        Out: UTF-8. 3 bytes for each byte of a value, 48 for each value, and `printed` suffice.
    ends : ndarray of int32, shape (m + 1,)
        Out: `ends[i]` to `ends[i + 1]` is the text of value i.
    odd : ndarray of bool, shape (m,)
        Out: other bytes may have the same text.
    """
    data, out = borrow(data), borrow(out)
    to = plain = 0
    for i in range(order.size):
        ends[i] = to
        at, size, kind = entries[order[i], 0] >> 24, entries[order[i], 0] & 0xFFFFFF, entries[order[i], 1]
        if at < 0 or size < 0 or at + size + 8 > data.size:
            raise IndexError
        odd[i] = False
        if kind == 0x01 or kind == 0x23:
            to, odd[i] = _utf16(data, at, size, out, to)
        elif kind >= 0x03 and kind <= 0x0A:
            to = _integer(data, at, kind, out, to)
        elif kind == 0x0D:
            true = load32(data, at) != 0
            odd[i] = True
            to = _word(data, at, 0x65757274 if true else 0x736C6166, out, to)
            if not true:
                out[to] = 101
                to += 1
        elif kind == 0x0E:
            to = _hex_bytes(data, at, size, out, to)
        elif kind == 0x0F:
            to = _guid(data, at, out, to)
        elif kind == 0x14 or kind == 0x410:
            to = _hexadecimal(np.uint64(load32(data, at)), out, to)
        elif kind == 0x15 or kind == 0x810:
            to = _hexadecimal(load64(data, at), out, to)
        else:
            for j in range(printed_ends[plain], printed_ends[plain + 1]):
                out[to] = printed[j]
                to += 1
            plain += 1
    ends[order.size] = to
