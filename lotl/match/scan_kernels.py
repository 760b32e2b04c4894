"""The scan: which literals, and which conditions over them, hold for each distinct value of one column.

One pass over the text serves all rules. Per value: two tries find literals that sit at an end, a filter on one rare
4-gram per literal finds those that may sit anywhere, candidates are verified at once, and what was found is propagated
through the column's own part of the condition graph. Only nodes that something outside the column asks for are written.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from lotl.kernel_cache import jit
from lotl.match.text_kernels import find, glob, same

ANYWHERE: Final = 0
AT_START: Final = 1
AT_END: Final = 2
WHOLE: Final = 3
GLOB: Final = 4

UNWANTED: Final = 2**31 - 1
MULTIPLIER: Final = np.uint32(0x9E3779B1)
TRIE_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)


class Texts(NamedTuple):
    """Distinct values, folded and as they are: flat uint8 buffers and int64 offsets of shape (d + 1,)."""

    folded: Any
    offsets: Any
    original: Any
    original_offsets: Any


class Leaves(NamedTuple):
    """Tests on one value. A glob's literal is its longest piece; only a cased leaf has original bytes to compare."""

    kind: Any  # uint8
    cased: Any  # bool
    lazy: Any  # bool: not scanned for; looked for in a value when a condition asks
    start: Any  # int64 into folded: the literal that the scan looks for
    size: Any  # int64
    folded: Any  # uint8
    original_start: Any  # int64 into original
    original_size: Any
    original: Any  # uint8
    glob_start: Any  # int64, shape (leaves + 1,) into globs
    globs: Any  # int16: see text_kernels.glob


class Grams(NamedTuple):
    """Pieces of literals of one length, in buckets by hash.

    A piece is the last bytes read, the newest on top, under `mask`. With `multiplier` 1 the hash is the piece itself.
    """

    marks: Any  # uint16, 2**k: bucket per hash; 0: no piece has it
    shift: Any  # uint32: 32 - k
    mask: Any  # uint32
    multiplier: Any  # uint32
    start: Any  # uint32: entries of bucket b are start[b] to start[b + 1]
    entries: Any  # uint32, four per entry: leaf, bytes from its literal's start to the piece's newest, size, start


class Trie(NamedTuple):
    """Literals as paths: an open hash table of (node, byte) → node, and the leaves that end at each node."""

    key: Any  # int64: node << 8 | byte; -1 for a free one
    node: Any  # int32
    start: Any  # int32, shape (nodes + 1,)
    leaf: Any  # int32


class Graph(NamedTuple):
    """The column's own conditions: an inner node is true when `need` of its watched children are, and its checks."""

    nodes: Any  # uint32, four per node: first parent, last parent, need, exported
    parent: Any  # uint32
    check_start: Any  # uint32, shape (nodes + 1,)
    check: Any  # uint32: leaves that must hold as well, but do not wake the node


class State(NamedTuple):
    """Scratch of one run: marks are value numbers, so nothing is cleared between values.

    `marks` is int32, four per node: the last value for which the node held (`UNWANTED` for one that is not to be looked
    for); the last value for which its children were counted, or a leaf's verification failed; their count; unused.
    """

    marks: Any
    queue: Any  # uint32 per node


# Numbers of nodes are uint64 in the hot code: Numba would ask of every signed index whether it counts from the end.
TWO: Final = np.uint64(2)
SEEN: Final = np.uint64(1)
COUNT: Final = np.uint64(2)
THIRD: Final = np.uint64(3)


@jit(allocates=False, inline=True)
def gram_hash(gram: Any) -> Any:
    return np.uint32(gram * MULTIPLIER)


@jit(allocates=False)
def trie_hash(key: Any) -> Any:
    return np.uint64(key) * TRIE_MULTIPLIER >> np.uint64(20)


@jit(allocates=False)
def _holds(texts: Any, value: int, leaves: Any, leaf: int) -> bool:
    """Finish the verification of a leaf whose folded literal is in its place: case, and the rest of a pattern."""
    kind = leaves.kind[leaf]
    if not leaves.cased[leaf]:
        if kind != GLOB:
            return True
        begin, end = texts.offsets[value], texts.offsets[value + 1]
        return glob(texts.folded, begin, end, leaves.globs, leaves.glob_start[leaf], leaves.glob_start[leaf + 1])
    text, begin, end = texts.original, texts.original_offsets[value], texts.original_offsets[value + 1]
    if kind == GLOB:
        return glob(text, begin, end, leaves.globs, leaves.glob_start[leaf], leaves.glob_start[leaf + 1])
    start, size = leaves.original_start[leaf], leaves.original_size[leaf]
    if size > end - begin:
        return False
    if kind == ANYWHERE:
        return find(text, begin, end, leaves.original, start, size) >= 0
    if kind == AT_END:
        return same(text, end - size, leaves.original, start, size)
    return (kind == AT_START or size == end - begin) and same(text, begin, leaves.original, start, size)


@jit(allocates=False, inline=True)
def _found(texts: Any, value: int, leaves: Any, leaf: Any, state: Any, tail: int) -> int:
    """Queue a leaf whose folded literal is in its place, if the rest holds; return the queue's new end."""
    mark = leaf << TWO
    if state.marks[mark] >= value:
        return tail
    if leaves.cased[leaf] or leaves.kind[leaf] == GLOB:  # noqa: SIM102 (the comment)
        # The rest does not depend on the place: one failure is final for the value.
        if state.marks[mark + SEEN] == value or not _holds(texts, value, leaves, leaf):
            state.marks[mark + SEEN] = value
            return tail
    state.marks[mark] = value
    state.queue[np.uint64(tail)] = leaf
    return tail + 1


@jit(allocates=False)
def _step(trie: Any, node: int, byte: Any) -> Any:
    """Return the child of a node, or -1."""
    key = np.int64(node) << 8 | np.int64(byte)
    mask = np.uint64(trie.key.size - 1)
    slot = trie_hash(key) & mask
    while trie.key[slot] != key:
        if trie.key[slot] == -1:
            return -1
        slot = (slot + np.uint64(1)) & mask
    return trie.node[slot]


@jit(allocates=False)
def _ends(texts: Any, value: int, trie: Any, leaves: Any, state: Any, tail: int) -> int:
    """Walk from the last byte back: literals that end the value, or are the whole of it."""
    begin, end = texts.offsets[value], texts.offsets[value + 1]
    node, at = 0, end
    while node >= 0:
        for k in range(trie.start[node], trie.start[node + 1]):
            if at == begin or leaves.kind[trie.leaf[k]] != WHOLE:
                tail = _found(texts, value, leaves, np.uint64(trie.leaf[k]), state, tail)
        if at == begin:
            break
        at -= 1
        node = _step(trie, node, texts.folded[at])
    return tail


@jit(allocates=False)
def _starts(texts: Any, value: int, trie: Any, leaves: Any, state: Any, tail: int) -> int:
    """Walk from the first byte on: literals that start the value."""
    at, end = texts.offsets[value], texts.offsets[value + 1]
    node = 0
    while node >= 0:
        for k in range(trie.start[node], trie.start[node + 1]):
            tail = _found(texts, value, leaves, np.uint64(trie.leaf[k]), state, tail)
        if at == end:
            break
        node = _step(trie, node, texts.folded[at])
        at += 1
    return tail


@jit(allocates=False, inline=True)
def _entries(
    texts: Any, begin: int, end: int, value: int, at: int, bucket: Any, grams: Any, leaves: Any, state: Any, tail: int
) -> int:
    """Verify the literals of a bucket, of which a piece may end at place `at`."""
    entries, marks = grams.entries, state.marks
    for k in range(grams.start[bucket], grams.start[bucket + np.uint64(1)]):
        entry = np.uint64(k) << TWO
        leaf = np.uint64(entries[entry])
        if marks[leaf << TWO] >= value:
            continue
        start, size = at - np.int64(entries[entry + SEEN]), np.int64(entries[entry + TWO])
        if start < begin or start + size > end:
            continue
        if same(texts.folded, start, leaves.folded, np.int64(entries[entry + THIRD]), size):
            tail = _found(texts, value, leaves, leaf, state, tail)
    return tail


@jit(allocates=False)
def _spots(folded: Any, first: int, last: int, pieces: Any, places: Any, buckets: Any) -> int:
    """Write the places in ``[first, last)`` whose last bytes may be a piece, and the buckets; return how many.

    The buckets of the three lengths are 16 bits each. Without a branch: what passes is too irregular to predict. Values
    do not matter here; verification sees to that.
    """
    fours, threes, twos = pieces
    four_marks, three_marks, two_marks = fours.marks, threes.marks, twos.marks
    four_shift, three_shift, mask = fours.shift, threes.shift, threes.mask
    gram = np.uint32(0)
    for at in range(max(first - 3, 0), first):
        gram = np.uint32(gram >> np.uint32(8)) | np.uint32(np.uint32(folded[at]) << np.uint32(24))
    found: Any = 0
    for at in range(first, last):
        gram = np.uint32(np.uint32(gram >> np.uint32(8)) | np.uint32(np.uint32(folded[np.uint64(at)]) << np.uint32(24)))
        which = (
            np.uint64(four_marks[np.uint32(np.uint32(gram * MULTIPLIER) >> four_shift)])
            | np.uint64(three_marks[np.uint32(np.uint32(np.uint32(gram & mask) * MULTIPLIER) >> three_shift)])
            << np.uint64(16)
            | np.uint64(two_marks[np.uint32(gram >> np.uint32(16))]) << np.uint64(32)
        )
        places[np.uint64(found)] = at
        buckets[np.uint64(found)] = which
        found += np.int64(which != 0)
    return int(found)


@jit(allocates=False, inline=True)
def _anywhere(
    texts: Any, begin: int, end: int, value: int, at: int, buckets: Any, pieces: Any, leaves: Any, state: Any, tail: int
) -> int:
    """Verify the literals of which a piece ends at a spot."""
    fours, threes, twos = pieces
    bucket = np.uint64(buckets & np.uint64(0xFFFF))
    if bucket:
        tail = _entries(texts, begin, end, value, at, bucket, fours, leaves, state, tail)
    bucket = np.uint64(buckets >> np.uint64(16) & np.uint64(0xFFFF))
    if bucket:
        tail = _entries(texts, begin, end, value, at, bucket, threes, leaves, state, tail)
    bucket = np.uint64(buckets >> np.uint64(32))
    if bucket:
        tail = _entries(texts, begin, end, value, at, bucket, twos, leaves, state, tail)
    return tail


@jit(allocates=False)
def _look(texts: Any, value: int, leaves: Any, leaf: Any, state: Any) -> bool:
    """Look for a lazy leaf's literal, once per value."""
    mark = leaf << TWO
    if not leaves.lazy[leaf] or state.marks[mark + SEEN] == value:
        return False
    begin, end = texts.offsets[value], texts.offsets[value + 1]
    held = find(texts.folded, begin, end, leaves.folded, leaves.start[leaf], leaves.size[leaf]) >= 0
    if held and (leaves.cased[leaf] or leaves.kind[leaf] == GLOB):
        held = _holds(texts, value, leaves, leaf)
    state.marks[mark if held else mark + SEEN] = value
    return held


@jit(allocates=False, inline=True)
def _checked(texts: Any, leaves: Any, graph: Any, node: Any, value: int, state: Any) -> bool:
    for k in range(graph.check_start[node], graph.check_start[node + np.uint64(1)]):
        leaf = np.uint64(graph.check[np.uint64(k)])
        if state.marks[leaf << TWO] != value and not _look(texts, value, leaves, leaf, state):
            return False
    return True


@jit(allocates=False, inline=True)
def _propagate(
    texts: Any, value: int, leaves: Any, graph: Any, state: Any, tail: int, out_node: Any, out_value: Any, written: int
) -> int:
    """Wake the parents of what is true until nothing changes; write the exported nodes. Order does not matter."""
    nodes, marks, queue = graph.nodes, state.marks, state.queue
    head = 0
    while head < tail:
        node = np.uint64(queue[np.uint64(head)])
        place = node << TWO
        head += 1
        if nodes[place + THIRD]:
            out_node[np.uint64(written)] = node
            out_value[np.uint64(written)] = value
            written += 1
        for k in range(nodes[place], nodes[place + SEEN]):
            parent = np.uint64(graph.parent[np.uint64(k)])
            mark = parent << TWO
            if marks[mark] >= value:
                continue
            count = np.int32(1) if marks[mark + SEEN] != value else np.int32(marks[mark + COUNT] + np.int32(1))
            marks[mark + SEEN], marks[mark + COUNT] = value, count
            if count >= np.int32(nodes[mark + TWO]) and _checked(texts, leaves, graph, parent, value, state):
                marks[mark] = value
                queue[np.uint64(tail)] = parent
                tail += 1
    return written


@jit(allocates=False)
def scan(
    texts: Any, value: int, leaves: Any, pieces: Any, starts: Any, ends: Any, graph: Any, state: Any,
    places: Any, buckets: Any, out_node: Any, out_value: Any,
) -> tuple[int, int]:  # fmt: skip
    """Scan values from number `value` on, until the end or until the output is full.

    Parameters
    ----------
    pieces : tuple of three Grams
        Pieces of four, three and two bytes.
    places, buckets : ndarray of int64 and uint64
        Scratch: as many places less one are filtered at a time.

    Returns
    -------
    tuple of (number of the next value, pairs written)
    """
    written = 0
    room = out_node.size - graph.nodes.size // 4
    sought = pieces[0].entries.size + pieces[1].entries.size + pieces[2].entries.size > 0
    total = texts.offsets[texts.offsets.size - 1]
    begin = texts.offsets[value]
    filtered, spot, found = begin, 0, 0
    while value < texts.offsets.size - 1 and written <= room:
        tail = 0
        end = texts.offsets[value + 1]
        if ends.leaf.size:
            tail = _ends(texts, value, ends, leaves, state, tail)
        if starts.leaf.size:
            tail = _starts(texts, value, starts, leaves, state, tail)
        while sought:
            while spot < found and places[spot] < end:
                at, which = places[spot], buckets[spot]
                tail = _anywhere(texts, begin, end, value, at, which, pieces, leaves, state, tail)
                spot += 1
            if filtered >= end:
                break
            last = min(filtered + places.size - 1, total)
            found = _spots(texts.folded, filtered, last, pieces, places, buckets)
            filtered, spot = last, 0
        if tail:
            written = _propagate(texts, value, leaves, graph, state, tail, out_node, out_value, written)
        value += 1
        begin = end
    return value, written


@jit(allocates=False)
def group(nodes: Any, values: Any, start: Any, grouped: Any) -> None:
    """Sort pairs by node, keeping the order of values: `start` (nodes + 1,) and `grouped` are filled."""
    for i in range(nodes.size):
        start[nodes[i] + 1] += 1
    for i in range(1, start.size):
        start[i] += start[i - 1]
    for i in range(nodes.size):
        node = nodes[i]
        grouped[start[node]] = values[i]
        start[node] += 1
    for i in range(start.size - 1, 0, -1):
        start[i] = start[i - 1]
    start[0] = 0
