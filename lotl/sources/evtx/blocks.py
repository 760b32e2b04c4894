"""Files to extents of whole chunks, and extents back to chunks.

A log as Windows keeps it is a header of 4096 bytes and chunks of 64 KiB. Logs from images of disks and memory start
anywhere, lack the header, or have holes; there, chunks are looked for at every 512 bytes. Only signatures are read
here, 8 bytes a chunk; the chunks themselves are read where they are decoded, one at a time, so that memory is bounded
and a file that shrinks meanwhile is no accident.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from lotl.sources.base import Account, Extent
from lotl.sources.evtx.format import (
    CHUNK_MAGIC,
    CHUNK_SIZE,
    FILE_CRC_OFFSET,
    FILE_FLAGS_OFFSET,
    FILE_HEADER,
    FILE_HEADER_SIZE,
    FILE_MAGIC,
)
from lotl.sources.evtx.walk import Walk, check, is_chunk, walk

SECTOR: Final = 512
_SCAN: Final = 1 << 20


class Chunk(NamedTuple):
    """A chunk that was read: its number, its offset in the file, and its 64 KiB (padded with zeros)."""

    number: int
    offset: int
    data: bytes


def sniff(head: bytes) -> bool:
    """Say whether a file that begins with `head` is an event log, whole or carved."""
    if head.startswith(FILE_MAGIC) or head[FILE_HEADER_SIZE : FILE_HEADER_SIZE + 8] == CHUNK_MAGIC:
        return True
    return _find_sector(head, 0) >= 0


def cut(source: int, path: Path, account: Account, target: int) -> Iterator[Extent]:
    """Cut a log into extents of whole chunks.

    Parameters
    ----------
    source : int
        Index of the file.
    path : Path
    account : Account
        Notes what belongs to no extent: chunks that are all zero, bytes that are no chunk.
    target : int
        Bytes of an extent, about.

    Notes
    -----
    Extents hold whole chunks, but for the last of a file that ends inside a chunk, and but for a carved chunk that is
    cut off by the next one.
    """
    account.format = "evtx"
    try:
        with path.open("rb") as file:
            yield from _extents(source, path, file, account, max(target // CHUNK_SIZE, 1) * CHUNK_SIZE)
    except OSError as error:
        account.problem("file", f"cannot be read: {error.strerror or error}")


def _extents(source: int, path: Path, file: BinaryIO, account: Account, target: int) -> Iterator[Extent]:
    start, length, first = 0, 0, 0
    for number, (at, size) in enumerate(_chunks(file, account)):
        if size and length and at == start + length and length < target and length % CHUNK_SIZE == 0:
            length += size
        else:
            if length:
                yield Extent(source, str(path), start, length, first)
            start, length, first = at, size, number
    if length:
        yield Extent(source, str(path), start, length, first)


def _chunks(file: BinaryIO, account: Account) -> Iterator[tuple[int, int]]:
    """Yield offset and size of every chunk; a size of 0 stands for a chunk that is all zero or damaged."""
    end = file.seek(0, 2)
    counted = FILE_HEADER_SIZE + _promised(file) * CHUNK_SIZE
    if counted - CHUNK_SIZE >= end > FILE_HEADER_SIZE:
        missing = (counted - end) // CHUNK_SIZE
        account.problem(f"offset {end}", f"the file ends, but its header counts {missing} more chunks")
    at = _first(file, end, account)
    while at < end:
        size = min(CHUNK_SIZE, end - at)
        head = _read(file, at, 8)
        if head == CHUNK_MAGIC:
            yield at, size
            at += size
            continue
        if not any(head) and not any(_read(file, at, size)):
            account.zeroed += 1
            if at < counted:
                account.problem(f"offset {at}", "the chunk was never written, but the file header counts it")
            yield at, 0
            at += size
            continue
        following = _next_chunk(file, at, end)
        stop = end if following is None else following[0]
        _note_gap(account, at, stop - at, last=following is None)
        for _ in range(at, stop, CHUNK_SIZE):
            yield at, 0
        if following is None:
            return
        at, size = following
        yield at, size
        at += size


def _first(file: BinaryIO, end: int, account: Account) -> int:
    """Return where chunks begin: behind the file header if there is one, or at the start."""
    head = _read(file, 0, 8)
    if head == FILE_MAGIC and end < FILE_HEADER_SIZE:
        account.truncated += end
        account.problem("offset 0", "the file ends inside its header")
    if head == FILE_MAGIC:
        return FILE_HEADER_SIZE
    if head != CHUNK_MAGIC and _read(file, FILE_HEADER_SIZE, 8) == CHUNK_MAGIC:
        account.problem("offset 0", "the file header is damaged")
        return FILE_HEADER_SIZE
    return 0


def _promised(file: BinaryIO) -> int:
    """Return the number of chunks that a sound file header counts, 0 if there is none."""
    header = _read(file, 0, FILE_CRC_OFFSET + 4)
    if len(header) <= FILE_CRC_OFFSET or not header.startswith(FILE_MAGIC):
        return 0
    if zlib.crc32(header[:FILE_FLAGS_OFFSET]) != int.from_bytes(header[FILE_CRC_OFFSET:], "little"):
        return 0
    *_, chunks = FILE_HEADER.unpack_from(header)
    return int(chunks)


def _note_gap(account: Account, at: int, length: int, *, last: bool) -> None:
    """Account for `length` bytes at `at` that are no chunk; `last`: at the end of the file."""
    if last and length < CHUNK_SIZE:
        account.truncated += length
    else:
        account.bad_chunks += -(-length // CHUNK_SIZE)
    account.problem(f"offset {at}", f"{length} bytes are no chunk")


def _next_chunk(file: BinaryIO, at: int, end: int) -> tuple[int, int] | None:
    """Find the next chunk behind `at`: where, and how long it can be.

    One that is out of step with the others must have a right header checksum (a signature alone may be text in a
    record), and ends where a chunk in step begins.
    """
    start = at + SECTOR
    while start < end:
        data = _read(file, start, _SCAN + CHUNK_SIZE)
        found = _find_sector(data, 0)
        while 0 <= found < _SCAN:
            offset = start + found
            if (offset - at) % CHUNK_SIZE == 0:
                return offset, min(CHUNK_SIZE, end - offset)
            chunk = data[found : found + CHUNK_SIZE].ljust(CHUNK_SIZE, b"\0")
            if check(chunk).header_ok:
                return offset, _room(file, at, offset, end)
            found = _find_sector(data, found + SECTOR)
        start += _SCAN
    return None


def _room(file: BinaryIO, grid: int, offset: int, end: int) -> int:
    """Return how long a chunk at `offset` can be before one in step with `grid` begins."""
    step = grid + -(-(offset - grid) // CHUNK_SIZE) * CHUNK_SIZE
    if step < min(end, offset + CHUNK_SIZE) and _read(file, step, 8) == CHUNK_MAGIC:
        return step - offset
    return min(CHUNK_SIZE, end - offset)


def _find_sector(data: bytes, at: int) -> int:
    """Return the first offset from `at` on, a multiple of 512, with the signature of a chunk, or -1."""
    found = data.find(CHUNK_MAGIC, at)
    while found >= 0 and found % SECTOR:
        found = data.find(CHUNK_MAGIC, found + 1)
    return found


def _read(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)


def load(extent: Extent, account: Account) -> Iterator[Chunk]:
    """Read the chunks of an extent one by one, padded to 64 KiB; what is missing is accounted for."""
    try:
        with extent.open() as file:
            for index, at in enumerate(range(0, extent.length, CHUNK_SIZE)):
                size = min(CHUNK_SIZE, extent.length - at)
                data = file.read(size)
                if len(data) < size:
                    account.problem(f"offset {extent.offset + at}", "the file became shorter while it was read")
                if not data:
                    return
                if len(data) < CHUNK_SIZE:
                    account.truncated += len(data)
                    account.problem(f"offset {extent.offset + at}", f"a chunk is cut off after {len(data)} bytes")
                yield Chunk(extent.number + index, extent.offset + at, data.ljust(CHUNK_SIZE, b"\0"))
    except OSError as error:
        account.problem(f"offset {extent.offset}", f"cannot be read: {error.strerror or error}")


def examine(chunk: Chunk, account: Account) -> Walk:
    """Check a chunk, find its records, and account for everything but the records themselves."""
    if not is_chunk(chunk.data):
        if any(chunk.data):
            account.bad_chunks += 1
            account.problem(f"offset {chunk.offset}", "no chunk signature")
        else:
            account.zeroed += 1
        return Walk()
    account.chunks += 1
    checks = check(chunk.data)
    if not (checks.header_ok and checks.records_ok):
        account.flagged_chunks += 1
    found = walk(chunk.data, checks)
    account.slack += found.slack
    for loss in found.losses:
        lose(account, chunk, loss.offset, loss.why)
    return found


def lose(account: Account, chunk: Chunk, offset: int, why: str) -> None:
    """Count a record as lost, with its place."""
    account.lost += 1
    account.problem(f"chunk {chunk.number}, offset {chunk.offset + offset}", why)


def position(account: Account, chunk: Chunk) -> int:
    """Return the position of the chunk's next record: they count what was read, and so can become ordinals."""
    return chunk.number << 16 | account.chunk_records.get(chunk.number, 0)


def keep(account: Account, chunk: Chunk, time: object) -> None:
    """Count a record as read, with its TimeCreated (µs, or anything else if it has none)."""
    account.chunk_records[chunk.number] = account.chunk_records.get(chunk.number, 0) + 1
    account.records += 1
    account.slow += 1
    if isinstance(time, int):
        account.first = time if account.first is None else min(account.first, time)
        account.last = time if account.last is None else max(account.last, time)
