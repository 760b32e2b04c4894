"""Write EVTX files as Windows writes them: for fixtures, benchmarks and simulated logs.

A record is an instance of a System template with the event's own template nested in it. Definitions of both stand
where a chunk first uses them. `Record` is the comfortable form; `Layout` with `EvtxWriter.write_row` the fast one.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from lotl.sources.evtx.chunk import ChunkBuilder, Mark
from lotl.sources.evtx.clone import ChunkClone
from lotl.sources.evtx.encode import Typed, filetime, guid_bytes
from lotl.sources.evtx.format import (
    FILE_CRC_OFFSET,
    FILE_DIRTY,
    FILE_FLAGS_OFFSET,
    FILE_FULL,
    FILE_HEADER,
    FILE_HEADER_SIZE,
    FILE_MAGIC,
    FILETIME_UNIX_EPOCH,
    VERSION_MAJOR,
    VERSION_MINOR,
)
from lotl.sources.evtx.record import Layout, Record, SystemPart, inline_event, part_of

__all__ = ["EvtxWriter", "Layout", "Record", "Typed"]


class EvtxWriter:
    """Writes an EVTX file, chunk by chunk; memory use does not grow with the number of records.

    Parameters
    ----------
    target : path or binary file
        A file object must be seekable: the header is written last.
    dirty, full : bool
        Flags of the file header: not closed properly, and maximum size reached.
    first_record_id : int
        EventRecordID of the first record that brings none.
    minor : int
        Minor version of the format: 1, or 2 as newer Windows 10 and 11 write.
    on_chunk : callable, optional
        Called with every chunk of written records and their marks, e.g. to clone it.

    Examples
    --------
    >>> import io
    >>> target = io.BytesIO()
    >>> with EvtxWriter(target) as log:
    ...     log.write(Record(provider="P", event_id=1, channel="C", computer="pc", time=0, data=[("Port", 445)]))
    >>> len(target.getvalue())
    69632
    """

    def __init__(
        self,
        target: str | Path | BinaryIO,
        *,
        dirty: bool = False,
        full: bool = False,
        first_record_id: int = 1,
        minor: int = VERSION_MINOR,
        on_chunk: Callable[[bytearray, list[Mark]], None] | None = None,
    ) -> None:
        self._own = isinstance(target, str | Path)
        self._file: BinaryIO = Path(target).open("wb") if isinstance(target, str | Path) else target  # noqa: SIM115
        self._flags = FILE_DIRTY * dirty | FILE_FULL * full
        self._minor = minor
        self._next_id = first_record_id
        self._records = 0
        self._chunks = 0
        self._chunk = ChunkBuilder()
        self._on_chunk = on_chunk
        self._systems: dict[object, SystemPart] = {}
        self._start = self._file.tell()
        self._file.write(bytes(FILE_HEADER_SIZE))

    def write(self, record: Record) -> None:
        """Write one record.

        Raises
        ------
        OutputError
            A value does not suit its type, or the record does not fit into a chunk.
        """
        number = self._next_id if record.record_id is None else record.record_id
        header_id = number if record.header_record_id is None else record.header_record_id
        ticks = filetime(record.time)
        if record.form == "inline":
            root = inline_event(record, number)
            self._add(number, lambda chunk: chunk.add_inline(header_id, ticks, root))
            return
        tree = record.body()
        inner = tree if tree is None or record.form == "nested_inline" else part_of(tree)
        system = self._system(record)
        activity = b"" if record.activity_id is None else guid_bytes(record.activity_id)
        first, second = (b"", b"") if record.process_id is None else (record.process_id, record.thread_id or 0)
        outer = system.part(system.values(ticks, activity, first, second, number))
        shape = system.shape._replace(fragment=record.nested_fragment)
        self._add(number, lambda chunk: chunk.add(header_id, ticks, outer, inner, shape))

    def write_row(
        self,
        layout: Layout,
        micros: int,
        computer: str,
        values: Sequence[Any],
        process_id: int = 0,
        thread_id: int = 0,
        user_sid: str | None = None,
        activity_id: str | bytes | None = None,
        record_id: int | None = None,
    ) -> int:
        """Write one event of a prepared kind: the fast path.

        Parameters
        ----------
        layout : Layout
        micros : int
            Microseconds since 1970, UTC.
        values : sequence
            Follows ``layout.types``; None for null.

        Returns
        -------
        int
            The EventRecordID.
        """
        key = layout, computer, user_sid, activity_id is None
        system = self._systems.get(key)
        if system is None:
            identity = layout.provider, layout.guid, layout.channel
            fixed = activity_id is not None, True
            system = SystemPart(layout.constants, layout.literal, identity, computer, user_sid, None, *fixed)
            self._systems[key] = system
        number = self._next_id if record_id is None else record_id
        ticks = FILETIME_UNIX_EPOCH + micros * 10
        activity = b"" if activity_id is None else guid_bytes(activity_id)
        outer = system.values(ticks, activity, process_id, thread_id, number)
        packed = layout.pack(values)
        if packed is None or not self._chunk.add_again(number, ticks, system, layout, outer, system.shape, *packed):
            self._add_first(number, ticks, system, layout, outer, values)
        if number >= self._next_id:
            self._next_id = number + 1
        return number

    def write_many(self, records: Iterable[Record], count: int, *, step: int = 1000) -> None:
        """Write `count` records by repeating `records`, chunk by chunk: only ids and times differ.

        Parameters
        ----------
        records : iterable of Record
            As many as one chunk holds are used; their values repeat in the same order.
        count : int
        step : int
            Microseconds from each record to the next, counted from the time of the first.
        """
        chunks: list[ChunkClone] = []
        first = 0
        with EvtxWriter(io.BytesIO(), on_chunk=lambda data, marks: chunks.append(ChunkClone(data, marks))) as scratch:
            for index, record in enumerate(records):
                first = first if index else filetime(record.time)
                scratch.write(record)
                if chunks or index + 1 >= count:
                    break
        self.stamp(chunks[0], count, first, step * 10)

    def stamp(self, clone: ChunkClone, count: int, ticks: int, step: int, *, nonce: int = 0) -> None:
        """Write `count` records by stamping `clone`; `ticks` and `step` are FILETIME units of 100 ns."""
        self._flush()
        while count > 0:
            size = min(count, len(clone))
            order = self._next_id, ticks, step, self._records + 1
            self.write_chunk(clone.stamp(*order, records=size, nonce=nonce), size)
            self._next_id += size
            ticks, count, nonce = ticks + size * step, count - size, nonce + clone.nonces

    def write_chunk(self, chunk: bytes | bytearray | memoryview, records: int) -> None:
        """Write a finished chunk that holds `records` records (see `lotl.sources.evtx.clone`)."""
        self._flush()
        self._file.write(chunk)
        self._chunks += 1
        self._records += records

    def close(self) -> None:
        """Write the last chunk and the file header; close the file if the writer opened it."""
        if self._file.closed:
            return
        self._flush()
        header = bytearray(FILE_HEADER_SIZE)
        last = max(self._chunks - 1, 0)
        counts = 0, last, self._next_id, 128, self._minor, VERSION_MAJOR, FILE_HEADER_SIZE, self._chunks & 0xFFFF
        FILE_HEADER.pack_into(header, 0, FILE_MAGIC, *counts)
        struct.pack_into("<I", header, FILE_FLAGS_OFFSET, self._flags)
        struct.pack_into("<I", header, FILE_CRC_OFFSET, zlib.crc32(bytes(header[:FILE_FLAGS_OFFSET])))
        end = self._file.tell()
        self._file.seek(self._start)
        self._file.write(header)
        self._file.seek(end)
        if self._own:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def _add_first(
        self,
        number: int,
        ticks: int,
        system: SystemPart,
        layout: Layout,
        outer: tuple[bytes, bytes, bytes],
        values: Sequence[Any],
    ) -> None:
        """Write a row whose templates the chunk may lack, and remember where they are for the rows to come."""
        part, inner = system.part(outer), layout.part(values)
        while not self._chunk.add(number, ticks, part, inner, system.shape):
            self._flush()
        self._chunk.head(system, system.template, system.descriptors)
        if layout.template is not None:
            self._chunk.head(layout, layout.template)

    def _system(self, record: Record) -> SystemPart:
        identity = record.provider, record.provider_guid, record.channel
        shared = record.computer, record.user_sid, record.related_activity_id
        fixed = record.activity_id is not None, record.process_id is not None
        key = record.constants(), record.literal(), identity, *shared
        if (key, fixed) not in self._systems:
            self._systems[key, fixed] = SystemPart(*key, *fixed)
        return self._systems[key, fixed]

    def _add(self, number: int, attempt: Callable[[ChunkBuilder], bool]) -> None:
        while not attempt(self._chunk):
            self._flush()
        self._next_id = max(self._next_id, number + 1)

    def _flush(self) -> None:
        if not len(self._chunk):
            return
        builder, self._chunk = self._chunk, ChunkBuilder()
        data = builder.finish(self._records + 1)
        if self._on_chunk:
            self._on_chunk(data, builder.marks)
        self._file.write(data)
        self._chunks += 1
        self._records += len(builder)
