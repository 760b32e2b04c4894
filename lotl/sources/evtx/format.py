"""EVTX on-disk format: constants and struct tables, shared by the readers and the writer. Tables only.

Sources: [MS-EVEN6] (BinXML grammar), libyal's *Windows XML Event Log (EVTX)* notes (file, chunk and record
headers), and the bytes of logs that Windows Server 2012 to Windows 11 wrote. All integers are little-endian; every
offset inside BinXML (names, template definitions) counts from the start of the 64 KiB chunk.

Layout of a file::

    file header, 4096 bytes (128 used)
    chunk, 65536 bytes                      any number, each self-contained
      chunk header, 512 bytes               128 fixed + 64 name buckets + 32 template buckets
      records                               24-byte header, BinXML, zero padding to 8, copy of the size
      free space

Layout of a record as Windows' event service writes it::

    0f 01 01 00                             fragment header
    0c 01 <id> <offset> [<definition>]      template instance: Event and System; definition at first use in the chunk
      <n> (<size> <type> 0) * n             value descriptors, then the values themselves
        value of type 0x21                  nested BinXML: again 0f 01 01 00, 0c 01 …: EventData or UserData
    00                                      end of stream
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final

# --- sizes -----------------------------------------------------------------------------------------------------------

FILE_MAGIC: Final = b"ElfFile\0"
CHUNK_MAGIC: Final = b"ElfChnk\0"
RECORD_MAGIC: Final = b"\x2a\x2a\x00\x00"

FILE_HEADER_SIZE: Final = 4096
CHUNK_SIZE: Final = 65536
CHUNK_HEADER_SIZE: Final = 512
RECORD_HEADER_SIZE: Final = 24
RECORD_OVERHEAD: Final = 28
"""Record header and the trailing copy of the size."""
RECORD_ALIGNMENT: Final = 8

# --- file header ------------------------------------------------------------------------------------------------------

FILE_HEADER: Final = struct.Struct("<8sQQQIHHHH")
"""Magic, first chunk, last chunk, next record id, header size (128), minor, major, block size (4096), chunk count."""
FILE_FLAGS_OFFSET: Final = 120
FILE_CRC_OFFSET: Final = 124
"""CRC32 of bytes 0 to 119."""
FILE_DIRTY: Final = 1
FILE_FULL: Final = 2
VERSION_MAJOR: Final = 3
VERSION_MINOR: Final = 1
"""3.1 up to Windows 10 1709, 3.2 after; the layout is the same."""

# --- chunk header -----------------------------------------------------------------------------------------------------

CHUNK_HEADER: Final = struct.Struct("<8sQQQQIIII")
"""Magic, first and last record number, first and last record id, header size (128), offset of the last record, offset
of the free space, CRC32 of the records (byte 512 to the free space)."""
CHUNK_FLAGS_OFFSET: Final = 120
CHUNK_CRC_OFFSET: Final = 124
"""CRC32 of bytes 0 to 119 followed by bytes 128 to 511."""
CHUNK_NAMES_OFFSET: Final = 128
NAME_BUCKETS: Final = 64
CHUNK_TEMPLATES_OFFSET: Final = 384
TEMPLATE_BUCKETS: Final = 32

# --- record -----------------------------------------------------------------------------------------------------------

RECORD_HEADER: Final = struct.Struct("<4sIQQ")
"""Magic, size with header and size copy, record id, FILETIME written."""

# --- BinXML -----------------------------------------------------------------------------------------------------------


class Token(IntEnum):
    """BinXML tokens. `MORE` (0x40) is or-ed: attributes follow (0x01), more attributes (0x06), more text (0x05)."""

    END_OF_STREAM = 0x00
    OPEN_START = 0x01
    CLOSE_START = 0x02
    CLOSE_EMPTY = 0x03
    END_ELEMENT = 0x04
    TEXT = 0x05
    ATTRIBUTE = 0x06
    CDATA = 0x07
    CHAR_REF = 0x08
    ENTITY_REF = 0x09
    PI_TARGET = 0x0A
    PI_DATA = 0x0B
    TEMPLATE_INSTANCE = 0x0C
    SUBSTITUTION = 0x0D
    OPTIONAL_SUBSTITUTION = 0x0E
    FRAGMENT_HEADER = 0x0F


MORE: Final = 0x40
FRAGMENT: Final = b"\x0f\x01\x01\x00"
"""Fragment header token, major 1, minor 1, flags 0."""

OPEN_START: Final = struct.Struct("<BHII")
"""Token, dependency id (0xffff: none), size of what follows the size field to the end of the element, name offset.
Only template definitions have the dependency id; records without a template have `OPEN_START_INLINE`."""
OPEN_START_INLINE: Final = struct.Struct("<BII")
"""Token, size, name offset."""
NAME: Final = struct.Struct("<IHH")
"""Offset of the next name in the bucket (0: last), low 16 bits of the hash, characters; then UTF-16LE and a NUL."""
TEMPLATE_INSTANCE: Final = struct.Struct("<BBII")
"""Token, 1, first 4 bytes of the template GUID, offset of the definition."""
TEMPLATE_DEFINITION: Final = struct.Struct("<I16sI")
"""Offset of the next definition in the bucket (0: last), GUID, size of the BinXML that follows (to the 00 token)."""
SUBSTITUTION: Final = struct.Struct("<BHB")
"""Token, index of the value, declared type (an array of text says 0x01 or 0x81)."""
DESCRIPTOR: Final = struct.Struct("<HBB")
"""Size in bytes, type, 0. An absent value has size 0 and type 0."""
DESCRIPTORS_START: Final = struct.Struct("<I")
"""Number of values."""

NAME_HASH_FACTOR: Final = 65599
"""hash = hash * 65599 + code unit, modulo 2**32; the stored hash is its low 16 bits; bucket = stored hash % 64."""


class ValueType(IntEnum):
    """BinXML value types. `ARRAY` (0x80) is or-ed for arrays."""

    NULL = 0x00
    STRING = 0x01  # UTF-16LE, no terminator
    ANSI_STRING = 0x02  # code page of the writing machine
    INT8 = 0x03
    UINT8 = 0x04
    INT16 = 0x05
    UINT16 = 0x06
    INT32 = 0x07
    UINT32 = 0x08
    INT64 = 0x09
    UINT64 = 0x0A
    FLOAT = 0x0B
    DOUBLE = 0x0C
    BOOL = 0x0D  # 4 bytes
    BINARY = 0x0E
    GUID = 0x0F
    SIZE_T = 0x10  # 4 or 8 bytes, printed in hex
    FILETIME = 0x11  # 100 ns since 1601-01-01 UTC
    SYSTEMTIME = 0x12  # 8 x uint16: year month weekday day hour minute second millisecond
    SID = 0x13
    HEX_INT32 = 0x14
    HEX_INT64 = 0x15
    EVT_HANDLE = 0x20
    BINXML = 0x21
    EVT_XML = 0x23
    STRING_ARRAY = 0x81  # NUL-terminated UTF-16LE strings
    ANSI_STRING_ARRAY = 0x82
    INT8_ARRAY = 0x83
    UINT8_ARRAY = 0x84
    INT16_ARRAY = 0x85
    UINT16_ARRAY = 0x86
    INT32_ARRAY = 0x87
    UINT32_ARRAY = 0x88
    INT64_ARRAY = 0x89
    UINT64_ARRAY = 0x8A
    FLOAT_ARRAY = 0x8B
    DOUBLE_ARRAY = 0x8C
    BOOL_ARRAY = 0x8D
    BINARY_ARRAY = 0x8E
    GUID_ARRAY = 0x8F
    SIZE_T_ARRAY = 0x90
    FILETIME_ARRAY = 0x91
    SYSTEMTIME_ARRAY = 0x92
    SID_ARRAY = 0x93
    HEX_INT32_ARRAY = 0x94
    HEX_INT64_ARRAY = 0x95


ARRAY: Final = 0x80

FIXED_SIZES: Final[dict[int, int]] = {
    ValueType.INT8: 1,
    ValueType.UINT8: 1,
    ValueType.INT16: 2,
    ValueType.UINT16: 2,
    ValueType.INT32: 4,
    ValueType.UINT32: 4,
    ValueType.INT64: 8,
    ValueType.UINT64: 8,
    ValueType.FLOAT: 4,
    ValueType.DOUBLE: 8,
    ValueType.BOOL: 4,
    ValueType.GUID: 16,
    ValueType.FILETIME: 8,
    ValueType.SYSTEMTIME: 16,
    ValueType.HEX_INT32: 4,
    ValueType.HEX_INT64: 8,
}
"""Bytes of a value (and of an array element) of the types whose size never varies."""

STRUCT_CODES: Final[dict[int, str]] = {
    ValueType.INT8: "b",
    ValueType.UINT8: "B",
    ValueType.INT16: "h",
    ValueType.UINT16: "H",
    ValueType.INT32: "i",
    ValueType.UINT32: "I",
    ValueType.INT64: "q",
    ValueType.UINT64: "Q",
    ValueType.FLOAT: "f",
    ValueType.DOUBLE: "d",
    ValueType.BOOL: "I",
    ValueType.SIZE_T: "Q",
    ValueType.FILETIME: "Q",
    ValueType.HEX_INT32: "I",
    ValueType.HEX_INT64: "Q",
}
"""`struct` codes of the numeric types (size_t as 64-bit Windows writes it)."""

FILETIME_UNIX_EPOCH: Final = 116_444_736_000_000_000
"""1970-01-01 as FILETIME (100 ns since 1601-01-01)."""
FILETIME_PER_MICROSECOND: Final = 10

EVENT_NAMESPACE: Final = "http://schemas.microsoft.com/win/2004/08/events/event"

SYSTEM_VALUES: Final = (
    # index, what, declared type: order of the values of the System template that Windows' event service uses
    ("Level", ValueType.UINT8),
    ("Opcode", ValueType.UINT8),
    ("Task", ValueType.UINT16),
    ("EventID", ValueType.UINT16),
    ("Qualifiers", ValueType.UINT16),
    ("Keywords", ValueType.HEX_INT64),
    ("SystemTime", ValueType.FILETIME),
    ("ActivityID", ValueType.GUID),
    ("ProcessID", ValueType.UINT32),
    ("ThreadID", ValueType.UINT32),
    ("EventRecordID", ValueType.UINT64),
    ("Version", ValueType.UINT8),
    ("UserID", ValueType.SID),
    ("RelatedActivityID", ValueType.GUID),
    ("Name", ValueType.STRING),
    ("Guid", ValueType.GUID),
    ("Channel", ValueType.STRING),
    ("payload", ValueType.BINXML),
)
"""Values of the usual System template by index. A reader must take them from the template, never from here."""
