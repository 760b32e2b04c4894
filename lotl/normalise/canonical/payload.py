"""Bytes that hold a script: Base64, gzip and deflate, with a bound on what they may grow to."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import Final

SIZE: Final = 1 << 16
"""Bytes that a payload may decode or unpack to; the rest is cut."""

_ALPHABET: Final = re.compile(r"[A-Za-z0-9+/_-]+={0,3}$")


def from_base64(text: str) -> bytes | None:
    """Decode Base64 with or without its padding; None where it is none.

    Examples
    --------
    >>> from_base64("d2hvYW1p"), from_base64("not base64!")
    (b'whoami', None)
    """
    packed = "".join(text.split()).strip("'\"")[: SIZE * 2]
    if len(packed) < 4 or not _ALPHABET.match(packed):
        return None
    packed = packed.rstrip("=").replace("-", "+").replace("_", "/")
    if len(packed) % 4 == 1:
        packed = packed[:-1]
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4))[:SIZE]
    except (binascii.Error, ValueError):
        return None


def unpacked(data: bytes) -> bytes | None:
    """Return what gzip, zlib or raw deflate data unpacks to, at most `SIZE` bytes; None where it is none of these."""
    kinds = [31] if data[:2] == b"\x1f\x8b" else [15, -15]
    for kind in kinds:
        try:
            plain = zlib.decompressobj(kind).decompress(data, SIZE)
        except zlib.error:
            continue
        if plain and as_text(plain) is not None:
            return plain
    return None


def as_text(data: bytes) -> str | None:
    """Return bytes as text, UTF-16LE or UTF-8; None where they are no text.

    Examples
    --------
    >>> as_text("net".encode("utf-16-le")), as_text(b"net"), as_text(bytes([0, 1, 2, 3, 255]))
    ('net', 'net', None)
    """
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    wide = data.startswith(b"\xff\xfe") or (len(data) >= 2 and data[1::2].count(0) * 2 > len(data) // 2)
    try:
        text = data[: len(data) & ~1].decode("utf-16-le").lstrip("\ufeff") if wide else data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    text = text.rstrip("\x00")
    odd = sum(1 for sign in text if sign < " " and sign not in "\t\r\n")
    return text if text and odd * 50 <= len(text) else None
