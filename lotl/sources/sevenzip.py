"""7z archives through py7zr (extra ``archives``), as a stream: it writes, in a thread, what we read."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from py7zr import SevenZipFile
from py7zr.io import Py7zIO, WriterFactory

from lotl.sources.base import Account

_PIECES: Final = 16
_PIECE: Final = 1 << 20


class _Stopped(Exception):
    """Nobody reads any more."""


class _Pipe:
    """A bounded queue from the thread that unpacks."""

    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[str, Any]] = queue.Queue(_PIECES)
        self._stopped = threading.Event()

    def put(self, kind: str, value: Any) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put((kind, value), timeout=0.1)
            except queue.Full:
                continue
            return
        raise _Stopped

    def get(self) -> tuple[str, Any]:
        return self._queue.get()

    def stop(self) -> None:
        self._stopped.set()


class _Writer(Py7zIO):  # type: ignore[misc, unused-ignore]
    """What py7zr takes for a file: passes on what is written."""

    def __init__(self, pipe: _Pipe, name: str) -> None:
        self._pipe, self._name, self._size = pipe, name, 0

    def write(self, s: bytes | bytearray) -> int:
        if not self._size:
            self._pipe.put("member", self._name)
        for at in range(0, len(s), _PIECE):
            self._pipe.put("data", bytes(s[at : at + _PIECE]))
        self._size += len(s)
        return len(s)

    def read(self, size: int | None = None) -> bytes:
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        return offset

    def flush(self) -> None:
        """Nothing is held back."""

    def size(self) -> int:
        return self._size


class _Factory(WriterFactory):  # type: ignore[misc, unused-ignore]
    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe

    def create(self, filename: str) -> Py7zIO:
        return _Writer(self._pipe, filename)


class _Member:
    """The data of one member, until the next begins."""

    def __init__(self, pipe: _Pipe) -> None:
        self._pipe, self._rest = pipe, b""
        self.following: tuple[str, Any] | None = None

    def read(self, size: int) -> bytes:
        if not self._rest and self.following is None:
            kind, value = self._pipe.get()
            if kind == "data":
                self._rest = value
            else:
                self.following = (kind, value)
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def finish(self) -> tuple[str, Any]:
        """Pass over what was not read; return what comes then."""
        while self.following is None:
            self._rest = b""
            self.read(1)
        return self.following


def members(file: BinaryIO, account: Account, password: str) -> Iterator[tuple[str, _Member]]:
    """Yield the members of an archive: name, and what reads it. Each must be read before the next is asked for."""
    pipe = _Pipe()

    def unpack() -> None:
        try:
            with SevenZipFile(file, "r", password=password or None) as archive:
                archive.extractall(factory=_Factory(pipe))
            end = ""
        except _Stopped:
            return
        except BaseException as error:  # py7zr and its parts raise what they like on hostile bytes
            end = str(error).strip().split("\n")[0][:200] or type(error).__name__
        try:
            pipe.put("end", end)
        except _Stopped:
            return

    thread = threading.Thread(target=unpack, name="lotl-7z", daemon=True)
    thread.start()
    try:
        kind, value = pipe.get()
        while kind == "member":
            member = _Member(pipe)
            yield value, member
            kind, value = member.finish()
        if value:
            account.problem("file", f"the archive cannot be unpacked (wrong password?): {value}")
    finally:
        pipe.stop()
        thread.join()
