"""Compressed streams, one piece at a time: what is damaged ends early and says so, what is too large is stopped."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Final

from lotl.sources.base import Account

MAX_RATIO: Final = 300
"""Bytes that one compressed byte may become; real logs stay below 100."""
FREE: Final = 256 << 20
"""Bytes that anything may become."""
MAX_SIZE: Final = 1 << 40
"""Bytes that one archive may become in all."""
_MEMORY: Final = 256 << 20
_PIECE: Final = 1 << 16


class Budget:
    """How much may come out of an archive, given how much went in."""

    def __init__(self, size: int) -> None:
        self.read, self._out = size, 0

    def spend(self, count: int) -> str:
        """Count bytes that came out; says what is wrong when they are too many."""
        self._out += count
        if self._out > MAX_SIZE:
            return f"unpacks to more than {MAX_SIZE >> 30:,} GiB: stopped"
        if self._out > max(FREE, MAX_RATIO * self.read):
            return f"unpacks to more than {MAX_RATIO} times its size: stopped"
        return ""


class Guarded:
    """A stream that never raises: what is wrong is noted once, and is the end."""

    def __init__(self, file: Any, account: Account, budget: Budget, where: str = "file") -> None:
        self._file, self._account, self._budget, self._where = file, account, budget, where
        self.failed = False

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes, none at the end."""
        if self.failed:
            return b""
        try:
            data = bytes(self._file.read(_PIECE if size < 0 else min(size, 1 << 20)))
            wrong = self._budget.spend(len(data))
        except MemoryError:
            data, wrong = b"", "needs too much memory to unpack"
        except Exception as error:  # every library has its own for damaged data
            data, wrong = b"", f"cannot be unpacked further: {_words(error)}"
        if wrong:
            self.failed = True
            self._account.problem(self._where, wrong)
        return data


def _words(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200] or type(error).__name__


class Inflated:
    """What a compressed stream unpacks to; streams that follow each other are one."""

    def __init__(self, file: Any, make: Callable[[], Any]) -> None:
        self._file, self._make, self._engine = file, make, make()
        self._input, self._fresh = b"", True

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes.

        Raises
        ------
        EOFError
            The stream ends too early; everything before has been returned.
        """
        while True:
            if self._engine.eof:
                self._input = self._engine.unused_data.lstrip(b"\0") or self._file.read(_PIECE).lstrip(b"\0")
                if not self._input:
                    return b""
                self._engine, self._fresh = self._make(), False
            elif not self._input:
                self._input = self._file.read(_PIECE)
                if not self._input:
                    rest = self._step(b"", size)
                    if rest:
                        return rest
                    raise EOFError("the compressed data ends too early")
            try:
                data = self._step(self._input, size)
            except (OSError, zlib.error, lzma.LZMAError):
                if self._fresh:
                    raise
                return b""  # behind the end is something else
            if data:
                return data

    def _step(self, raw: bytes, size: int) -> bytes:
        if isinstance(self._engine, _Zlib) or self._engine.needs_input:
            data = self._engine.decompress(raw, size)
            self._input = self._engine.rest if isinstance(self._engine, _Zlib) else b""
        else:
            data = self._engine.decompress(b"", size)
        if data:
            self._fresh = True
        return bytes(data)


class _Zlib:
    """zlib's decompressor with the interface that those of bz2 and lzma have."""

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(31)
        self.rest = b""

    @property
    def eof(self) -> bool:
        return self._engine.eof

    @property
    def unused_data(self) -> bytes:
        return self._engine.unused_data

    def decompress(self, raw: bytes, size: int) -> bytes:
        data = self._engine.decompress(raw, size)
        self.rest = self._engine.unconsumed_tail
        return data


def _zstd(file: BinaryIO) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(_Readable(file), mode="r"), "zstd")


class _Readable:
    """A stream with what Arrow asks of a file."""

    closed = False

    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        return bytes(self._file.read(_PIECE if size is None or size < 0 else size))

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        pass

    def tell(self) -> int:
        return 0

    def seekable(self) -> bool:
        return False


COMPRESSED: Final[dict[str, tuple[bytes, Callable[[Any], Any]]]] = {
    # name: magic, what makes a stream of what it unpacks to
    "gz": (b"\x1f\x8b\x08", lambda file: Inflated(file, _Zlib)),
    "bz2": (b"BZh", lambda file: Inflated(file, bz2.BZ2Decompressor)),
    "xz": (b"\xfd7zXZ\0", lambda file: Inflated(file, lambda: lzma.LZMADecompressor(memlimit=_MEMORY))),
    "zst": (b"\x28\xb5\x2f\xfd", _zstd),
}
