"""Records of text formats to what a block becomes: partitions, and an account of each source."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from lotl.columns import Int, Rows
from lotl.normalise.dialects.assemble import Assembled, assemble
from lotl.normalise.dialects.base import Dialect
from lotl.normalise.dialects.shape import Shapes
from lotl.sources.base import Account, Block, Decoded, Extent
from lotl.sources.text import INDEX_BITS

BATCH: Final = 4000
"""Records that become columns together: few enough to stay in the processor's cache."""


class Collector:
    """Takes records of the extents of a block, and accounts for all of them."""

    def __init__(self, block: Block, name: str, dialect: Dialect | None = None) -> None:
        self.accounts: dict[int, Account] = {}
        for extent in block.extents:
            if extent.source not in self.accounts:
                account = Account(Path(extent.path).name, extent.path, format=name, index_bits=INDEX_BITS)
                self.accounts[extent.source] = account
        self._shapes = Shapes(keep_all=dialect is not None)
        self._dialect = dialect
        self._offsets: dict[tuple[int, int], int] = {}

    def add(self, extent: Extent, records: list[dict[str, Any]], places: list[int]) -> None:
        """Add records of an extent, each with its offset in the file."""
        account = self.accounts[extent.source]
        first = account.chunk_records.get(extent.number, 0)
        for at in range(0, len(records), BATCH):
            part = records[at : at + BATCH]
            position = np.arange(len(part), dtype=np.int64) + (extent.number << INDEX_BITS | first)
            refused = self._shapes.add(part, extent.source, position)
            for index, why in refused:
                self.lose(extent, places[at + index], why)
            first += len(part)
        account.chunk_records[extent.number] = first
        self._offsets[extent.source, extent.number] = extent.offset

    def lose(self, extent: Extent, offset: int, why: str) -> None:
        """Count a record as lost, with its place in the file."""
        account = self.accounts[extent.source]
        account.lost += 1
        account.problem(f"offset {extent.offset + offset}", why)

    def decoded(self) -> Decoded:
        """Return partitions and accounts."""
        found = assemble(self._shapes.tables(), self._dialect)
        settle(found, self.accounts)
        return Decoded(found.partitions, self.accounts)


def settle(found: Assembled, accounts: dict[int, Account]) -> None:
    """Write into the accounts what became of the records."""
    for source, positions in found.unknown:
        accounts[source].lost += len(positions)
        where = f"record {_place(positions)}"
        more = f" and {len(positions) - 1:,} more of its shape" if len(positions) > 1 else ""
        accounts[source].problem(where, f"it has no names of a Windows event{more}")
    for source, position, why in found.failed:
        accounts[source].problem(f"record {_place(np.array([position]))}", why)
    for source in found.lossy:
        accounts[source].lossy = True
    for partition in found.partitions:
        counts = np.bincount(partition.source)
        for source in np.flatnonzero(counts).tolist():
            accounts[source].records += int(counts[source])
            times = partition.system.get("TimeCreated")
            if isinstance(times, Int):
                _span(accounts[source], times.numbers[times.present & (partition.source == source)])


def _place(positions: Rows) -> str:
    number, index = divmod(int(positions[0]), 1 << INDEX_BITS)
    return f"{index + 1:,}" if not number else f"{index + 1:,} of part {number + 1}"


def _span(account: Account, moments: Rows) -> None:
    if len(moments):
        first, last = int(moments.min()), int(moments.max())
        account.first = first if account.first is None else min(account.first, first)
        account.last = last if account.last is None else max(account.last, last)


@contextmanager
def without_collection() -> Iterator[None]:
    """Keep the garbage collector from walking over millions of records that are all alive."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
