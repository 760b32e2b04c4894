"""Kernels that build the tables of `lotl.match.scan_kernels`: which 4-gram stands for a literal, and the tries."""

from __future__ import annotations

from typing import Any

import numpy as np

from lotl.kernel_cache import jit
from lotl.match.scan_kernels import gram_hash, trie_hash


@jit(allocates=False)
def count_grams(buffer: Any, counts: Any) -> None:
    """Count the 4-grams of a sample by the upper bits of their hash; `counts` has a power of two places."""
    bits = 0
    while 1 << bits < counts.size:
        bits += 1
    shift = np.uint32(32 - bits)
    gram = np.uint32(0)
    for at in range(buffer.size):
        gram = np.uint32(gram >> np.uint32(8)) | np.uint32(np.uint32(buffer[at]) << np.uint32(24))
        if at >= 3:
            counts[gram_hash(gram) >> shift] += 1


@jit(allocates=False)
def choose_grams(literals: Any, start: Any, size: Any, counts: Any, weight: Any, gram_of: Any, at: Any) -> None:
    """Choose the rarest 4-gram of each literal.

    Parameters
    ----------
    literals : ndarray of uint8
        Literal i is ``literals[start[i]:start[i] + size[i]]``, at least four bytes.
    counts : ndarray of int32
        From `count_grams`; a choice adds to it, so that literals spread over grams.
    weight : ndarray of int32, shape (256,)
        How common each byte is in general: decides where the sample does not.
    gram_of, at : ndarray of uint32 and int32
        Filled: the gram and its place in the literal.
    """
    bits = 0
    while 1 << bits < counts.size:
        bits += 1
    shift = np.uint32(32 - bits)
    for i in range(start.size):
        best, best_cost = np.uint32(0), np.int64(1) << 62
        place = 0
        for p in range(size[i] - 3):
            gram, common = np.uint32(0), 0
            for j in range(4):
                byte = literals[start[i] + p + j]
                gram = np.uint32(gram >> np.uint32(8)) | np.uint32(np.uint32(byte) << np.uint32(24))
                common += weight[byte]
            cost = np.int64(counts[gram_hash(gram) >> shift]) * 1024 + common
            if cost < best_cost:
                best, best_cost, place = gram, cost, p
        gram_of[i], at[i] = best, place
        counts[gram_hash(best) >> shift] += 1


@jit(allocates=False)
def fill_trie(literals: Any, start: Any, size: Any, backwards: bool, key: Any, node: Any, end_of: Any) -> int:
    """Enter literals into an empty trie; `end_of` gets the node of each; return the number of nodes."""
    mask = np.uint64(key.size - 1)
    nodes = 1
    for i in range(start.size):
        here = 0
        for p in range(size[i]):
            byte = literals[start[i] + size[i] - 1 - p] if backwards else literals[start[i] + p]
            wanted = np.int64(here) << 8 | np.int64(byte)
            slot = trie_hash(wanted) & mask
            while key[slot] != wanted and key[slot] != -1:
                slot = (slot + np.uint64(1)) & mask
            if key[slot] == -1:
                key[slot], node[slot] = wanted, nodes
                nodes += 1
            here = node[slot]
        end_of[i] = here
    return nodes
