"""Text of any encoding, cut into extents of whole records with bounded memory."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

from lotl.sources.base import Account, Extent

MAX_RECORD: Final = 16 << 20
"""Bytes of one line, element or object; longer ones are lost, and said to be."""
INDEX_BITS: Final = 32
_PIECE: Final = 1 << 20
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Cutter(Protocol):
    """Where records end."""

    separator: bytes
    """What ends a record that is too long to be kept."""

    def end(self, window: bytes) -> int:
        """Return where the last whole record of `window` ends, or 0. Windows follow each other."""


def encoding(head: bytes) -> str:
    """Return the encoding that text starts with: by its mark, or by the zeros of its first characters."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if len(head) >= 4 and head[0] and not head[1] and head[2] and not head[3]:
        return "utf-16-le"
    if len(head) >= 4 and not head[0] and head[1] and not head[2] and head[3]:
        return "utf-16-be"
    return "utf-8"


def beginning(head: bytes) -> str:
    """Return the first bytes of a file as text, without mark and leading blanks; empty where it is no text."""
    name = encoding(head)
    text = head.decode(name, "replace").lstrip("\ufeff \t\r\n\0")
    return "" if "\0" in text[:32] else text


class Utf8:
    """A stream of UTF-16 as UTF-8."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._decoder = file, codecs.getincrementaldecoder(name)("replace")
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; none at the end."""
        while not self._rest:
            raw = self._file.read(min(size, _PIECE))
            text = self._decoder.decode(raw, final=not raw)
            self._rest = text.encode("utf-8", "replace")
            if not raw:
                break
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def cut_file(
    source: int, path: Path, account: Account, target: int, cutter: Cutter, context: str = ""
) -> Iterator[Extent]:
    """Cut a file. Extents say where their bytes are; those of UTF-16 hold them, as UTF-8."""
    account.index_bits = INDEX_BITS
    try:
        with path.open("rb") as file:
            name = encoding(file.read(4))
            file.seek(0)
            keep = name != "utf-8"
            stream = cast("BinaryIO", Utf8(file, name)) if keep else file
            yield from _extents(source, str(path), stream, account, target, cutter, context, keep)
    except OSError as error:
        account.problem("file", f"cannot be read: {error.strerror or error}")


def cut_stream(
    source: int, file: BinaryIO, account: Account, target: int, cutter: Cutter, context: str = ""
) -> Iterator[Extent]:
    """Cut a stream; extents hold their bytes."""
    account.index_bits = INDEX_BITS
    head = file.read(4)
    whole = cast("BinaryIO", Chained(head, file))
    name = encoding(head)
    stream = whole if name == "utf-8" else cast("BinaryIO", Utf8(whole, name))
    yield from _extents(source, account.path, stream, account, target, cutter, context, True)


class Chained:
    """Bytes that were read already, and the stream that they came from."""

    def __init__(self, head: bytes, file: BinaryIO) -> None:
        self._head, self._file = io.BytesIO(head), file

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes."""
        return self._head.read(size) or self._file.read(size)


def _extents(
    source: int, path: str, file: BinaryIO, account: Account, target: int, cutter: Cutter, context: str, keep: bool
) -> Iterator[Extent]:
    buffer, offset, number = bytearray(), 0, 0
    while True:
        piece = file.read(max(target - len(buffer), _PIECE))
        buffer += piece
        if not buffer:
            return
        if piece and len(buffer) < target:
            continue
        end = cutter.end(bytes(buffer)) if piece else len(buffer)
        if end:
            data = bytes(buffer[:end]) if keep else None
            yield Extent(source, path, offset, end, number, data, context)
            del buffer[:end]
            offset += end
            number += 1
        elif len(buffer) > max(MAX_RECORD, target):
            skipped = _skip(file, buffer, cutter.separator)
            account.lost += 1
            account.problem(f"offset {offset}", f"a record of {skipped:,} bytes or more is too long")
            offset += skipped


def _skip(file: BinaryIO, buffer: bytearray, separator: bytes) -> int:
    """Drop bytes up to the end of a record; `buffer` keeps what follows. Returns how many were dropped."""
    dropped = 0
    while True:
        found = buffer.find(separator)
        if found >= 0:
            del buffer[: found + len(separator)]
            return dropped + found + len(separator)
        keep = len(separator) - 1
        dropped += len(buffer) - keep
        del buffer[: len(buffer) - keep]
        piece = file.read(_PIECE)
        if not piece:
            dropped += len(buffer)
            buffer.clear()
            return dropped
        buffer += piece


def load(extent: Extent, account: Account) -> bytes:
    """Return the bytes of an extent."""
    if extent.data is not None:
        return extent.data
    try:
        with Path(extent.path).open("rb") as file:
            file.seek(extent.offset)
            data = file.read(extent.length)
    except OSError as error:
        account.problem(f"offset {extent.offset}", f"cannot be read: {error.strerror or error}")
        return b""
    if len(data) < extent.length:
        account.problem(f"offset {extent.offset}", "the file became shorter while it was read")
    return data


class Lines:
    """Records are lines."""

    separator = b"\n"

    def end(self, window: bytes) -> int:
        """Return where the last whole line ends."""
        return window.rfind(b"\n") + 1
