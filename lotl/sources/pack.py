"""Extents of many files to blocks: small files share one, since the fixed cost is per block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lotl.sources.base import Block, Extent


def pack(extents: Iterable[Extent], target: int) -> Iterator[Block]:
    """Pack extents, in their order, into blocks of at most `target` bytes.

    Parameters
    ----------
    extents : iterable of Extent
        An extent that is larger than `target` becomes a block of its own.
    target : int
        Bytes.

    Examples
    --------
    >>> sizes = [3, 3, 9, 2, 2]
    >>> blocks = pack([Extent(0, "x", 0, size) for size in sizes], 8)
    >>> [[extent.length for extent in block.extents] for block in blocks]
    [[3, 3], [9], [2, 2]]
    """
    held: list[Extent] = []
    size = 0
    for extent in extents:
        if held and size + extent.length > target:
            yield Block(tuple(held))
            held, size = [], 0
        held.append(extent)
        size += extent.length
    if held:
        yield Block(tuple(held))
