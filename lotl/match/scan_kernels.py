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
    start: Any  # int64 into folded: the literal that the scan looks for
    size: Any  # int64
    folded: Any  # uint8
    original_start: Any  # int64 into original
    original_size: Any
    original: Any  # uint8
    glob_start: Any  # int64, shape (leaves + 1,) into globs
    globs: Any  # int16: see text_kernels.glob


class Grams(NamedTuple):
    """4-grams of literals: a bitmap over their hashes, then an open hash table of grams, then entries."""

    bits: Any  # uint8, 2**k bits
    shift: Any  # uint32: 32 - k
    slot_shift: Any  # uint32: 32 - log2 of the slots
    gram: Any  # uint32, a power of two
    first: Any  # int32: entries of the slot; -1 for a free one
    last: Any  # int32
    leaf: Any  # int32 per entry
    at: Any  # int32 per entry: place of the gram in the literal


class Shorts(NamedTuple):
    """Literals of one to three bytes, by their first byte."""

    any: Any  # bool, shape (256,): some literal starts with the byte
    start: Any  # int32, shape (257,)
    leaf: Any  # int32


class Trie(NamedTuple):
    """Literals as paths: an open hash table of (node, byte) → node, and the leaves that end at each node."""

    key: Any  # int64: node << 8 | byte; -1 for a free one
    node: Any  # int32
    start: Any  # int32, shape (nodes + 1,)
    leaf: Any  # int32


class Graph(NamedTuple):
    """The column's own conditions: an inner node is true when `need` of its watched children are, and its checks."""

    need: Any  # int32
    check_start: Any  # int32, shape (nodes + 1,)
    check: Any  # int32: leaves that must hold as well, but do not wake the node
    parent_start: Any  # int32, shape (nodes + 1,)
    parent: Any  # int32
    exported: Any  # bool


class State(NamedTuple):
    """Scratch of one run: marks are value numbers, so nothing is cleared between values."""

    wanted: Any  # bool per node
    true: Any  # int32 per node: last value for which it held
    counted: Any  # int32 per node: last value that `count` refers to
    count: Any  # int32 per node
    queue: Any  # int32 per node


@jit()
def gram_hash(gram: Any) -> Any:
    return np.uint32(gram * MULTIPLIER)


@jit()
def trie_hash(key: int) -> Any:
    return np.uint64(key) * TRIE_MULTIPLIER >> np.uint64(20)


@jit()
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


@jit()
def _found(texts: Any, value: int, leaves: Any, leaf: int, state: Any, tail: int) -> int:
    """Queue a leaf whose folded literal is in its place, if the rest holds; return the queue's new end."""
    if state.true[leaf] == value or not state.wanted[leaf] or not _holds(texts, value, leaves, leaf):
        return tail
    state.true[leaf] = value
    state.queue[tail] = leaf
    return tail + 1


@jit()
def _step(trie: Any, node: int, byte: int) -> int:
    """Return the child of a node, or -1."""
    key = np.int64(node) << 8 | np.int64(byte)
    mask = np.uint64(trie.key.size - 1)
    slot = trie_hash(key) & mask
    while trie.key[slot] != key:
        if trie.key[slot] == -1:
            return -1
        slot = (slot + np.uint64(1)) & mask
    return trie.node[slot]


@jit()
def _ends(texts: Any, value: int, trie: Any, leaves: Any, state: Any, tail: int) -> int:
    """Walk from the last byte back: literals that end the value, or are the whole of it."""
    begin, end = texts.offsets[value], texts.offsets[value + 1]
    node, at = 0, end
    while node >= 0:
        for k in range(trie.start[node], trie.start[node + 1]):
            if at == begin or leaves.kind[trie.leaf[k]] != WHOLE:
                tail = _found(texts, value, leaves, trie.leaf[k], state, tail)
        if at == begin:
            break
        at -= 1
        node = _step(trie, node, texts.folded[at])
    return tail


@jit()
def _starts(texts: Any, value: int, trie: Any, leaves: Any, state: Any, tail: int) -> int:
    """Walk from the first byte on: literals that start the value."""
    at, end = texts.offsets[value], texts.offsets[value + 1]
    node = 0
    while node >= 0:
        for k in range(trie.start[node], trie.start[node + 1]):
            tail = _found(texts, value, leaves, trie.leaf[k], state, tail)
        if at == end:
            break
        node = _step(trie, node, texts.folded[at])
        at += 1
    return tail


@jit()
def _entries(
    texts: Any, value: int, at: int, gram: Any, hashed: Any, grams: Any, leaves: Any, state: Any, tail: int
) -> int:
    """Verify the literals whose gram was met at place `at` of the buffer."""
    mask = np.uint32(grams.gram.size - 1)
    slot = np.uint32(hashed >> grams.slot_shift)
    while grams.gram[slot] != gram:
        if grams.first[slot] < 0:
            return tail
        slot = (slot + np.uint32(1)) & mask
    begin, end = texts.offsets[value], texts.offsets[value + 1]
    for k in range(grams.first[slot], grams.last[slot]):
        leaf = grams.leaf[k]
        start, size = at - grams.at[k], leaves.size[leaf]
        if start < begin or start + size > end or state.true[leaf] == value or not state.wanted[leaf]:
            continue
        if same(texts.folded, start, leaves.folded, leaves.start[leaf], size):
            tail = _found(texts, value, leaves, leaf, state, tail)
    return tail


@jit()
def _anywhere(texts: Any, value: int, grams: Any, leaves: Any, state: Any, tail: int) -> int:
    """Roll a 4-gram over the value; nearly every place fails the bitmap."""
    begin, end = texts.offsets[value], texts.offsets[value + 1]
    if end - begin < 4:
        return tail
    gram = np.uint32(0)
    for at in range(begin, begin + 3):
        gram = np.uint32(gram >> np.uint32(8)) | np.uint32(np.uint32(texts.folded[at]) << np.uint32(24))
    for at in range(begin + 3, end):
        gram = np.uint32(gram >> np.uint32(8)) | np.uint32(np.uint32(texts.folded[at]) << np.uint32(24))
        hashed = gram_hash(gram)
        bit = np.uint32(hashed >> grams.shift)
        if grams.bits[bit >> np.uint32(3)] >> np.uint8(bit & np.uint32(7)) & np.uint8(1):
            tail = _entries(texts, value, at - 3, gram, hashed, grams, leaves, state, tail)
    return tail


@jit()
def _short(texts: Any, value: int, shorts: Any, leaves: Any, state: Any, tail: int) -> int:
    """Look for literals of one to three bytes."""
    end = texts.offsets[value + 1]
    for at in range(texts.offsets[value], end):
        byte = texts.folded[at]
        if not shorts.any[byte]:
            continue
        for k in range(shorts.start[byte], shorts.start[byte + 1]):
            leaf = shorts.leaf[k]
            size = leaves.size[leaf]
            if state.true[leaf] == value or at + size > end:
                continue
            if same(texts.folded, at, leaves.folded, leaves.start[leaf], size):
                tail = _found(texts, value, leaves, leaf, state, tail)
    return tail


@jit()
def _checked(graph: Any, node: int, value: int, state: Any) -> bool:
    for k in range(graph.check_start[node], graph.check_start[node + 1]):
        if state.true[graph.check[k]] != value:
            return False
    return True


@jit()
def _propagate(value: int, graph: Any, state: Any, tail: int, out_node: Any, out_value: Any, written: int) -> int:
    """Wake the parents of what is true until nothing changes; write the exported nodes. Order does not matter."""
    head = 0
    while head < tail:
        node = state.queue[head]
        head += 1
        if graph.exported[node] and state.wanted[node]:
            out_node[written] = node
            out_value[written] = value
            written += 1
        for k in range(graph.parent_start[node], graph.parent_start[node + 1]):
            parent = graph.parent[k]
            if state.true[parent] == value or not state.wanted[parent]:
                continue
            if state.counted[parent] != value:
                state.counted[parent] = value
                state.count[parent] = 0
            state.count[parent] += 1
            if state.count[parent] >= graph.need[parent] and _checked(graph, parent, value, state):
                state.true[parent] = value
                state.queue[tail] = parent
                tail += 1
    return written


@jit()
def scan(
    texts: Any, value: int, leaves: Any, grams: Any, shorts: Any, starts: Any, ends: Any, graph: Any, state: Any,
    out_node: Any, out_value: Any,
) -> tuple[int, int]:  # fmt: skip
    """Scan values from number `value` on, until the end or until the output is full.

    Returns
    -------
    tuple of (number of the next value, pairs written)
    """
    written = 0
    room = out_node.size - graph.exported.size
    while value < texts.offsets.size - 1 and written <= room:
        tail = 0
        if ends.leaf.size:
            tail = _ends(texts, value, ends, leaves, state, tail)
        if starts.leaf.size:
            tail = _starts(texts, value, starts, leaves, state, tail)
        if grams.leaf.size:
            tail = _anywhere(texts, value, grams, leaves, state, tail)
        if shorts.leaf.size:
            tail = _short(texts, value, shorts, leaves, state, tail)
        if tail:
            written = _propagate(value, graph, state, tail, out_node, out_value, written)
        value += 1
    return value, written


@jit()
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
