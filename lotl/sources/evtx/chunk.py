"""One 64 KiB chunk under construction: names, template definitions, records, checksums."""

from __future__ import annotations

import struct
import zlib
from typing import Final, NamedTuple

from lotl.errors import OutputError
from lotl.sources.evtx.format import (
    CHUNK_CRC_OFFSET,
    CHUNK_FLAGS_OFFSET,
    CHUNK_HEADER,
    CHUNK_HEADER_SIZE,
    CHUNK_MAGIC,
    CHUNK_NAMES_OFFSET,
    CHUNK_SIZE,
    DESCRIPTOR,
    DESCRIPTORS_START,
    FRAGMENT,
    NAME_BUCKETS,
    RECORD_HEADER,
    RECORD_HEADER_SIZE,
    RECORD_MAGIC,
    TEMPLATE_BUCKETS,
    TEMPLATE_DEFINITION,
    TEMPLATE_INSTANCE,
    Token,
    ValueType,
)
from lotl.sources.evtx.markup import Element, Emitter, Names, Template

_PADDING: Final = [bytes(count) for count in range(8)]
_ENDS: Final = [b"\0" + padding for padding in _PADDING]
_INSTANCE_SIZE: Final = TEMPLATE_INSTANCE.size
_BUCKETS: Final = struct.Struct(f"<{NAME_BUCKETS + TEMPLATE_BUCKETS}I")


class Part(NamedTuple):
    """An instance of a template.

    Attributes
    ----------
    template : Template
    descriptors, values : bytes
        Packed; the count of values stands before the descriptors.
    mixed : list of (int, bytes or Part), optional
        In place of both where some values are BinXML: type and packed value, or an instance of a further template.
    """

    template: Template
    descriptors: bytes
    values: bytes
    mixed: list[tuple[int, bytes | Part]] | None = None


class Mark(NamedTuple):
    """Where a record's changing fields stand in its chunk: what cloning needs. 0: not there."""

    record: int
    time: int
    record_id: int


class Shape(NamedTuple):
    """How a record is put together.

    Attributes
    ----------
    time, record_id : int
        Offsets of the time and of EventRecordID within the outer values.
    fragment : bool
        Start the nested value with a fragment header.
    """

    time: int
    record_id: int
    fragment: bool = True


class ChunkBuilder:
    """Collects records until 64 KiB are full.

    Attributes
    ----------
    names : Names
        Names that the chunk has so far.
    """

    def __init__(self) -> None:
        self.names = Names()
        self._marks: list[tuple[int, int, int]] = []
        self._data: list[bytes] = []
        self._position = CHUNK_HEADER_SIZE
        self._templates: dict[bytes, int] = {}
        self._template_buckets = [0] * TEMPLATE_BUCKETS
        self._new_templates: list[tuple[bytes, int, int]] = []
        self._ids: list[int] = []
        self._heads: dict[object, bytes] = {}

    def add(
        self,
        record_id: int,
        ticks: int,
        outer: Part,
        inner: Part | Element | None,
        shape: Shape,
    ) -> bool:
        """Add a record made of templates.

        Parameters
        ----------
        record_id, ticks : int
            Record id and FILETIME of the record header.
        outer : Part
            Event and System. Its descriptors lack the last one, which is that of the nested value.
        inner : Part or Element or None
            EventData or UserData: an instance of a template of its own, or elements without one.
        shape : Shape

        Returns
        -------
        bool
            False: the chunk is full; nothing was added.
        """
        start = self._position
        head = bytearray(FRAGMENT)
        try:
            self._instance(head, start + RECORD_HEADER_SIZE, outer.template)
            values_at = start + RECORD_HEADER_SIZE + len(head) + len(outer.descriptors) + DESCRIPTOR.size
            nested = self._nested(inner, values_at + len(outer.values), shape)
            if len(nested) > 0xFFFF:
                raise OutputError("the event data of one record holds at most 65535 bytes")
            last = DESCRIPTOR.pack(len(nested), ValueType.BINXML if nested else ValueType.NULL, 0)
            body = b"".join((head, outer.descriptors, last, outer.values, nested, b"\0"))
            return self._append(
                record_id, ticks, body, Mark(start, values_at + shape.time, values_at + shape.record_id)
            )
        except OutputError:
            self._undo()
            raise

    def add_again(
        self, record_id: int, ticks: int, outer: object, inner: object, system: tuple[bytes, bytes, bytes],
        shape: Shape, words: bytes, data: bytes,
    ) -> bool:  # fmt: skip
        """Add a record of two templates that the chunk has already (see `head`): no names, no definitions.

        Parameters
        ----------
        outer, inner : object
            Keys of their heads.
        system : (bytes, bytes, bytes)
            The outer values in three pieces.
        words, data : bytes
            Descriptors with their count, and values, of the inner template.

        Returns
        -------
        bool
            False: the chunk is full, or has no such head yet; nothing was added.
        """
        first, second = self._heads.get(outer), self._heads.get(inner)
        if first is None or second is None:
            return False
        before, middle, after = system
        nested = len(second) + len(words) + len(data)
        values_at = RECORD_HEADER_SIZE + len(first) + 4
        size = values_at + len(before) + len(middle) + len(after) + nested + 5
        padding = -size % 8
        size += padding
        start = self._position
        if start + size > CHUNK_SIZE:
            return False
        header = RECORD_HEADER.pack(RECORD_MAGIC, size, record_id, ticks)
        last = DESCRIPTOR.pack(nested, ValueType.BINXML, 0)
        end = _ENDS[padding], size.to_bytes(4, "little")
        self._data += (header, first, last, before, middle, after, second, words, data, *end)
        self._position = start + size
        self._ids.append(record_id)
        self._marks.append((start, start + values_at + shape.time, start + values_at + shape.record_id))
        return True

    def head(self, key: object, template: Template, descriptors: bytes = b"") -> None:
        """Keep what an instance of `template` starts with in this chunk, under `key`, if it is defined already."""
        known = self._templates.get(template.guid)
        if known is not None:
            short = int.from_bytes(template.guid[:4], "little")
            instance = TEMPLATE_INSTANCE.pack(Token.TEMPLATE_INSTANCE, 1, short, known)
            self._heads[key] = FRAGMENT + instance + descriptors

    def add_inline(self, record_id: int, ticks: int, root: Element) -> bool:
        """Add a record without a template; see `add` for what is returned."""
        emitter = Emitter(self.names, self._position + RECORD_HEADER_SIZE, slots=False)
        try:
            # Readers that look for a value count after the end of the stream find none in the zeros.
            return self._append(record_id, ticks, bytes(emitter.fragment(root)) + bytes(4), Mark(self._position, 0, 0))
        except OutputError:
            self._undo()
            raise

    def _nested(self, inner: Part | Element | None, offset: int, shape: Shape = Shape(0, 0)) -> bytes:  # noqa: B008
        if inner is None:
            return b""
        if isinstance(inner, Element):
            emitter = Emitter(self.names, offset, slots=False)
            if shape.fragment:
                emitter.out += FRAGMENT
            emitter.tree(inner)
            return bytes(emitter.out) + bytes([Token.END_OF_STREAM])
        out = bytearray(FRAGMENT if shape.fragment else b"")
        self._instance(out, offset, inner.template)
        if inner.mixed is not None:
            return bytes(out) + self._mixed(inner.mixed, offset + len(out))
        out += inner.descriptors
        out += inner.values
        return bytes(out)

    def _mixed(self, values: list[tuple[int, bytes | Part]], offset: int) -> bytes:
        """Pack values of which some are BinXML: those refer to names by chunk offset, so their place must be known."""
        position = offset + DESCRIPTORS_START.size + DESCRIPTOR.size * len(values)
        descriptors, packed = [DESCRIPTORS_START.pack(len(values))], []
        for kind, value in values:
            data = self._nested(value, position) if isinstance(value, Part) else value
            if len(data) > 0xFFFF:
                raise OutputError("a BinXML value holds at most 65535 bytes")
            descriptors.append(DESCRIPTOR.pack(len(data), kind, 0))
            packed.append(data)
            position += len(data)
        return b"".join(descriptors + packed)

    def _instance(self, out: bytearray, base: int, template: Template) -> None:
        """Write a template instance, with the definition if the chunk has none; `out` starts at chunk offset `base`."""
        guid = template.guid
        short = int.from_bytes(guid[:4], "little")
        known = self._templates.get(guid)
        if known is not None:
            out += TEMPLATE_INSTANCE.pack(Token.TEMPLATE_INSTANCE, 1, short, known)
            return
        offset = base + len(out) + _INSTANCE_SIZE
        out += TEMPLATE_INSTANCE.pack(Token.TEMPLATE_INSTANCE, 1, short, offset)
        definition = template.place(self.names, offset + TEMPLATE_DEFINITION.size)
        bucket = short % TEMPLATE_BUCKETS
        before = self._template_buckets[bucket]
        self._new_templates.append((guid, bucket, before))
        self._templates[guid] = self._template_buckets[bucket] = offset
        out += TEMPLATE_DEFINITION.pack(before, guid, len(definition)) + definition

    def _append(self, record_id: int, ticks: int, body: bytes, mark: Mark) -> bool:
        size = RECORD_HEADER_SIZE + len(body) + 4
        padding = -size % 8
        size += padding
        if self._position + size > CHUNK_SIZE:
            self._undo()
            if not self._ids:
                raise OutputError(f"a record of {size} bytes does not fit into a 64 KiB chunk")
            return False
        self._data.append(RECORD_HEADER.pack(RECORD_MAGIC, size, record_id, ticks))
        self._data.append(body)
        self._data.append(_PADDING[padding] + size.to_bytes(4, "little"))
        self._position += size
        self._ids.append(record_id)
        self._marks.append(mark)
        self.names.keep()
        self._new_templates.clear()
        return True

    def _undo(self) -> None:
        self.names.undo()
        for guid, bucket, before in reversed(self._new_templates):
            del self._templates[guid]
            self._template_buckets[bucket] = before
        self._new_templates.clear()

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def marks(self) -> list[Mark]:
        """Where the changing fields of each record stand."""
        return [Mark(*mark) for mark in self._marks]

    @property
    def free(self) -> int:
        """Bytes left for records."""
        return CHUNK_SIZE - self._position

    def finish(self, first_number: int) -> bytearray:
        """Return the 65536 bytes; `first_number` counts the file's records before this chunk, plus one."""
        records = b"".join(self._data)
        chunk = bytearray(CHUNK_SIZE)
        chunk[CHUNK_HEADER_SIZE : self._position] = records
        last = self._marks[-1][0] if self._marks else CHUNK_HEADER_SIZE
        ids = (self._ids[0], self._ids[-1]) if self._ids else (0, 0)
        numbers = first_number, first_number + max(len(self._ids), 1) - 1
        crc = zlib.crc32(records)
        CHUNK_HEADER.pack_into(chunk, 0, CHUNK_MAGIC, *numbers, *ids, 128, last, self._position, crc)
        struct.pack_into("<I", chunk, CHUNK_FLAGS_OFFSET, 1)
        _BUCKETS.pack_into(chunk, CHUNK_NAMES_OFFSET, *self.names.buckets, *self._template_buckets)
        seal_header(chunk)
        return chunk


def seal_header(chunk: bytearray, offset: int = 0) -> None:
    """Write the checksum of the chunk header that starts at `offset`."""
    head = bytes(chunk[offset : offset + CHUNK_FLAGS_OFFSET])
    tables = bytes(chunk[offset + CHUNK_NAMES_OFFSET : offset + CHUNK_HEADER_SIZE])
    struct.pack_into("<I", chunk, offset + CHUNK_CRC_OFFSET, zlib.crc32(tables, zlib.crc32(head)))
