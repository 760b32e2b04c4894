"""Makers of damaged and malicious EVTX bytes: good bytes in, bad bytes out, deterministic.

Each maker takes a whole file as `lotl.sources.evtx.writer` makes it. With ``repair=True`` the checksums are put right
again, so that a reader cannot rely on them to turn the damage away. `ALL` lists every maker by name.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from functools import partial

from lotl.sources.evtx.chunk import seal_header
from lotl.sources.evtx.format import (
    CHUNK_HEADER_SIZE,
    CHUNK_MAGIC,
    CHUNK_NAMES_OFFSET,
    CHUNK_SIZE,
    CHUNK_TEMPLATES_OFFSET,
    FILE_DIRTY,
    FILE_FLAGS_OFFSET,
    FILE_HEADER_SIZE,
    NAME_BUCKETS,
    RECORD_HEADER_SIZE,
    RECORD_MAGIC,
    TEMPLATE_BUCKETS,
    ValueType,
)
from lotl.sources.evtx.markup import Element, element
from lotl.sources.evtx.writer import EvtxWriter, Layout, Record, Typed

_FREE = 48


def sample(records: int = 300, *, computer: str = "pc-1.example") -> bytes:
    """A good file of several chunks, record kinds and value types, to be damaged."""
    out = io.BytesIO()
    with EvtxWriter(out) as log:
        for index in range(records):
            log.write(
                Record(
                    provider=f"Lotl-Hostile-{index % 3}",
                    event_id=index % 5,
                    channel="Lotl/Hostile",
                    computer=computer,
                    time=1_700_000_000_000_000 + index * 1000,
                    process_id=index,
                    user_sid="S-1-5-18" if index % 2 else None,
                    data=[("Text", f"value {index} " * (index % 9)), ("Number", index), ("List", ["a", "b"])],
                    form="inline" if index % 50 == 49 else "template",
                )
            )
    return out.getvalue()


def chunk_starts(data: bytes) -> list[int]:
    """Offsets of the chunks of a file."""
    return list(range(FILE_HEADER_SIZE, len(data) - CHUNK_SIZE + 1, CHUNK_SIZE))


def record_starts(data: bytes, chunk: int) -> list[int]:
    """Offsets of the records of the chunk that starts at `chunk`."""
    free = struct.unpack_from("<I", data, chunk + _FREE)[0]
    found, at = [], CHUNK_HEADER_SIZE
    while at < free and data[chunk + at : chunk + at + 4] == RECORD_MAGIC:
        found.append(chunk + at)
        at += struct.unpack_from("<I", data, chunk + at + 4)[0]
    return found


def repair(data: bytes) -> bytes:
    """Put all checksums right: of records, chunk headers and the file header."""
    out = bytearray(data)
    for chunk in chunk_starts(data):
        if out[chunk : chunk + 8] == CHUNK_MAGIC:
            free = min(struct.unpack_from("<I", out, chunk + _FREE)[0], CHUNK_SIZE)
            crc = zlib.crc32(bytes(out[chunk + CHUNK_HEADER_SIZE : chunk + max(free, CHUNK_HEADER_SIZE)]))
            struct.pack_into("<I", out, chunk + 52, crc)
            seal_header(out, chunk)
    if out[:7] == b"ElfFile":
        struct.pack_into("<I", out, FILE_FLAGS_OFFSET + 4, zlib.crc32(bytes(out[:FILE_FLAGS_OFFSET])))
    return bytes(out)


def _damaged(data: bytes, change: Callable[[bytearray], None], fix: bool) -> bytes:
    out = bytearray(data)
    change(out)
    return repair(bytes(out)) if fix else bytes(out)


# --- the container ----------------------------------------------------------------------------------------------------


def truncated(data: bytes, *, keep: float = 0.7) -> bytes:
    """The file ends in the middle of a chunk."""
    return data[: int(len(data) * keep) | 1]


def truncated_header(data: bytes) -> bytes:
    """Not even the file header is whole."""
    return data[:100]


def zeroed_chunk(data: bytes, *, chunk: int = 1) -> bytes:
    """One chunk was never written to disk."""
    start = chunk_starts(data)[chunk]
    return data[:start] + bytes(CHUNK_SIZE) + data[start + CHUNK_SIZE :]


def bad_crc(data: bytes) -> bytes:
    """The checksums of the first chunk and of the file header are wrong; the records are fine."""

    def change(out: bytearray) -> None:
        for at in (FILE_FLAGS_OFFSET + 4, FILE_HEADER_SIZE + 52, FILE_HEADER_SIZE + 124):
            out[at] ^= 0xFF

    return _damaged(data, change, False)


def dirty_header(data: bytes) -> bytes:
    """The file was not closed: dirty flag, and counts from before the last chunks."""

    def change(out: bytearray) -> None:
        struct.pack_into("<QQQ", out, 8, 0, 0, 1)
        struct.pack_into("<H", out, 42, 1)
        struct.pack_into("<I", out, FILE_FLAGS_OFFSET, FILE_DIRTY)

    return _damaged(data, change, True)


def no_header(data: bytes) -> bytes:
    """Chunks alone, as carved from a disk image."""
    return data[FILE_HEADER_SIZE:]


def carved(data: bytes, *, seed: int = 0) -> bytes:
    """Chunks between stretches of foreign bytes, some of them cut."""
    rng = random.Random(seed)
    parts = []
    for start in chunk_starts(data):
        parts += [
            rng.randbytes(512 * rng.randrange(9)),
            data[start : start + rng.choice([CHUNK_SIZE, CHUNK_SIZE, 30_000])],
        ]
    return b"".join(parts)


# --- records ----------------------------------------------------------------------------------------------------------


def bad_record_size(data: bytes, *, size: int = 0xFFFFFFF0, fix: bool = False) -> bytes:
    """The second record of the first chunk claims to be `size` bytes long (also try 0, 1, 24, 25)."""
    at = record_starts(data, FILE_HEADER_SIZE)[1]
    return _damaged(data, lambda out: struct.pack_into("<I", out, at + 4, size), fix)


def bad_size_copy(data: bytes, *, fix: bool = False) -> bytes:
    """The copy of the size at the end of a record differs from the size at its start."""
    at = record_starts(data, FILE_HEADER_SIZE)[2]
    return _damaged(data, lambda out: struct.pack_into("<I", out, at - 4, 7), fix)


def bad_free_offset(data: bytes, *, offset: int = 0xFFFFFFFF, fix: bool = False) -> bytes:
    """The chunk header points beyond the chunk for the end of its records."""
    return _damaged(data, lambda out: struct.pack_into("<I", out, FILE_HEADER_SIZE + _FREE, offset), fix)


def giant_counts(data: bytes, *, fix: bool = False) -> bytes:
    """Template instances claim four billion values; names, texts and definitions claim their largest sizes."""

    def change(out: bytearray) -> None:
        for index, at in enumerate(record_starts(data, FILE_HEADER_SIZE)[1:]):
            body = at + RECORD_HEADER_SIZE
            if out[body + 4] == 0x0C and index % 2:
                struct.pack_into("<I", out, body + 14, 0xFFFFFFFF)
            elif out[body + 4] == 0x0C:
                struct.pack_into("<H", out, body + 18, 0xFFFF)

    return _damaged(data, change, fix)


def giant_definition(data: bytes, *, fix: bool = False) -> bytes:
    """The first template definition claims to be 4 GiB long."""
    at = FILE_HEADER_SIZE + CHUNK_HEADER_SIZE + RECORD_HEADER_SIZE + 14
    return _damaged(data, lambda out: struct.pack_into("<I", out, at + 20, 0xFFFFFFFF), fix)


# --- offsets ----------------------------------------------------------------------------------------------------------


def _buckets(data: bytes | bytearray, first: int, count: int) -> list[int]:
    return [at for at in struct.unpack_from(f"<{count}I", data, FILE_HEADER_SIZE + first) if at]


def cyclic_names(data: bytes, *, fix: bool = False) -> bytes:
    """Every chain of the name table runs in a circle."""

    def change(out: bytearray) -> None:
        for at in _buckets(data, CHUNK_NAMES_OFFSET, NAME_BUCKETS):
            struct.pack_into("<I", out, FILE_HEADER_SIZE + at, at)

    return _damaged(data, change, fix)


def cyclic_templates(data: bytes, *, fix: bool = False) -> bytes:
    """Every chain of the template table runs in a circle."""

    def change(out: bytearray) -> None:
        for at in _buckets(data, CHUNK_TEMPLATES_OFFSET, TEMPLATE_BUCKETS):
            struct.pack_into("<I", out, FILE_HEADER_SIZE + at, at)

    return _damaged(data, change, fix)


def self_template(data: bytes, *, fix: bool = False) -> bytes:
    """Template instances point to their own record instead of a definition."""

    def change(out: bytearray) -> None:
        for at in record_starts(data, FILE_HEADER_SIZE)[1:]:
            if out[at + RECORD_HEADER_SIZE + 4] == 0x0C:
                struct.pack_into("<I", out, at + RECORD_HEADER_SIZE + 10, at - FILE_HEADER_SIZE + RECORD_HEADER_SIZE)

    return _damaged(data, change, fix)


def wild_offsets(data: bytes, *, fix: bool = False) -> bytes:
    """Name and template offsets point to the last byte of the chunk, to its end and far beyond."""
    targets = (CHUNK_SIZE - 1, CHUNK_SIZE, 0xFFFFFFFF, 3)

    def change(out: bytearray) -> None:
        for slot in range(NAME_BUCKETS + TEMPLATE_BUCKETS):
            struct.pack_into("<I", out, FILE_HEADER_SIZE + CHUNK_NAMES_OFFSET + 4 * slot, targets[slot % 4])
        for index, at in enumerate(record_starts(data, FILE_HEADER_SIZE)[1:]):
            if out[at + RECORD_HEADER_SIZE + 4] == 0x0C:
                struct.pack_into("<I", out, at + RECORD_HEADER_SIZE + 10, targets[index % 4])

    return _damaged(data, change, fix)


# --- markup -----------------------------------------------------------------------------------------------------------


def _one(tree: Element, form: str) -> bytes:
    out = io.BytesIO()
    with EvtxWriter(out) as log:
        log.write(
            Record(
                provider="P", event_id=1, channel="C", computer="pc", time=0, process_id=1, user_data=tree, form=form
            )
        )
    return out.getvalue()


def deep(*, depth: int = 3500, form: str = "inline") -> bytes:
    """One record whose elements are nested `depth` deep."""
    tree: object = "x"
    for _ in range(depth):
        tree = element("N", tree)
    return _one(element("UserData", tree), form)


def deep_values(*, depth: int = 150) -> bytes:
    """One record whose template instances are nested `depth` deep, each in a value of the one before."""
    tree = element("Leaf", 1)
    for _ in range(depth):
        tree = element("N", Typed(ValueType.BINXML, tree))
    return _one(element("UserData", tree), "template")


def amplified(*, fields: int = 1400, copies: int = 60) -> bytes:
    """A template with many fields, used over and over with null values: few bytes in, many cells out."""
    out = io.BytesIO()
    layout = Layout("P", 1, "C", [(f"F{index}", ValueType.STRING) for index in range(fields)])
    with EvtxWriter(out) as log:
        for _ in range(copies):
            log.write_row(layout, 0, "pc", [None] * fields)
    return out.getvalue()


# --- noise ------------------------------------------------------------------------------------------------------------


def noisy(data: bytes, *, seed: int = 0, share: float = 0.001, fix: bool = False) -> bytes:
    """A share of all bytes after the chunk headers is overwritten at random."""
    rng = random.Random(seed)

    def change(out: bytearray) -> None:
        for _ in range(int(len(out) * share)):
            at = rng.randrange(FILE_HEADER_SIZE, len(out))
            if (at - FILE_HEADER_SIZE) % CHUNK_SIZE >= CHUNK_HEADER_SIZE:
                out[at] = rng.randrange(256)

    return _damaged(data, change, fix)


def random_chunk(data: bytes, *, seed: int = 0) -> bytes:
    """The second chunk holds noise behind a right magic and header."""
    start = chunk_starts(data)[1]
    body = random.Random(seed).randbytes(CHUNK_SIZE - CHUNK_HEADER_SIZE)
    return repair(data[: start + CHUNK_HEADER_SIZE] + body + data[start + CHUNK_SIZE :])


def random_bytes(*, size: int = 200_000, seed: int = 0) -> bytes:
    """No EVTX at all."""
    return random.Random(seed).randbytes(size)


def mixed(data: bytes, *, seed: int = 0) -> bytes:
    """Several of the above in one file."""
    return truncated(noisy(zeroed_chunk(bad_record_size(data, size=25)), seed=seed, fix=True), keep=0.95)


ALL: dict[str, Callable[[bytes], bytes]] = {
    "truncated": truncated,
    "truncated_header": truncated_header,
    "zeroed_chunk": zeroed_chunk,
    "bad_crc": bad_crc,
    "dirty_header": dirty_header,
    "no_header": no_header,
    "carved": carved,
    **{f"bad_record_size_{size}": partial(bad_record_size, size=size) for size in (0, 1, 24, 25, 2**32 - 1)},
    "bad_size_copy": bad_size_copy,
    "bad_free_offset": bad_free_offset,
    "bad_free_offset_repaired": lambda data: bad_free_offset(data, offset=CHUNK_SIZE + 4, fix=True),
    "giant_counts": giant_counts,
    "giant_counts_repaired": lambda data: giant_counts(data, fix=True),
    "giant_definition": giant_definition,
    "cyclic_names": lambda data: cyclic_names(data, fix=True),
    "cyclic_templates": lambda data: cyclic_templates(data, fix=True),
    "self_template": lambda data: self_template(data, fix=True),
    "wild_offsets": lambda data: wild_offsets(data, fix=True),
    "deep": lambda data: deep(),
    "deep_in_template": lambda data: deep(form="template"),
    "deep_values": lambda data: deep_values(),
    "amplified": lambda data: amplified(),
    "noisy": noisy,
    "noisy_repaired": lambda data: noisy(data, seed=1, fix=True),
    "very_noisy": lambda data: noisy(data, seed=2, share=0.05, fix=True),
    "random_chunk": random_chunk,
    "random_bytes": lambda data: random_bytes(),
    "mixed": mixed,
}
"""Every maker by name, taking the bytes of a good file (some make a file of their own)."""
