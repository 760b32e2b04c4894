"""The chunks of a block in one buffer: read, checked, and split into sound ones and those that need care."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lotl.sources.base import Account, Block, Extent
from lotl.sources.evtx.blocks import Chunk, load
from lotl.sources.evtx.format import (
    CHUNK_CRC_OFFSET,
    CHUNK_HEADER,
    CHUNK_HEADER_SIZE,
    CHUNK_MAGIC,
    CHUNK_SIZE,
)
from lotl.sources.evtx.loads import SLACK
from lotl.sources.evtx.walk_kernel import MIN_RECORD, walk

_MOST_RECORDS: Final = (CHUNK_SIZE - CHUNK_HEADER_SIZE) // MIN_RECORD


@dataclass(slots=True)
class Place:
    """A chunk of the block: where it is in its file, and what was noted while it was read."""

    source: int
    number: int
    offset: int
    noted: Account | None = None
    flagged: bool = False


@dataclass(slots=True)
class Gathered:
    """A block in memory.

    Attributes
    ----------
    data : ndarray of uint8
        Chunk i at ``i << 16``; then room for as many bytes again, `spare` bytes, and `SLACK`.
    places : list of Place
    tails : list of (int, int, Account)
        What was noted behind the last chunk of an extent: chunks read before, source, account.
    records : ndarray of int64, shape (4, n)
        Place, size, record id and chunk of each record of a sound chunk.
    counts : ndarray of int64, shape (chunks,)
        Records of each chunk; -1 where the complete reader must look at it.
    slack : ndarray of int64, shape (chunks,)
        Remains of an older use of each chunk.
    """

    data: npt.NDArray[np.uint8]
    places: list[Place]
    tails: list[tuple[int, int, Account]]
    records: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty((4, 0), np.int64))
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    slack: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def chunk(self, index: int) -> Chunk:
        """Return a chunk as the complete reader wants it."""
        place = self.places[index]
        return Chunk(place.number, place.offset, self.data[index << 16 : index + 1 << 16].tobytes())


class Buffer:
    """Memory for one block after the other: pages that are reused need not be cleared by the system again."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._records = np.empty((4, 0), np.int64)

    def gather(self, block: Block, accounts: dict[int, Account], spare: int) -> Gathered:
        """Read a block.

        Parameters
        ----------
        block : Block
        accounts : dict of int to Account
            Out: an empty account for each source.
        spare : int
            Bytes that the caller needs behind the chunks.
        """
        chunks = sum(-(-extent.length // CHUNK_SIZE) for extent in block.extents)
        size = 2 * chunks * CHUNK_SIZE + spare + SLACK
        if len(self._bytes) < size:
            self._bytes = bytearray(size)
        gathered = Gathered(np.frombuffer(self._bytes, np.uint8), [], [])
        for extent in block.extents:
            accounts.setdefault(extent.source, Account(Path(extent.path).name, extent.path, format="evtx"))
            if not self._read(extent, gathered):
                self._load(extent, gathered)
        self._walk(gathered)
        return gathered

    def _read(self, extent: Extent, gathered: Gathered) -> bool:
        """Read an extent of whole chunks straight into the buffer; False if it is not as it should be."""
        if extent.length % CHUNK_SIZE:
            return False
        start = len(gathered.places) * CHUNK_SIZE
        try:
            with extent.open() as file, memoryview(self._bytes)[start : start + extent.length] as view:
                done = 0
                while done < extent.length and (count := file.readinto(view[done:])):
                    done += count
        except OSError:
            return False
        if done < extent.length:
            return False
        for index in range(extent.length // CHUNK_SIZE):
            place = Place(extent.source, extent.number + index, extent.offset + index * CHUNK_SIZE)
            gathered.places.append(place)
        return True

    def _load(self, extent: Extent, gathered: Gathered) -> None:
        """Read an extent chunk by chunk, as the complete reader does, keeping what it notes where it notes it."""
        noted = Account("", "")
        for chunk in load(extent, noted):
            start = len(gathered.places) * CHUNK_SIZE
            self._bytes[start : start + CHUNK_SIZE] = chunk.data
            gathered.places.append(Place(extent.source, chunk.number, chunk.offset, noted))
            noted = Account("", "")
        gathered.tails.append((len(gathered.places), extent.source, noted))

    def _walk(self, gathered: Gathered) -> None:
        chunks = np.arange(len(gathered.places), dtype=np.int64) << 16
        gathered.counts = np.zeros(len(chunks), np.int64)
        sound = np.array([self._check(gathered, index) for index in range(len(chunks))], np.bool_)
        if self._records.shape[1] < len(chunks) * _MOST_RECORDS:
            self._records = np.empty((4, len(chunks) * _MOST_RECORDS), np.int64)
        counts, gathered.slack = np.zeros(int(sound.sum()), np.int64), np.zeros(len(chunks), np.int64)
        slack = np.zeros_like(counts)
        found = walk(gathered.data, chunks[sound], self._records, counts, slack)
        gathered.records = self._records[:, :found]
        gathered.records[3] = np.flatnonzero(sound)[gathered.records[3]]
        gathered.counts[~sound] = -1
        gathered.counts[sound], gathered.slack[sound] = counts, slack

    def _check(self, gathered: Gathered, index: int) -> bool:
        """Say whether a chunk may be walked by the kernel, and compare its checksums."""
        start, place, data = index << 16, gathered.places[index], self._bytes
        if not data.startswith(CHUNK_MAGIC, start):
            return False
        *_, free, records_crc = CHUNK_HEADER.unpack_from(data, start)
        if not CHUNK_HEADER_SIZE <= free <= CHUNK_SIZE:
            return False
        view: Any = memoryview(data)
        header = zlib.crc32(view[start + 128 : start + CHUNK_HEADER_SIZE], zlib.crc32(view[start : start + 120]))
        place.flagged = (
            header != int.from_bytes(view[start + CHUNK_CRC_OFFSET : start + CHUNK_CRC_OFFSET + 4], "little")
            or zlib.crc32(view[start + CHUNK_HEADER_SIZE : start + free]) != records_crc
        )
        return True
