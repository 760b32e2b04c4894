"""Archives, whose members are sources: read as a stream, never unpacked to disk.

A compressed file is what it unpacks to; the members of zip, tar and 7z archives get accounts of their own, named
``archive.zip!folder/member.evtx``. Archives in archives are opened, three deep.
"""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from lotl.errors import MissingExtra
from lotl.sources.base import Account, Extent, Source, Streamed
from lotl.sources.evtx.format import CHUNK_SIZE, FILE_HEADER_SIZE, FILE_MAGIC
from lotl.sources.text import Chained
from lotl.sources.unpack import COMPRESSED, Budget, Guarded

MAX_DEPTH: Final = 3
MAX_MEMBERS: Final = 100_000
MAX_HELD: Final = 512 << 20
"""Bytes of an archive inside an archive, where it has to be held in memory to be read."""
STDIN: Final = "-"
_HEAD: Final = 1 << 16
_TAR_MAGIC: Final = b"ustar"
_MAGIC: Final = {"zip": (b"PK\x03\x04", b"PK\x05\x06"), "7z": (b"7z\xbc\xaf\x27\x1c",)}

ARCHIVES: Final = ("zip", "7z", "tar", *COMPRESSED, "stdin")
"""Formats whose content are sources."""


def sniff_archive(head: bytes) -> str:
    """Return the name of the archive format that `head` begins, or ""."""
    for name, magics in _MAGIC.items():
        if head.startswith(magics):
            return name
    for name, (magic, _) in COMPRESSED.items():
        if head.startswith(magic):
            return name
    return "tar" if head[257:262] == _TAR_MAGIC else ""


@dataclass
class Opened:
    """What walks through archives.

    Attributes
    ----------
    accounts : list of Account
        Of the run; members are added.
    skipped : list of str
        Gets the names of members that are no logs.
    sniff : callable
        Finds the source for the first bytes of a member.
    target : int
        Bytes of an extent, about.
    password : str
    """

    accounts: list[Account]
    skipped: list[str]
    sniff: Callable[[bytes], Source | None]
    target: int
    password: str = ""
    _members: int = field(default=0)

    def extents(self, number: int) -> Iterator[tuple[str, Extent]]:
        """Yield the extents of everything in the archive with account `number`, each with the name of its source."""
        account = self.accounts[number]
        if account.format == "stdin":
            counted = _Counted(sys.stdin.buffer)
            yield from self._stream(cast("BinaryIO", counted), number, counted.budget, 0)
            return
        try:
            with Path(account.path).open("rb") as file:
                yield from self._stream(file, number, Budget(account.size), 0)
        except OSError as error:
            account.problem("file", f"cannot be read: {error.strerror or error}")

    def _stream(self, file: BinaryIO, number: int, budget: Budget, depth: int) -> Iterator[tuple[str, Extent]]:
        account = self.accounts[number]
        head = _full(file, _HEAD)
        kind = sniff_archive(head)
        if kind and depth > MAX_DEPTH:
            account.problem("file", f"is an archive more than {MAX_DEPTH} deep inside archives")
            return
        if kind:
            account.format = kind
            yield from self._open(kind, head, file, number, budget, depth)
            return
        source = self.sniff(head)
        if source is None:
            self._no_log(account, number, head, depth)
            return
        account.format = source.name
        whole = cast("BinaryIO", Chained(head, file))
        if isinstance(source, Streamed):
            found = source.stream(number, whole, account, self.target)
        else:
            found = _chunks(number, whole, account, self.target)
        for extent in found:
            yield source.name, extent

    def _no_log(self, account: Account, number: int, head: bytes, depth: int) -> None:
        if depth and not account.name.lower().endswith(".evtx"):
            if not account.problems:
                self.skipped.append(account.name)
                if self.accounts[-1] is account:
                    self.accounts.pop()
                return
        elif not account.problems:
            account.problem("file", "is empty" if not head else "is not in a format that lotl reads")

    def _open(
        self, kind: str, head: bytes, file: BinaryIO, number: int, budget: Budget, depth: int
    ) -> Iterator[tuple[str, Extent]]:
        account = self.accounts[number]
        if kind in COMPRESSED:
            raw = Chained(head, file)
            inner = Guarded(COMPRESSED[kind][1](raw), account, budget)
            yield from self._stream(cast("BinaryIO", inner), number, budget, depth + 1)
            return
        if kind == "tar":
            members = _tar(cast("BinaryIO", Chained(head, file)), account)
        else:
            held = _seekable(head, file, account)
            if held is None:
                return
            members = _zip(held, account, self.password) if kind == "zip" else _seven(held, account, self.password)
        for name, member in members:
            self._members += 1
            if self._members > MAX_MEMBERS:
                account.problem("file", f"has more than {MAX_MEMBERS:,} members: the rest is not read")
                return
            inside = Account(f"{account.name}!{_printable(name)}", account.path)
            self.accounts.append(inside)
            guarded = cast("BinaryIO", Guarded(member, inside, budget, "member"))
            yield from self._stream(guarded, len(self.accounts) - 1, budget, depth + 1)


def _full(file: Any, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size and (piece := file.read(size - len(parts))):
        parts += piece
    return bytes(parts)


class _Counted:
    """Standard input, counting what was read: its size is not known before."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.budget = file, Budget(0)

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.budget.read += len(data)
        return data


def _seekable(head: bytes, file: Any, account: Account) -> BinaryIO | None:
    """Return an archive that has to be read from its end: the file itself, or held in memory."""
    if isinstance(file, io.BufferedReader) and file.seekable():
        file.seek(0)
        return file
    data = bytearray(head)
    while piece := file.read(1 << 20):
        data += piece
        if len(data) > MAX_HELD:
            account.problem("file", f"is an archive of more than {MAX_HELD >> 20} MiB inside a stream: unpack it first")
            return None
    return io.BytesIO(data)


def _chunks(source: int, file: BinaryIO, account: Account, target: int) -> Iterator[Extent]:
    """Cut an EVTX stream into extents of whole chunks."""
    head = _full(file, FILE_HEADER_SIZE)
    offset, rest = (FILE_HEADER_SIZE, b"") if head.startswith(FILE_MAGIC) else (0, head)
    size, number = max(target // CHUNK_SIZE, 1) * CHUNK_SIZE, 0
    while data := rest + _full(file, size - len(rest)):
        rest = b""
        yield Extent(source, account.path, offset, len(data), number, data)
        offset += len(data)
        number += -(-len(data) // CHUNK_SIZE)


def _tar(file: BinaryIO, account: Account) -> Iterator[tuple[str, Any]]:
    try:
        with tarfile.open(fileobj=_Tape(file), mode="r|") as archive:  # type: ignore[call-overload]
            for member in archive:
                if member.isreg():
                    yield member.name, archive.extractfile(member)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        account.problem("file", f"the archive is damaged: {error}")


class _Tape:
    """A stream as tarfile wants it: reads that are as long as asked for."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        return _full(self._file, size)


def _zip(file: BinaryIO, account: Account, password: str) -> Iterator[tuple[str, Any]]:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        account.problem("file", f"the archive is damaged: {error}")
        return
    for info in archive.infolist()[: MAX_MEMBERS + 1]:
        if info.is_dir():
            continue
        yield info.filename, _ZipMember(file, archive, info, password)


class _ZipMember:
    """A member that is opened when it is first read, so that what is wrong with it is its own problem."""

    def __init__(self, file: BinaryIO, archive: zipfile.ZipFile, info: zipfile.ZipInfo, password: str) -> None:
        self._file, self._archive, self._info, self._password = file, archive, info, password
        self._open: Any = None

    def read(self, size: int) -> bytes:
        if self._open is None:
            self._open = self._opened()
        return bytes(self._open.read(size))

    def _opened(self) -> Any:
        encrypted = self._info.flag_bits & 1
        if encrypted and not self._password:
            raise ValueError("it is encrypted, and no password was given")
        secret = self._password.encode("utf-8") if encrypted else None
        if self._info.compress_type == 99:
            return _aes(self._file, self._info.filename, secret)
        try:
            return self._archive.open(self._info, pwd=secret)
        except RuntimeError as error:
            raise ValueError("the password is wrong" if encrypted else str(error)) from error


def _aes(file: BinaryIO, name: str, secret: bytes | None) -> Any:
    try:
        import pyzipper  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError as error:
        raise MissingExtra.of("pyzipper", "archives") from error
    try:
        return pyzipper.AESZipFile(file).open(name, pwd=secret)
    except RuntimeError as error:
        raise ValueError("the password is wrong") from error


def _seven(file: BinaryIO, account: Account, password: str) -> Iterator[tuple[str, Any]]:
    try:
        from lotl.sources.sevenzip import members
    except ImportError:
        account.problem("file", str(MissingExtra.of("py7zr", "archives")))
        return
    yield from members(file, account, password)


def _printable(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8").replace("\\", "/")
