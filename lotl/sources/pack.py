"""Packing: extents of many files into blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lotl.sources.base import Block, Extent


def pack(extents: Iterable[Extent], target: int) -> Iterator[Block]:
    """Gather extents, in order, into blocks of at most `target` bytes (or of one larger extent)."""
    waiting: list[Extent] = []
    size = 0
    for extent in extents:
        if waiting and size + extent.length > target:
            yield Block(tuple(waiting))
            waiting, size = [], 0
        waiting.append(extent)
        size += extent.length
    if waiting:
        yield Block(tuple(waiting))
