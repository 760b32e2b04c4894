"""Repeat a finished chunk: new record ids, times and checksums, everything else as it stands."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from lotl.sources.evtx.chunk import Mark, seal_header
from lotl.sources.evtx.format import CHUNK_HEADER, CHUNK_HEADER_SIZE, CHUNK_MAGIC

_RECORD_ID: Final = 8
_RECORD_TIME: Final = 16
_FREE: Final = 48


class ChunkClone:
    """A chunk as a stamp.

    Parameters
    ----------
    chunk : bytes
        65536 bytes as `EvtxWriter` makes them.
    marks : sequence of Mark
        Where the changing fields of each record stand (`EvtxWriter` hands them to `on_chunk`).
    nonce : bytes, optional
        A marker in the chunk's texts, of even length. Each occurrence is overwritten by a different UTF-16 hex number
        of the same length at every stamping, so that cloned texts differ.

    Notes
    -----
    Records without a template have their id and time as text: those stay as they are.
    """

    def __init__(self, chunk: bytes | bytearray, marks: Sequence[Mark], *, nonce: bytes = b"") -> None:
        self._chunk = np.frombuffer(bytes(chunk), dtype=np.uint8)
        self._free = struct.unpack_from("<I", chunk, _FREE)[0]
        self._starts = np.array([mark.record for mark in marks], dtype=np.int64)
        inner = [mark for mark in marks if mark.time]
        rows = np.array([index for index, mark in enumerate(marks) if mark.time], dtype=np.int64)
        ids = np.array([mark.record_id for mark in inner], dtype=np.int64)
        times = np.array([mark.time for mark in inner], dtype=np.int64)
        everyone = np.arange(len(marks))
        self._id_rows = np.concatenate([everyone, rows])
        places = np.concatenate([self._starts + _RECORD_ID, ids, self._starts + _RECORD_TIME, times])
        self._places = places[:, None] + np.arange(8)
        self._nonces = _occurrences(bytes(chunk), nonce)
        self._width = len(nonce) // 2

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def nonces(self) -> int:
        """How many numbers one stamping uses up."""
        return len(self._nonces)

    def stamp(
        self, first_id: int, ticks: int, step: int, first_number: int, *, records: int | None = None, nonce: int = 0
    ) -> bytearray:
        """Make one more chunk.

        Parameters
        ----------
        first_id : int
            EventRecordID of the first record; the others count on.
        ticks, step : int
            FILETIME of the first record, and from each record to the next.
        first_number : int
            Number of the first record in the file, from 1.
        records : int, optional
            Keep only the first so many records.
        nonce : int
            Number written over the first occurrence of the marker; the others count on.

        Returns
        -------
        bytearray
            65536 bytes with right checksums.
        """
        count = len(self) if records is None else records
        out = bytearray(self._chunk.tobytes())
        view = np.frombuffer(out, dtype=np.uint8)
        order = self._id_rows.astype(np.uint64)
        values = np.concatenate([np.uint64(first_id) + order, np.uint64(ticks) + np.uint64(step) * order])
        view[self._places] = values.astype("<u8").view(np.uint8).reshape(-1, 8)
        if len(self._nonces):
            view[self._nonces] = _hex_digits(nonce, len(self._nonces), self._width)
        free = self._free if count >= len(self) else int(self._starts[count])
        out[free:] = bytes(len(out) - free)
        numbers = first_number, first_number + count - 1, first_id, first_id + count - 1
        crc = zlib.crc32(memoryview(out)[CHUNK_HEADER_SIZE:free])
        CHUNK_HEADER.pack_into(out, 0, CHUNK_MAGIC, *numbers, 128, int(self._starts[count - 1]), free, crc)
        seal_header(out)
        return out


def _occurrences(chunk: bytes, nonce: bytes) -> npt.NDArray[np.int64]:
    """Return the byte positions of the low bytes of every occurrence, shape (occurrences, characters)."""
    found = []
    at = chunk.find(nonce) if nonce else -1
    while at >= 0:
        found.append(at)
        at = chunk.find(nonce, at + len(nonce))
    return np.array(found, dtype=np.int64)[:, None] + 2 * np.arange(len(nonce) // 2)


def _hex_digits(first: int, count: int, width: int) -> npt.NDArray[np.uint8]:
    """Return the ASCII hex digits of `count` numbers from `first` on, shape (count, width).

    The numbers are scattered by an odd factor, so that neighbours share no digits; they stay distinct modulo 16**width.
    """
    numbers = np.arange(first, first + count, dtype=np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15)
    shifts = (4 * np.arange(width - 1, -1, -1, dtype=np.uint64)).astype(np.uint64)
    digits = (numbers >> np.minimum(shifts, np.uint64(60))) & np.uint64(15)
    return np.frombuffer(b"0123456789abcdef", dtype=np.uint8)[digits.astype(np.int64)]
