"""What a source is, and the account that it gives of what it read.

A source turns bytes into `lotl.frame.Partition` batches. It never raises for bad bytes: what cannot be read is counted
and located in the `Account` of its file, and the rest is read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, runtime_checkable

import numpy as np

from lotl.columns import Rows

if TYPE_CHECKING:
    from lotl.frame import Partition

MAX_PROBLEMS: Final = 100
"""Problems that one account keeps in words; further ones are only counted."""


_COUNTS: Final = (
    "records", "slow", "lost", "chunks", "bad_chunks", "flagged_chunks", "zeroed", "slack", "truncated",
)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """Something that could not be read: where (offset, chunk, record, line) and what."""

    where: str
    what: str


@dataclass
class Account:
    """What was seen, read and lost in one file.

    Attributes
    ----------
    name : str
        Path relative to the path that the user gave (the file's own name if that was the file), ``/`` separators.
    path : str
        Path that opens it.
    size : int
        Bytes on disk.
    format : str
        Name of the source that read it, or "" if none could.
    records : int
        Records read. `slow` of them did not fit the column-wise path (EVTX).
    lost : int
        Records that are there but could not be read.
    chunks, bad_chunks, flagged_chunks : int
        EVTX chunks seen; skipped since they are no chunks; read although a checksum is wrong.
    slack : int
        Remains of overwritten records in the free space of EVTX chunks. Not part of the log, so not read.
    truncated : int
        Bytes at the end that are no whole chunk or record.
    zeroed : int
        Chunks that are all zero: space that Windows reserved and never wrote. Not damage.
    lossy : bool
        The format does not keep all of the event.
    first, last : int or None
        Earliest and latest TimeCreated, µs since 1970 UTC.
    problems : list of Problem
        The first `MAX_PROBLEMS`; `more_problems` counts the rest.
    chunk_records : dict of int to int
        Records read by the number of their chunk or extent, which turns a position into an ordinal.
    index_bits : int
        Bits of a position that count records within a chunk (EVTX) or extent (text); the rest is its number.
    """

    name: str
    path: str
    size: int = 0
    format: str = ""
    records: int = 0
    slow: int = 0
    lost: int = 0
    chunks: int = 0
    bad_chunks: int = 0
    flagged_chunks: int = 0
    zeroed: int = 0
    slack: int = 0
    truncated: int = 0
    lossy: bool = False
    first: int | None = None
    last: int | None = None
    problems: list[Problem] = field(default_factory=list)
    more_problems: int = 0
    chunk_records: dict[int, int] = field(default_factory=dict)
    index_bits: int = 16

    def problem(self, where: str, what: str) -> None:
        """Keep a problem (or count it, when there are too many to keep)."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(where, what))
        else:
            self.more_problems += 1

    @property
    def damaged(self) -> bool:
        """Whether anything that was there could not be read."""
        return bool(self.lost or self.bad_chunks or self.truncated or self.problems or self.more_problems)

    def ordinals(self, positions: Rows) -> Rows:
        """Turn positions in this file into ordinals: 0 is its first record that could be read.

        Parameters
        ----------
        positions : ndarray of int64, shape (n,)
            See `lotl.frame.Partition.position`.
        """
        if not self.chunk_records:
            return positions
        chunks = np.array(sorted(self.chunk_records), np.int64)
        counts = [self.chunk_records[chunk] for chunk in chunks.tolist()]
        before = np.cumsum([0, *counts[:-1]])
        number, index = positions >> self.index_bits, positions & ((1 << self.index_bits) - 1)
        ordinals: Rows = before[np.searchsorted(chunks, number)] + index
        return ordinals

    def add(self, other: Account) -> None:
        """Add the account of another part of the same file."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.lossy |= other.lossy
        self.format = self.format or other.format
        self.index_bits = other.index_bits if other.chunk_records else self.index_bits
        self.first = min((t for t in (self.first, other.first) if t is not None), default=None)
        self.last = max((t for t in (self.last, other.last) if t is not None), default=None)
        for chunk, count in other.chunk_records.items():
            self.chunk_records[chunk] = self.chunk_records.get(chunk, 0) + count
        self.more_problems += other.more_problems
        for problem in other.problems:
            self.problem(problem.where, problem.what)


@dataclass(frozen=True)
class Extent:
    """A run of bytes of one file, the unit that work is cut into.

    Attributes
    ----------
    source : int
        Index of the account.
    path : str
        File that holds the bytes (or the archive that they came out of).
    offset, length : int
        Place in the file; in what the archive's member unpacks to.
    number : int
        That of its first chunk, line group or row group.
    data : bytes, optional
        The bytes themselves, where they are not in the file as they are: unpacked, or in another encoding.
    context : str
        What the source must know to read the extent alone: the header of a CSV file.
    """

    source: int
    path: str
    offset: int
    length: int
    number: int = 0
    data: bytes | None = field(default=None, repr=False)
    context: str = ""

    def open(self) -> io.BytesIO | io.BufferedReader:
        """Open the bytes of the extent, at its start (a file goes on behind its end)."""
        if self.data is not None:
            return io.BytesIO(self.data)
        file = Path(self.path).open("rb")  # noqa: SIM115 - the caller's to close
        file.seek(self.offset)
        return file


@dataclass(frozen=True)
class Block:
    """Extents, from one or many files, that are decoded together: bounded in bytes, whole in meaning."""

    extents: tuple[Extent, ...]

    @property
    def length(self) -> int:
        """Bytes to read."""
        return sum(extent.length for extent in self.extents)


@dataclass
class Decoded:
    """What a block became: batches of events by kind, and an account for each source that took part."""

    partitions: list[Partition]
    accounts: dict[int, Account]


class Source(Protocol):
    """The contract of a format: two methods and a name. Registered in `lotl.sources.registry.SOURCES`."""

    name: str

    def sniff(self, head: bytes) -> bool:
        """Say from the first 64 KiB whether the bytes are of this format."""

    def blocks(self, source: int, path: Path, account: Account, target: int) -> Iterator[Extent]:
        """Cut a file into extents of about `target` bytes, noting in `account` what is no part of any."""

    def decode(self, block: Block) -> Decoded:
        """Read the extents of a block. Bad bytes are accounted for, never raised."""


@runtime_checkable
class Streamed(Protocol):
    """A source that can read what comes in one go: archive members, standard input."""

    def stream(self, source: int, file: BinaryIO, account: Account, target: int) -> Iterator[Extent]:
        """Cut a stream into extents that hold their bytes."""


@runtime_checkable
class Checked(Protocol):
    """A source of a container format that may hold anything else as well."""

    def is_log(self, path: Path) -> bool:
        """Say whether a file of this format holds events."""
