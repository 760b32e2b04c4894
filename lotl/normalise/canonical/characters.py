"""Unicode to what it stands for in a command: spaces, dashes, quotes, full-width forms, look-alike letters."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from lotl.normalise.canonical.glyphs import (
    ALWAYS,
    DASHES,
    DOUBLE_QUOTES,
    LETTERS,
    MOJIBAKE,
    SINGLE_QUOTES,
    SLASHES,
)
from lotl.normalise.canonical.model import Trail
from lotl.normalise.canonical.vocabulary import NATIVE, WORDS

_SPACES: Final = re.compile(r"[ \t\v\f]{2,}|[\t\v\f]")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_WORD: Final = re.compile(r"[^\W\d_]+")
_KNOWN: Final = NATIVE | WORDS


def plain_characters(text: str, trail: Trail) -> str:
    """Return `text` with every sign as a keyboard has it; letters that only their own language uses stay."""
    if not text.isascii():
        text = trail.note("signs read as Windows-1252", text, _mojibake(text))
        text = trail.note("unicode signs", text, "".join(map(_plain, text)))
        text = trail.note("look-alike letters", text, _WORD.sub(_latin, text) if not text.isascii() else text)
    return trail.note("control characters", text, _CONTROLS.sub("", text))


def single_spaces(text: str, trail: Trail) -> str:
    """Return `text` with runs of blanks and tabs as one blank, none at the ends; line breaks stay."""
    return trail.note("odd spaces", text, _SPACES.sub(" ", text).strip(" "))


def _mojibake(text: str) -> str:
    if "\u00e2" in text or "\u00c2" in text:
        for wrong, right in MOJIBAKE:
            text = text.replace(wrong, right)
    return text


@lru_cache(maxsize=1 << 12)
def _plain(sign: str) -> str:
    """Return what one character stands for."""
    if sign < "\x80":
        return sign
    if sign in DASHES:
        return "-" if sign != "\u00ad" else ""
    if sign in DOUBLE_QUOTES:
        return '"'
    if sign in SINGLE_QUOTES:
        return "'"
    if sign in SLASHES:
        return SLASHES[sign]
    category = unicodedata.category(sign)
    if category == "Zs" or sign in "\u2028\u2029\u0085\u3164\uffa0\u115f\u1160\u2800":
        return " "
    if category in ("Cf", "Cc") or "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef":
        return ""
    wide = unicodedata.normalize("NFKC", sign)
    return wide if len(wide) == 1 and " " <= wide <= "~" and sign not in LETTERS else sign


def _latin(word: re.Match[str]) -> str:
    """Undo look-alikes in a word that mixes alphabets, or that is a known word once they are undone."""
    text = word.group()
    if text.isascii():
        return text
    folded = "".join(LETTERS.get(letter, letter) for letter in text)
    if not folded.isascii():
        return text
    mixed = any(letter < "\x80" for letter in text) or any(letter in ALWAYS for letter in text)
    return folded if mixed or folded.lower() in _KNOWN else text
