"""Command lines as programs split them: words, their quotes, and back.

Splitting follows the rules of Microsoft's C run-time ("Parsing C command-line arguments"): blanks separate outside
quotes, ``\\"`` is a quote sign, ``""`` inside quotes is one too.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_RUN: Final = re.compile(r'[^\s"\\]+|\\+|"|\s')
_NEEDS_QUOTES: Final = re.compile(r"[\s&|<>()^]")


class Word(NamedTuple):
    """One argument.

    Attributes
    ----------
    raw : str
        As it stands in the command line.
    value : str
        As the program gets it.
    start, end : int
        Place in the command line.
    """

    raw: str
    value: str
    start: int
    end: int


def split(text: str, limit: int = 4096) -> list[Word]:
    """Split a command line into words; after `limit` words the rest is one word.

    Examples
    --------
    >>> [word.value for word in split('net "gr"oup  "Domain Admins" /do')]
    ['net', 'group', 'Domain Admins', '/do']
    """
    words: list[Word] = []
    position, size = 0, len(text)
    while position < size:
        if text[position].isspace():
            position += 1
            continue
        if len(words) == limit:
            words.append(Word(text[position:], text[position:], position, size))
            break
        value, end = _word(text, position)
        words.append(Word(text[position:end], value, position, end))
        position = end
    return words


def _word(text: str, start: int) -> tuple[str, int]:
    parts: list[str] = []
    inside, position, size = False, start, len(text)
    while position < size:
        found = _RUN.match(text, position)
        assert found is not None  # the pattern covers every character
        run, position = found.group(), found.end()
        if run == '"':
            if inside and position < size and text[position] == '"':
                parts.append('"')
                position += 1
                inside = False  # the run-time ends the quoted part here as well
                if position < size and not text[position].isspace():
                    inside = True
            else:
                inside = not inside
        elif run[0] == "\\" and position < size and text[position] == '"':
            parts.append("\\" * (len(run) // 2))
            if len(run) % 2:
                parts.append('"')
                position += 1
        elif run.isspace() and len(run) == 1 and not inside:
            return "".join(parts), position - 1
        else:
            parts.append(run)
    return "".join(parts), position


def join(values: list[str]) -> str:
    """Put arguments into one command line.

    Examples
    --------
    >>> join(["ntdsutil", "ac i ntds", "q"])
    'ntdsutil "ac i ntds" q'
    """
    return " ".join(map(quote, values))


def quote(value: str) -> str:
    """Quote an argument that needs it."""
    if value and not _NEEDS_QUOTES.search(value) and '"' not in value:
        return value
    escaped = value.replace('"', '\\"')
    return f'"{escaped}\\"' if value.endswith("\\") else f'"{escaped}"'


def tidy(word: Word) -> str:
    """Return a word without quotes that do nothing.

    Examples
    --------
    >>> [tidy(word) for word in split('v"ss"admin "C:\\\\x" "a b" /tn:"a b" k="v"')]
    ['vssadmin', 'C:\\\\x', '"a b"', '/tn:"a b"', 'k=v']
    """
    raw = word.raw
    if '"' not in raw or '\\"' in raw:
        return raw
    if raw == '""':
        return raw
    at = raw.index('"')
    if raw.count('"') == 2 and raw.endswith('"') and (at == 0 or raw[0] in "-/" or raw[at - 1] in "=:,'("):
        inner = raw[at + 1 : -1]
        return raw if _NEEDS_QUOTES.search(inner) or not inner or "'" in inner else raw[:at] + inner
    if raw.count('"') % 2:
        return raw
    return quote(word.value) if '"' not in word.value else raw
