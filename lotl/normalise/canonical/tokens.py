"""PowerShell text in tokens: enough of the language to find constants and where commands begin."""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Token(NamedTuple):
    """A piece of a script.

    Attributes
    ----------
    kind : str
        ``string``, ``text`` (a string with variables in it), ``variable``, ``number``, ``type``, ``dash`` (an operator
        or parameter), ``word``, ``sign``, ``line``, ``space`` or ``comment``.
    text : str
        As written; without backticks for words.
    value : str
        What a string holds; else the same as `text`.
    start, end : int
    """

    kind: str
    text: str
    value: str
    start: int
    end: int


_TOKEN: Final = re.compile(
    r"""
    (?P<space>(?:[ \t\f\v\xa0]|`\r?\n)+)
  | (?P<line>[\r\n]+)
  | (?P<here>@'[ \t]*\r?\n(?:.*?\r?\n)??'@ | @"[ \t]*\r?\n(?:.*?\r?\n)??"@)
  | (?P<single>'(?:[^']|'')*')
  | (?P<double>"(?:[^"`]|`.|"")*")
  | (?P<block><\#.*?\#>)
  | (?P<comment>\#[^\r\n]*)
  | (?P<variable>[$@]\{[^}]*\}|[$@](?:`?[A-Za-z_0-9:])+|\$[$?^])
  | (?P<type>\[[A-Za-z_`][\w.`]*(?:\[\])?\])
  | (?P<number>(?:0x[0-9a-fA-F]+|\d+)(?:kb|mb)?(?!\.\w|[\w\\:`]))
  | (?P<dash>-(?:`?[A-Za-z])+(?![\w-]))
  | (?P<sign>\.\.|::|[-+*/%=<>!,;|&(){}\[\]@.])
  | (?P<word>(?:[^\s'"`(){}\[\];|&,$@<>=+.]|`.|\.(?=[\w\\])|[$@](?![\w{]))+)
  | (?P<other>.)
    """,
    re.X | re.S,
)
_FLAT: Final = re.compile(re.sub(r"\s*\| \(\?P<(?:here|block)>.*", "", _TOKEN.pattern), re.X | re.S)
"""The same without what can be open to the end of the text: for scripts that open it again and again."""
BLOCKS: Final = 64
"""Here-strings and block comments that a script may have before they are no longer looked for."""
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b"}
_BACKTICK: Final = re.compile(r"`(.)", re.S)


def tokens(script: str, limit: int = 20_000) -> list[Token]:
    """Split a script into tokens; what is behind `limit` tokens is one ``other``."""
    found: list[Token] = []
    many = script.count("@'") + script.count('@"') + script.count("<#") > BLOCKS
    for match in (_FLAT if many else _TOKEN).finditer(script):
        if len(found) == limit:
            rest = script[match.start() :]
            found.append(Token("other", rest, rest, match.start(), len(script)))
            break
        found.append(_token(match))
    return found


def _token(match: re.Match[str]) -> Token:
    kind, text = match.lastgroup or "other", match.group()
    start, end = match.span()
    if kind == "single":
        return Token("string", text, text[1:-1].replace("''", "'"), start, end)
    if kind == "here":
        inner = text[2:-2].lstrip(" \t").lstrip("\r").removeprefix("\n").removesuffix("\n").removesuffix("\r")
        plain = text[1] == "'" or "$" not in inner
        return Token("string" if plain else "text", text, inner, start, end)
    if kind == "double":
        inner = text[1:-1].replace('""', '"')
        constant = "$" not in _BACKTICK.sub("", inner)
        return Token("string" if constant else "text", text, unescape(inner) if constant else inner, start, end)
    if kind == "block":
        kind = "comment"
    if kind in ("word", "dash", "variable", "type") and "`" in text:
        text = _BACKTICK.sub(r"\1", text)
    return Token(kind, text, text, start, end)


def unescape(text: str) -> str:
    """Undo the backticks of a string in double quotes."""
    if "`" not in text:
        return text
    return _BACKTICK.sub(lambda found: _ESCAPES.get(found.group(1), found.group(1)), text)


def literal(value: str) -> str:
    """Write a string in single quotes."""
    return "'" + value.replace("'", "''") + "'"
