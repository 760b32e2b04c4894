"""Kernels from values to rows and back."""

from __future__ import annotations

from typing import Any

from lotl.kernel_cache import jit


@jit(allocates=False)
def count_codes(codes: Any, counts: Any) -> None:
    """Count rows per code; the codes -1 and -2 are counted in the last two places."""
    for code in codes:
        counts[code if code >= 0 else counts.size + code] += 1


@jit(allocates=False)
def post(codes: Any, start: Any, rows: Any) -> None:
    """Fill posting lists: rows per code, rising. `start`, of shape (codes + 1,), holds the counts before each code."""
    size = start.size - 1
    for row in range(codes.size):
        code = codes[row]
        if code < 0:
            code += size
        rows[start[code]] = row
        start[code] += 1
    for code in range(size, 0, -1):
        start[code] = start[code - 1]
    start[0] = 0


@jit(allocates=False)
def gather(start: Any, rows: Any, ids: Any, out: Any) -> None:
    """Write the posting lists of `ids` behind each other."""
    written = 0
    for i in ids:
        for k in range(start[i], start[i + 1]):
            out[written] = rows[k]
            written += 1


@jit(allocates=False)
def any_element(codes: Any, offsets: Any, mark: Any, matched: Any) -> None:
    """Set ``matched[row]`` where any code of the row is marked; an empty row counts as the code `mark.size` - 3."""
    for row in range(offsets.size - 1):
        first, last = offsets[row], offsets[row + 1]
        hit = first == last and mark[mark.size - 3]
        for k in range(first, last):
            code = codes[k]
            if mark[code if code >= 0 else mark.size + code]:
                hit = True
                break
        matched[row] = hit


@jit(allocates=False)
def both(a: Any, b: Any, out: Any) -> int:
    """Write the numbers in both of two rising arrays; return how many."""
    i, j, written = 0, 0, 0
    while i < a.size and j < b.size:
        if a[i] == b[j]:
            out[written] = a[i]
            written += 1
            i += 1
            j += 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    return written


@jit(allocates=False)
def either(a: Any, b: Any, out: Any) -> int:
    """Write the numbers in at least one of two rising arrays, each once; return how many."""
    i, j, written = 0, 0, 0
    while i < a.size or j < b.size:
        if j == b.size or (i < a.size and a[i] < b[j]):
            out[written] = a[i]
            i += 1
        else:
            if i < a.size and a[i] == b[j]:
                i += 1
            out[written] = b[j]
            j += 1
        written += 1
    return written


@jit(allocates=False)
def without(a: Any, b: Any, out: Any) -> int:
    """Write the numbers of one rising array that another does not have; return how many."""
    j, written = 0, 0
    for i in range(a.size):
        while j < b.size and b[j] < a[i]:
            j += 1
        if j == b.size or b[j] != a[i]:
            out[written] = a[i]
            written += 1
    return written
