"""BinXML values: bytes and a type in, what Windows would print out.

Whole numbers stay numbers (`int`), a FILETIME stays a number too (`Filetime`, printed by `filetime_text`), a null
value is None, an array is an `Array` of such values, everything else is text. Nested BinXML is no value: `binxml`
reads it.

Text follows what Windows' own renderer prints: hexadecimal in lower case without padding, GUIDs in braces, ``true`` and
``false``, binary data as upper-case hexadecimal, times as ISO 8601 with the digits that the type holds.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, TypeAlias
from uuid import UUID

import numpy as np

from lotl.sources.evtx.format import ARRAY, FILETIME_UNIX_EPOCH, FIXED_SIZES, STRUCT_CODES, ValueType


class BinXmlError(ValueError):
    """The bytes are no valid BinXML. Caught per record: the record is counted as lost, with this reason."""


class Filetime(int):
    """100 ns intervals since 1601-01-01 UTC."""

    __slots__ = ()


class Array(tuple[object, ...]):
    """The items of an array value. Windows prints one element for each."""

    __slots__ = ()


Scalar: TypeAlias = "str | int | None"


def read_value(kind: int, raw: bytes) -> Scalar | Array:
    """Decode a value.

    Parameters
    ----------
    kind : int
        Value type, with `ARRAY` or-ed for arrays; not nested BinXML.
    raw : bytes
        Exactly the bytes of the value.

    Raises
    ------
    BinXmlError
        The type is unknown, or the bytes are too few for it.

    Examples
    --------
    >>> read_value(ValueType.HEX_INT64, b"\\xe7\\x03" + bytes(6))
    '0x3e7'
    >>> read_value(ValueType.STRING | ARRAY, "a\\0b\\0".encode("utf-16-le"))
    ('a', 'b')
    """
    reader = _READERS.get(kind)
    if reader is not None:
        return reader(raw)
    if kind & ARRAY and kind & ~ARRAY in _READERS:
        return _array(kind & ~ARRAY, raw)
    raise BinXmlError(f"value type 0x{kind:02x} is unknown")


def value_text(value: object) -> str:
    """Print a value; null is empty text, the items of an array are separated by commas."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, Filetime):
        return filetime_text(value)
    if isinstance(value, Array):
        return ", ".join(map(value_text, value))
    return str(value)


def filetime_micros(filetime: int) -> int:
    """Convert a FILETIME to µs since 1970 UTC, rounding down."""
    return (filetime - FILETIME_UNIX_EPOCH) // 10


def filetime_text(filetime: int) -> str:
    """Print a FILETIME as Windows does: ISO 8601 with seven digits, in any year.

    Examples
    --------
    >>> filetime_text(116_444_736_000_000_001)
    '1970-01-01T00:00:00.0000001Z'
    """
    return f"{np.datetime64(filetime_micros(filetime), 'us')}{filetime % 10}Z"


def utf16_text(raw: bytes) -> str:
    """Decode UTF-16LE without its terminator; a lone surrogate becomes U+FFFD, an odd last byte is dropped.

    Examples
    --------
    >>> utf16_text(b"a\\0\\x00\\xd8b\\0\\0\\0") == "a\\ufffdb"
    True
    """
    if len(raw) & 1:
        raw = raw[:-1]
    return raw.decode("utf-16-le", "replace").rstrip("\0")


def _ansi(raw: bytes) -> str:
    # The code page of the machine that wrote the log is not in the log: the most common one is assumed.
    return raw.decode("cp1252", "replace").rstrip("\0")


def _need(raw: bytes, size: int, what: str) -> None:
    if len(raw) < size:
        raise BinXmlError(f"{len(raw)} bytes are too few for {what}")


def _number(code: str, what: str) -> Callable[[bytes], int]:
    form = struct.Struct(f"<{code}")

    def read(raw: bytes) -> int:
        _need(raw, form.size, what)
        number: int = form.unpack_from(raw)[0]
        return number

    return read


def _null(raw: bytes) -> None:
    return None


def _float(code: str, shortest: type[np.floating]) -> Callable[[bytes], str]:
    form = struct.Struct(f"<{code}")

    def read(raw: bytes) -> str:
        _need(raw, form.size, "a floating-point number")
        return str(shortest(form.unpack_from(raw)[0]))

    return read


def _bool(raw: bytes) -> str:
    _need(raw, 1, "a truth value")
    return "true" if any(raw[:4]) else "false"


def _binary(raw: bytes) -> str:
    return raw.hex().upper()


def _guid(raw: bytes) -> str:
    _need(raw, 16, "a GUID")
    return f"{{{UUID(bytes_le=raw[:16])}}}".upper()


def _hex(raw: bytes) -> str:
    if len(raw) not in (4, 8):
        raise BinXmlError(f"{len(raw)} bytes are no hexadecimal number")
    return hex(int.from_bytes(raw, "little"))


def _filetime(raw: bytes) -> Filetime:
    _need(raw, 8, "a FILETIME")
    return Filetime(int.from_bytes(raw[:8], "little"))


def _systemtime(raw: bytes) -> str:
    _need(raw, 16, "a SYSTEMTIME")
    year, month, _, day, hour, minute, second, milli = struct.unpack_from("<8H", raw)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"


def _sid(raw: bytes) -> str:
    _need(raw, 8, "a SID")
    size = _sid_size(raw)
    _need(raw, size, "a SID")
    authority = int.from_bytes(raw[2:8], "big")
    # Windows prints an authority that does not fit 32 bits in hexadecimal.
    head = str(authority) if authority < 1 << 32 else f"0x{authority:012x}"
    parts = struct.unpack_from(f"<{raw[1]}I", raw, 8)
    return "-".join(["S", str(raw[0]), head, *map(str, parts)])


def _sid_size(raw: bytes) -> int:
    return 8 + 4 * raw[1] if len(raw) > 1 else 8


_READERS: Final[dict[int, Callable[[bytes], Scalar]]] = {
    ValueType.NULL: _null,
    ValueType.STRING: utf16_text,
    ValueType.ANSI_STRING: _ansi,
    **{
        kind: _number(STRUCT_CODES[kind], "a whole number")
        for kind in map(ValueType, range(ValueType.INT8, ValueType.UINT64 + 1))
    },
    ValueType.FLOAT: _float("f", np.float32),
    ValueType.DOUBLE: _float("d", np.float64),
    ValueType.BOOL: _bool,
    ValueType.BINARY: _binary,
    ValueType.GUID: _guid,
    ValueType.SIZE_T: _hex,
    ValueType.FILETIME: _filetime,
    ValueType.SYSTEMTIME: _systemtime,
    ValueType.SID: _sid,
    ValueType.HEX_INT32: _hex,
    ValueType.HEX_INT64: _hex,
    ValueType.EVT_HANDLE: _hex,
    ValueType.EVT_XML: utf16_text,
}


def _array(kind: int, raw: bytes) -> Array:
    if kind in (ValueType.STRING, ValueType.EVT_XML):
        return Array(map(utf16_text, _split(raw, 2)))
    if kind == ValueType.ANSI_STRING:
        return Array(map(_ansi, _split(raw, 1)))
    if kind in (ValueType.NULL, ValueType.BINARY):  # no size of an item is known: one item
        return Array([_READERS[kind](raw)])
    reader = _READERS[kind]
    return Array(reader(item) for item in _items(kind, raw))


def _split(raw: bytes, width: int) -> list[bytes]:
    """Cut NUL-terminated texts of `width` bytes a character; the last terminator may be missing."""
    end = bytes(width)
    items, start = [], 0
    for at in range(0, len(raw) - width + 1, width):
        if raw[at : at + width] == end:
            items.append(raw[start:at])
            start = at + width
    if start < len(raw) - width + 1:
        items.append(raw[start:])
    return items


def _items(kind: int, raw: bytes) -> list[bytes]:
    if kind == ValueType.SID:
        return _sids(raw)
    size = FIXED_SIZES.get(kind) or (4 if len(raw) % 8 else 8)
    if len(raw) % size:
        raise BinXmlError(f"{len(raw)} bytes are no array of {size}-byte items")
    return [raw[at : at + size] for at in range(0, len(raw), size)]


def _sids(raw: bytes) -> list[bytes]:
    items, at = [], 0
    while at < len(raw):
        size = _sid_size(raw[at : at + 2])
        items.append(raw[at : at + size])
        at += size
    return items
