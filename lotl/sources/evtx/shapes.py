"""What is known of templates and layouts, kept from block to block, and bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lotl.sources.evtx import pool as kernel
from lotl.sources.evtx.encode_kernel import LITERAL, NOTHING
from lotl.sources.evtx.format import ARRAY, CHUNK_SIZE, FIXED_SIZES, ValueType
from lotl.sources.evtx.gather import Gathered
from lotl.sources.evtx.layout import Layout, Source, compile_layout, parts_of
from lotl.sources.evtx.parse_kernel import parse

Ints = npt.NDArray[np.int64]

CANON_BYTES: Final = 1 << 23
SLOTS_PER_CHUNK: Final = CHUNK_SIZE // 4
LITERAL_BYTES: Final = 1 << 20
"""Room for the literals of all layouts."""
WORTH: Final = 2
"""Records of a layout from which on finding its columns costs less than reading them one by one."""
UNUSABLE: Final = -1


class Shapes:
    """Templates, layouts and their columns.

    Attributes
    ----------
    layouts : list of Layout or None
        By number; None: for the complete reader.
    heads : ndarray of int64, shape (layouts, 6)
        For `encode_kernel.group`.
    costs : ndarray of float64, shape (layouts, 6)
        nodes, characters, characters per byte, nodes and characters once in a chunk, nodes per byte.
    literals : list of (str or int)
    """

    def __init__(self) -> None:
        self.canon = np.empty(CANON_BYTES, np.uint8)
        self.pool = np.zeros(kernel.DEFINITION, np.int64)
        self.slots = np.empty((2, 0), np.int32)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.pool[: kernel.WORD] = 0
        sizes = self.pool[kernel.SIZES : kernel.SIZES + 256]
        sizes[:] = kernel.SPECIAL
        for kind, size in FIXED_SIZES.items():
            sizes[kind] = sizes[kind | ARRAY] = size
        sizes[ValueType.NULL] = 0
        sizes[[ValueType.STRING, ValueType.STRING_ARRAY, ValueType.EVT_XML]] = kernel.EVEN
        sizes[[ValueType.ANSI_STRING, ValueType.BINARY]] = kernel.ANY
        self.layouts: list[Layout | None] = []
        self.compiled = np.zeros(0, np.bool_)
        self.seen = np.zeros(0, np.int64)
        self.heads = np.zeros((0, 6), np.int64)
        self.costs = np.zeros((0, 6), np.float64)
        self.literals: list[str | int] = []
        self.literal_bytes = 0
        self._literal_numbers: dict[str | int, int] = {}
        self.schemas: dict[tuple[int, ...], Any] = {}

    def parse(self, block: Gathered) -> tuple[Ints, Ints]:
        """Return layout and first slot of each record; layouts worth it are compiled."""
        if self._half_full():
            self.reset()
        count, chunks = block.records.shape[1], len(block.places)
        self._make_room(chunks, count)
        self.pool[: kernel.SLOTS + 2] = 0, chunks << 16
        self.pool[kernel.DEFINITIONS] = 0
        layouts, firsts = np.empty(count, np.int64), np.empty(count, np.int64)
        places = np.arange(chunks, dtype=np.int64) << 16
        parse(block.data, block.records, count, places, self.canon, self.slots, self.pool, layouts, firsts)
        self._compile(block, layouts, firsts)
        return layouts, firsts

    def _half_full(self) -> bool:
        pool = self.pool
        return bool(
            2 * pool[kernel.CANON] > CANON_BYTES
            or 2 * pool[kernel.SHAPES] > kernel.MAX_SHAPES
            or 2 * pool[kernel.WORDS] > kernel.MAX_WORDS
            or 2 * pool[kernel.LAYOUTS] > kernel.MAX_LAYOUTS
            or 2 * self.literal_bytes > LITERAL_BYTES
        )

    def _make_room(self, chunks: int, records: int) -> None:
        if self.slots.shape[1] < chunks * SLOTS_PER_CHUNK:
            self.slots = np.empty((2, chunks * SLOTS_PER_CHUNK), np.int32)
        need = kernel.DEFINITION + 3 * (2 * records + 64)
        if len(self.pool) < need:
            self.pool = np.concatenate([self.pool[: kernel.DEFINITION], np.zeros(need - kernel.DEFINITION, np.int64)])

    def _compile(self, block: Gathered, layouts: Ints, firsts: Ints) -> None:
        total = int(self.pool[kernel.LAYOUTS])
        more = total - len(self.layouts)
        if more:
            self.layouts.extend([None] * more)
            self.compiled = np.append(self.compiled, np.zeros(more, np.bool_))
            self.seen = np.append(self.seen, np.zeros(more, np.int64))
            self.heads = np.append(self.heads, np.full((more, 6), UNUSABLE, np.int64), axis=0)
            self.costs = np.append(self.costs, np.zeros((more, 6)), axis=0)
        self.seen += np.bincount(layouts[layouts >= 0], minlength=total)
        wanted = ~self.compiled & (self.seen >= WORTH)
        if not wanted.any():
            return
        record_of = np.full(total, -1, np.int64)
        known = np.flatnonzero(layouts >= 0)
        record_of[layouts[known[::-1]]] = known[::-1]
        for number in np.flatnonzero(wanted & (record_of >= 0)).tolist():
            self._compile_one(number, block, int(record_of[number]), firsts)

    def _compile_one(self, number: int, block: Gathered, record: int, firsts: Ints) -> None:
        self.compiled[number] = True
        start, stop = (int(end) for end in self.pool[kernel.LAYOUT_ENDS + number : kernel.LAYOUT_ENDS + number + 2])
        words = self.pool[kernel.WORD + start : kernel.WORD + stop].tolist()
        at, size, _, chunk = block.records[:, record].tolist()
        base, first = chunk << 16, int(firsts[record])
        places = (self.slots[0, first : first + _slots_of(words)].astype(np.int64) - base).tolist()
        body = at - base + 24
        # places of texts that were put together lie behind the chunks, but only nested values are looked up
        parts = parts_of(words, places, body)
        layout = compile_layout(block.chunk(chunk).data, body, at - base + size - 4, parts)
        if layout is None or not self._admit(layout):
            return
        self.layouts[number] = layout
        for constant in [*layout.system.values(), *(source for _, source in layout.data)]:
            self.place(constant)  # literals must be known before the block is encoded
        for column, source in enumerate(layout.heads):
            self.heads[number, 2 * column : 2 * column + 2] = self.place(source)
        once = layout.once_nodes, layout.once_characters
        self.costs[number] = layout.nodes, layout.characters, layout.growth, *once, layout.copies * layout.arrays

    def _admit(self, layout: Layout) -> bool:
        """Whether there is room for the layout's literals."""
        sources = [*layout.heads, *layout.system.values(), *(source for _, source in layout.data)]
        new = {source.literal for source in sources if source and source.slot == LITERAL} - self._literal_numbers.keys()
        size = sum(2 * len(str(literal)) + 2 for literal in new) * 2
        if self.literal_bytes + size > LITERAL_BYTES:
            return False
        self.literal_bytes += size
        return True

    def place(self, source: Source | None) -> tuple[int, int]:
        """Return a source as kernels want it: slot (or `NOTHING`, or the number of a literal) and type."""
        if source is None:
            return NOTHING, 0
        if source.slot != LITERAL:
            return source.slot, source.kind
        number = self._literal_numbers.get(source.literal)
        if number is None:
            number = self._literal_numbers[source.literal] = len(self.literals)
            self.literals.append(source.literal)
        return LITERAL - number, source.kind


def _slots_of(words: Sequence[int]) -> int:
    """Return how many slots a layout has."""
    at = total = 0
    while at < len(words):
        mark, _, count = words[at : at + 3]
        total += count
        at += 3 + (count if mark == kernel.TEMPLATE else 0)
    return total
