"""Text from logs made harmless: an intruder wrote parts of it."""

from __future__ import annotations

import re
from typing import Final

_CONTROL: Final = re.compile(
    # C0, DEL, C1; then what turns writing round or hides it: bidirectional controls, zero-width signs, line and
    # paragraph separators, the byte order mark, tags.
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
_NAMES: Final = {"\n": "⏎", "\r": "", "\t": " "}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def printable(text: str, limit: int = 0) -> str:
    """Return `text` on one line, without anything that a terminal would obey.

    Parameters
    ----------
    text : str
    limit : int
        Longest result in characters; longer text is cut in the middle. 0: no limit.

    Examples
    --------
    >>> printable("a\\x1b[31mb\\nc\\u202ed"), printable("0123456789", 7)
    ('a·[31mb⏎c·d', '0123…89')
    """
    if limit and len(text) > 4 * limit:  # never run over a megabyte to show a line of it
        text = text[: 2 * limit] + "…" + text[-limit:]
    clean = _CONTROL.sub(lambda found: _NAMES.get(found.group(), "·"), text)
    if not limit or len(clean) <= limit:
        return clean
    tail = (limit - 1) // 3
    return f"{clean[: limit - 1 - tail]}…{clean[-tail:] if tail else ''}"


def printable_lines(text: str) -> str:
    """Return `text` with its line breaks, each line made `printable`."""
    return "\n".join(printable(line) for line in text.split("\n"))


def csv_cell(text: str) -> str:
    """Return `text` as a cell that no spreadsheet takes for a formula (OWASP, "CSV Injection").

    Examples
    --------
    >>> csv_cell("=cmd|'/c calc'!A1"), csv_cell("whoami"), csv_cell("-1")
    ("'=cmd|'/c calc'!A1", 'whoami', "'-1")
    """
    return f"'{text}" if text.startswith(_FORMULA) else text
