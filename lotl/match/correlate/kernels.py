"""Compiled passes over sorted occurrences. Every one is linear, or n log n, whatever the windows are.

Rows are sorted by group, then time, then order. A window is a pair of row numbers, both included; windows come sorted,
and neither end ever moves back, so that two pointers visit each row at most twice.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from lotl.columns import Rows
from lotl.kernel_cache import jit

Floats: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"


@jit()
def frames(group: Rows, time: Rows, span: int) -> tuple[Rows, Rows]:
    """Return first and last row of every maximal window: one that no other window of the group contains."""
    count = len(time)
    first = np.empty(count, np.int64)
    last = np.empty(count, np.int64)
    found, end, previous = 0, 0, -1
    for start in range(count):
        end = max(end, start)
        while end + 1 < count and group[end + 1] == group[start] and time[end + 1] - time[start] <= span:
            end += 1
        if end != previous:
            first[found], last[found] = start, end
            found, previous = found + 1, end
    return first[:found], last[:found]


@jit()
def looking_back(group: Rows, time: Rows, span: int) -> Rows:
    """Return for every row the first row of the window that ends there."""
    count = len(time)
    first = np.empty(count, np.int64)
    start = 0
    for end in range(count):
        while group[start] != group[end] or time[end] - time[start] > span:
            start += 1
        first[end] = start
    return first


@jit()
def distinct(codes: Rows, size: int, first: Rows, last: Rows) -> Rows:
    """Count the distinct codes (0 to size - 1) in each window."""
    held = np.zeros(size, np.int64)
    counts = np.empty(len(first), np.int64)
    low, high, present = 0, 0, 0
    for window in range(len(first)):
        while high <= last[window]:
            held[codes[high]] += 1
            present += held[codes[high]] == 1
            high += 1
        while low < first[window]:
            held[codes[low]] -= 1
            present -= held[codes[low]] == 0
            low += 1
        counts[window] = present
    return counts


@jit()
def ranked(ranks: Rows, size: int, first: Rows, last: Rows, wanted: Rows) -> Rows:
    """Return for each window the `wanted`-th smallest rank (from 1), counting in a Fenwick tree."""
    tree = np.zeros(size + 1, np.int64)
    top = 1
    while top * 2 <= size:
        top *= 2
    found = np.empty(len(first), np.int64)
    low, high = 0, 0
    for window in range(len(first)):
        while high <= last[window]:
            place = ranks[high] + 1
            while place <= size:
                tree[place] += 1
                place += place & -place
            high += 1
        while low < first[window]:
            place = ranks[low] + 1
            while place <= size:
                tree[place] -= 1
                place += place & -place
            low += 1
        place, left, step = 0, wanted[window], top
        while step > 0:
            if place + step <= size and tree[place + step] < left:
                place += step
                left -= tree[place]
            step //= 2
        found[window] = place
    return found


@jit()
def sums(values: Floats, first: Rows, last: Rows) -> Floats:
    """Sum each window in twice the precision of a float, never subtracting.

    Subtracting what leaves a window would let one huge value spoil all later sums. Two stacks avoid it: sums to the
    right end of an older part are kept for every start, what came since is added up; each row is in one such part.
    """
    high = np.zeros(len(values), np.float64)
    low = np.zeros(len(values), np.float64)
    result = np.empty(len(first), np.float64)
    middle, after = -1, 0
    since, rest = 0.0, 0.0
    for window in range(len(first)):
        if first[window] > middle:
            middle = last[window]
            total, error = 0.0, 0.0
            for row in range(middle, first[window] - 1, -1):
                added = total + values[row]
                part = added - total
                error += (total - (added - part)) + (values[row] - part)
                total = added
                high[row], low[row] = total, error
            since, rest, after = 0.0, 0.0, middle + 1
        while after <= last[window]:
            added = since + values[after]
            part = added - since
            rest += (since - (added - part)) + (values[after] - part)
            since = added
            after += 1
        start = first[window]
        added = high[start] + since
        part = added - high[start]
        result[window] = added + ((high[start] - (added - part)) + (since - part) + low[start] + rest)
    return result


@jit()
def chains(block: Rows, position: Rows, places: int, back: Rows, first: Rows, last: Rows) -> tuple[Rows, Rows]:
    """Find how many rules follow each other in order.

    A chain is a sequence of events in which each is later than the one before and of a rule further down the list.
    ``best[length, place]`` is the latest row at which a chain of that length (from 0) can start that ends with the rule
    at `place` or one before it; rows of earlier groups are before every window and need no clearing.

    Parameters
    ----------
    block : ndarray of int64, shape (n,)
        Number of the event: rows of one event do not follow each other.
    position : ndarray of int64, shape (n,)
        Place of the row's rule in the list of rules; -1: the row is passed over.
    places : int
    back : ndarray of int64, shape (n,)
        First row of the window that ends at the row.
    first, last : ndarray of int64, shape (w,)

    Returns
    -------
    windows : ndarray of int64, shape (w,)
        Length of the longest chain in each window.
    rows : ndarray of int64, shape (n,)
        Length of the longest chain that ends at the row and lies in the window that ends there.
    """
    count = len(position)
    best = np.full((places, places), -1, np.int64)
    ending = np.full((places, places), -1, np.int64)
    windows = np.zeros(len(first), np.int64)
    rows = np.zeros(count, np.int64)
    window, start = 0, 0
    while start < count:
        stop = start
        while stop < count and block[stop] == block[start]:
            place = position[stop]
            if place < 0:
                stop += 1
                continue
            ending[0, place] = stop
            for length in range(1, place + 1):
                ending[length, place] = best[length - 1, place - 1]
            for length in range(place + 1):
                if ending[length, place] >= back[stop]:
                    rows[stop] = length + 1
            stop += 1
        for row in range(start, stop):
            for length in range(position[row] + 1):  # none for -1
                begin = ending[length, position[row]]
                for place in range(position[row], places):
                    if best[length, place] >= begin:
                        break
                    best[length, place] = begin
        while window < len(first) and last[window] < stop:
            for length in range(places):
                if best[length, places - 1] >= first[window]:
                    windows[window] = length + 1
            window += 1
        start = stop
    return windows, rows


@jit()
def chain_ends(block: Rows, position: Rows, places: int, earliest: bool) -> Rows:
    """Return for each row the other end of the tightest complete half of a chain through it, or -1.

    Reading forward (`earliest` false) that is the latest start of a chain of the rules 0 … position that ends there;
    reading backward the earliest end of a chain of the rules position … places - 1 that starts there. Rows with the
    position -1 are passed over.
    """
    count = len(position)
    best = np.full(places, -1, np.int64)
    found = np.full(count, -1, np.int64)
    outer = places - 1 if earliest else 0
    step = -1 if earliest else 1
    done = 0
    while done < count:
        stop = done
        while stop < count:
            row = count - 1 - stop if earliest else stop
            begun = count - 1 - done if earliest else done
            if block[row] != block[begun]:
                break
            place = position[row]
            if place >= 0:
                found[row] = row if place == outer else best[place - step]
            stop += 1
        for index in range(done, stop):
            row = count - 1 - index if earliest else index
            if found[row] >= 0:
                best[position[row]] = found[row]
        done = stop
    return found
