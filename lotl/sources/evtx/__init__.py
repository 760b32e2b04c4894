"""Windows event log files (EVTX): on-disk format, decoders, writer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lotl.sources.base import Account, Block, Decoded, Extent

__all__ = ["EvtxSource"]


class EvtxSource:
    """Windows event logs, whole, damaged or carved. See `lotl.sources.base.Source`."""

    name = "evtx"

    def sniff(self, head: bytes) -> bool:
        """Say from the first 64 KiB whether the bytes are an event log."""
        from lotl.sources.evtx.blocks import sniff

        return sniff(head)

    def blocks(self, source: int, path: Path, account: Account, target: int) -> Iterator[Extent]:
        """Cut a log into extents of whole chunks, about `target` bytes each."""
        from lotl.sources.evtx.blocks import cut

        return cut(source, path, account, target)

    def decode(self, block: Block) -> Decoded:
        """Read the records of a block."""
        from lotl.sources.evtx.reader import decode

        return decode(block)
