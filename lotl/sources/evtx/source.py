"""EVTX as a source: cut by `blocks`, decoded column by column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lotl.sources.base import Account, Block, Decoded, Extent
from lotl.sources.evtx.blocks import cut, sniff


class EvtxSource:
    """Windows event logs, whole, damaged or carved. See `lotl.sources.base.Source`."""

    name = "evtx"

    def sniff(self, head: bytes) -> bool:
        """Say from the first 64 KiB whether the bytes are an event log."""
        return sniff(head)

    def blocks(self, source: int, path: Path, account: Account, target: int) -> Iterator[Extent]:
        """Cut a log into extents of whole chunks, about `target` bytes each."""
        return cut(source, path, account, target)

    def decode(self, block: Block) -> Decoded:
        """Read the records of a block."""
        from lotl.sources.evtx.columnar import decode  # compiled kernels: only when a log is really read

        return decode(block)
