"""Python values → the bytes of BinXML values, and their text where a record holds text: tables of small functions.

Source: [MS-EVEN6] 2.2.12 (BinXml value types) and the text that ``wevtutil qe /f:xml`` prints.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from lotl.errors import OutputError
from lotl.sources.evtx.format import (
    ARRAY,
    FILETIME_PER_MICROSECOND,
    FILETIME_UNIX_EPOCH,
    STRUCT_CODES,
    ValueType,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Typed(NamedTuple):
    """A value with the BinXML type that it is to be stored as.

    Attributes
    ----------
    type : int
        A `ValueType`, also with `ARRAY` or-ed (then `value` is a sequence).
    value : object
        None is stored as the null value whatever the type. FILETIME takes a datetime or raw 100 ns ticks, SYSTEMTIME a
        datetime or 8 integers, GUID a UUID, text or bytes, SID its ``S-1-…`` text or bytes, BINXML an `Element`.
    """

    type: int
    value: Any


def infer(value: Any) -> Typed:
    """Give an untyped Python value its default BinXML type.

    Examples
    --------
    >>> infer(7), infer(-1).type, infer(2**40).type
    (Typed(type=<ValueType.UINT32: 8>, value=7), <ValueType.INT32: 7>, <ValueType.UINT64: 10>)
    """
    if isinstance(value, Typed):
        return value
    if value is None or isinstance(value, str):
        return Typed(ValueType.STRING, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Typed(_integer_type(value), value)
    for kind, stored in _INFERRED:
        if isinstance(value, kind):
            return Typed(stored, value)
    raise OutputError(f"no BinXML type for a value of type {type(value).__name__}", hint="wrap it in Typed")


def _integer_type(value: int) -> ValueType:
    if value < 0:
        return ValueType.INT32 if value >= -(2**31) else ValueType.INT64
    return ValueType.UINT32 if value < 2**32 else ValueType.UINT64


_INFERRED: Final[tuple[tuple[type, ValueType], ...]] = (
    (bool, ValueType.BOOL),
    (float, ValueType.DOUBLE),
    (bytes, ValueType.BINARY),
    (uuid.UUID, ValueType.GUID),
    (datetime, ValueType.FILETIME),
    (list, ValueType.STRING_ARRAY),
)


def filetime(time: datetime | int) -> int:
    """Return the FILETIME (100 ns ticks since 1601) of a datetime, or of microseconds since 1970 UTC.

    Examples
    --------
    >>> filetime(0)
    116444736000000000
    """
    micros = time if isinstance(time, int) else (_aware(time) - _EPOCH) // _MICROSECOND
    return FILETIME_UNIX_EPOCH + micros * FILETIME_PER_MICROSECOND


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


# --- value → bytes ----------------------------------------------------------------------------------------------------


def utf16(text: str) -> bytes:
    """Encode text as UTF-16LE; lone surrogates pass, as they do in Windows."""
    return text.encode("utf-16-le", "surrogatepass")


class _Texts(dict[str, bytes]):
    """UTF-16 of texts, the short ones remembered: logs repeat most of theirs. Cleared when it grows large."""

    def __missing__(self, text: str) -> bytes:
        data = utf16(text)
        if len(data) <= 1024:
            if len(self) >= 1 << 16:
                self.clear()
            self[text] = data
        return data


_UTF16: Final = _Texts()


def _ansi(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("cp1252")


@lru_cache(maxsize=65536)
def guid_bytes(value: uuid.UUID | str | bytes) -> bytes:
    """Return the 16 bytes of a GUID as Windows stores it (bytes are taken as they are)."""
    if isinstance(value, bytes):
        return value
    return (value if isinstance(value, uuid.UUID) else uuid.UUID(value)).bytes_le


@lru_cache(maxsize=65536)
def _sid(value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    mark, revision, authority, *parts = value.split("-")
    if mark != "S":
        raise ValueError("a SID starts with S-")
    head = int(revision), len(parts), int(authority).to_bytes(6, "big")
    return struct.pack(f"<BB6s{len(parts)}I", *head, *map(int, parts))


def _filetime_bytes(value: datetime | int) -> bytes:
    return struct.pack("<Q", value if isinstance(value, int) else filetime(value))


def _systemtime(value: datetime | Sequence[int]) -> bytes:
    if isinstance(value, datetime):
        day = (value.weekday() + 1) % 7  # Windows counts from Sunday
        clock = value.hour, value.minute, value.second, value.microsecond // 1000
        return struct.pack("<8H", value.year, value.month, day, value.day, *clock)
    return struct.pack("<8H", *value)


def _number(code: str) -> Callable[[Any], bytes]:
    return struct.Struct("<" + code).pack


ENCODERS: Final[dict[int, Callable[[Any], bytes]]] = {
    **{kind: _number(code) for kind, code in STRUCT_CODES.items()},
    ValueType.NULL: lambda value: b"",
    ValueType.STRING: _UTF16.__getitem__,
    ValueType.ANSI_STRING: _ansi,
    ValueType.BINARY: bytes,
    ValueType.GUID: guid_bytes,
    ValueType.FILETIME: _filetime_bytes,
    ValueType.SYSTEMTIME: _systemtime,
    ValueType.SID: _sid,
    ValueType.EVT_HANDLE: _number("I"),
    ValueType.EVT_XML: utf16,
}
"""Encoder of each value type (BINXML is written in place, see `lotl.sources.evtx.chunk`)."""


def encode(value: Typed) -> tuple[int, bytes]:
    """Encode a value as it stands in a substitution array.

    Returns
    -------
    (int, bytes)
        The type of the descriptor (0 for None) and the bytes.

    Examples
    --------
    >>> encode(Typed(ValueType.UINT16, 513)), encode(Typed(ValueType.STRING_ARRAY, ["a", ""]))
    ((<ValueType.UINT16: 6>, b'\\x01\\x02'), (<ValueType.STRING_ARRAY: 129>, b'a\\x00\\x00\\x00\\x00\\x00'))
    """
    if value.value is None:
        return ValueType.NULL, b""
    try:
        data = _encode_array(value) if value.type & ARRAY else ENCODERS[value.type](value.value)
    except (KeyError, TypeError, ValueError, AttributeError, struct.error) as error:
        raise OutputError(f"{value.value!r} cannot be stored as BinXML type 0x{value.type:02x}: {error}") from error
    if len(data) > 0xFFFF:
        raise OutputError(f"a BinXML value holds at most 65535 bytes, not {len(data)}")
    return value.type, data


_ENDINGS: Final[dict[int, bytes]] = {ValueType.STRING: b"\0\0", ValueType.ANSI_STRING: b"\0"}


def _encode_array(value: Typed) -> bytes:
    element = value.type & ~ARRAY
    ending = _ENDINGS.get(element, b"")
    return b"".join(ENCODERS[element](item) + ending for item in value.value)


# --- value → text -----------------------------------------------------------------------------------------------------


def time_text(time: datetime | int) -> str:
    """Print a datetime or raw FILETIME ticks as Windows' XML does: UTC, 7 decimals.

    Examples
    --------
    >>> time_text(116444736000000001)
    '1970-01-01T00:00:00.0000001Z'
    """
    ticks = time if isinstance(time, int) else filetime(time)
    seconds, rest = divmod(ticks - FILETIME_UNIX_EPOCH, 10_000_000)
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19] + f".{rest:07d}Z"


def _systemtime_text(value: datetime | Sequence[int]) -> str:
    year, month, _, day, hour, minute, second, milli = struct.unpack("<8H", _systemtime(value))
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{milli:03d}Z"


def _guid_text(value: uuid.UUID | str | bytes) -> str:
    raw = guid_bytes(value)
    first, second, third = struct.unpack_from("<IHH", raw)
    return f"{{{first:08X}-{second:04X}-{third:04X}-{raw[8:10].hex().upper()}-{raw[10:].hex().upper()}}}"


def _sid_text(value: str | bytes) -> str:
    if isinstance(value, str):
        return value
    parts = struct.unpack_from(f"<{value[1]}I", value, 8)
    return "-".join(["S", str(value[0]), str(int.from_bytes(value[2:8], "big")), *map(str, parts)])


def _hex_text(value: int) -> str:
    return f"0x{value:x}"


TEXTS: Final[dict[int, Callable[[Any], str]]] = {
    ValueType.BOOL: lambda value: "true" if value else "false",
    ValueType.ANSI_STRING: lambda value: _ansi(value).decode("cp1252"),
    ValueType.BINARY: lambda value: bytes(value).hex().upper(),
    ValueType.GUID: _guid_text,
    ValueType.FILETIME: time_text,
    ValueType.SYSTEMTIME: _systemtime_text,
    ValueType.SID: _sid_text,
    ValueType.SIZE_T: _hex_text,
    ValueType.HEX_INT32: _hex_text,
    ValueType.HEX_INT64: _hex_text,
}
"""Printers of the types whose text is not simply ``str(value)``."""


def text(value: Typed) -> str:
    """Print a value as it appears in the XML of an event; None is the empty text, arrays are joined by commas.

    Examples
    --------
    >>> text(Typed(ValueType.HEX_INT64, 999)), text(Typed(ValueType.BOOL, True))
    ('0x3e7', 'true')
    """
    if value.value is None:
        return ""
    show = TEXTS.get(value.type & ~ARRAY, str)
    return ",".join(map(show, value.value)) if value.type & ARRAY else show(value.value)
