"""Comparison without case: simple (one-to-one) lower case, defined per code point.

Sigma compares without case and says no more. lotl lowers both sides code point by code point with the *simple* mapping
of the Unicode Character Database, so a text keeps its length, positions found in the folded text are positions in the
original, and a table of code points is the whole definition. Full case folding (ß to ss), locale rules (Turkish
dotless i) and context rules (the final sigma ς of a word) stay out: Σ is σ wherever it stands, and ς is another letter.
"""

from __future__ import annotations

from functools import cache

_SIMPLE = {0x130: 0x69, 0x3A3: 0x3C3}
"""Code points for which `str.lower` is not the simple mapping: İ (it adds a combining dot) and Σ (it looks around)."""


def fold(text: str) -> str:
    """Return `text` in simple lower case; the result has the same number of code points.

    Examples
    --------
    >>> fold("WHOAMI.EXE"), fold("ΟΔΟΣ"), fold("\\u212a"), len(fold("\\u0130x"))
    ('whoami.exe', 'οδοσ', 'k', 2)
    """
    return text.lower() if text.isascii() else text.translate(_SIMPLE).lower()


@cache
def fold_pairs() -> dict[int, int]:
    """Return {code point: its simple lower case} for every code point that `fold` changes.

    The UTF-8 length may change in either direction (U+212A is three bytes and becomes one, U+023A is two and becomes
    three), so a byte-wise kernel needs more than an in-place table.

    Examples
    --------
    >>> pairs = fold_pairs()
    >>> pairs[0x41] == 0x61, 0x61 in pairs, pairs[0x130] == 0x69
    (True, False, True)
    """
    points = (point for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF)
    return {point: ord(low) for point in points if (low := fold(chr(point))) != chr(point)}
