"""Where the records of a chunk are.

Records follow each other from byte 512. The chunk header says where the free space begins, but logs of machines that
lost power are behind their headers, and damaged ones lie. What is behind the free space is either a record that was
written after the header (its id counts on: it is read) or remains of an older use of the space, since Windows does not
erase it (*slack*: counted, never read, or events would come twice).

Inside the used space a record that is damaged does not end the walk: it resumes at the next record signature.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from lotl.sources.evtx.format import (
    CHUNK_CRC_OFFSET,
    CHUNK_HEADER,
    CHUNK_HEADER_SIZE,
    CHUNK_MAGIC,
    CHUNK_SIZE,
    RECORD_HEADER,
    RECORD_HEADER_SIZE,
    RECORD_MAGIC,
    RECORD_OVERHEAD,
)

_NO_SIGNATURE: Final = "no record signature"


class Slot(NamedTuple):
    """A record: offset and size in the chunk (header and size copy included), record id, FILETIME of writing."""

    offset: int
    size: int
    record: int
    written: int

    @property
    def body(self) -> tuple[int, int]:
        """Where the BinXML starts and ends."""
        return self.offset + RECORD_HEADER_SIZE, self.offset + self.size - 4


class Loss(NamedTuple):
    """A place where a record should be but cannot be delimited, and why."""

    offset: int
    why: str


@dataclass(slots=True)
class Walk:
    """Records of a chunk in order of their offsets, losses, and the number of records in the slack."""

    slots: list[Slot] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    slack: int = 0


class Checks(NamedTuple):
    """What the header of a chunk says: start of the free space, and whether the checksums are right."""

    free: int
    header_ok: bool
    records_ok: bool


def is_chunk(chunk: bytes) -> bool:
    """Say whether the bytes begin with the signature of a chunk."""
    return chunk.startswith(CHUNK_MAGIC)


def check(chunk: bytes) -> Checks:
    """Compare the checksums of a chunk of 64 KiB."""
    *_, free, records_crc = CHUNK_HEADER.unpack_from(chunk)
    crc = zlib.crc32(chunk[128:CHUNK_HEADER_SIZE], zlib.crc32(chunk[:120]))
    header_ok = crc == int.from_bytes(chunk[CHUNK_CRC_OFFSET : CHUNK_CRC_OFFSET + 4], "little")
    sound = CHUNK_HEADER_SIZE <= free <= CHUNK_SIZE
    records_ok = sound and zlib.crc32(chunk[CHUNK_HEADER_SIZE:free]) == records_crc
    return Checks(free, header_ok and sound, records_ok)


def walk(chunk: bytes, checks: Checks) -> Walk:
    """Find the records of a chunk.

    Parameters
    ----------
    chunk : bytes
        64 KiB, padded with zeros if the file ends inside it.
    checks : Checks
        Of this chunk.
    """
    found = Walk()
    end = checks.free if checks.header_ok else CHUNK_SIZE
    at = CHUNK_HEADER_SIZE
    while at < end:
        slot = _slot(chunk, at)
        if isinstance(slot, Slot):
            found.slots.append(slot)
            at += slot.size
            if at == checks.free:  # also when the header's checksum is wrong: nothing lands there by accident
                break
            continue
        following = chunk.find(RECORD_MAGIC, at + 1, end)
        following = end if following < 0 else following
        if slot.why != _NO_SIGNATURE or any(chunk[at:following]):
            found.losses.append(slot)
        at = following
    _behind(chunk, at, found)
    return found


def _slot(chunk: bytes, at: int) -> Slot | Loss:
    """Read a record header, or say why there is none."""
    if chunk[at : at + 4] != RECORD_MAGIC:
        return Loss(at, _NO_SIGNATURE)
    if at + RECORD_HEADER_SIZE > CHUNK_SIZE:
        return Loss(at, "the record header runs out of the chunk")
    _, size, record, written = RECORD_HEADER.unpack_from(chunk, at)
    if size < RECORD_OVERHEAD or at + size > CHUNK_SIZE:
        return Loss(at, f"the record's size {size} is impossible")
    behind = at + size
    if chunk[behind - 4 : behind] != chunk[at + 4 : at + 8] and chunk[behind : behind + 4] != RECORD_MAGIC:
        return Loss(at, "the record's two sizes differ")
    return Slot(at, size, record, written)


def _behind(chunk: bytes, at: int, found: Walk) -> None:
    """Read on behind the free space as long as record ids count on; the rest is slack."""
    while found.slots and at < CHUNK_SIZE:
        slot = _slot(chunk, at)
        if not isinstance(slot, Slot) or slot.record != found.slots[-1].record + 1:
            break
        found.slots.append(slot)
        at += slot.size
    while 0 <= at < CHUNK_SIZE:
        slot = _slot(chunk, at)
        if isinstance(slot, Slot):
            found.slack += 1
            at += slot.size
        else:
            at = chunk.find(RECORD_MAGIC, at + 1)
