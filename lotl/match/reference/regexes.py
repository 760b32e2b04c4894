"""Regular expressions of rules: Python's `re` decides what is valid and what it means; the clock decides how long.

`re` has no way to stop a search, and a rule (or a rule and a hostile log together) can make one run for years. So the
pattern is checked by `re`, and searched by the `regex` package in its `re`-compatible mode, which can be stopped. Where
the two languages differ, the pattern is respelled: word characters are letters, numbers and ``_`` (for `regex` also
combining marks), space includes the separators 1C to 1F, and braces that count nothing are plain (for `regex`,
``{e<=1}`` is a fuzzy count). PCRE's side is taken twice: without case ``i`` is not ``ı`` and ``I`` not ``İ``, and
``[\\W]`` counts marks as word characters.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Final

import regex

from lotl.errors import RuleError

SECONDS: Final = 1.0
"""Time that one search of one text may take."""
LONGEST: Final = 20_000
"""Characters that a pattern may have."""

_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_QUANTIFIER = re.compile(r"\{(?:[0-9]+(?:,[0-9]*)?|,[0-9]*)\}")
_NAMED = re.compile(r"\\N\{[^}]*\}")
_OPENING = re.compile(r"\[\^?\]?")
_NOT_RESPELLED = re.compile(r"\(\?[a-zA-Z]*[axu]")
"""Inline flags that change what the classes or the layout of a pattern mean."""
_WORD: Final = r"\p{L}\p{N}_"
_OUTSIDE: Final = {
    r"\w": f"[{_WORD}]",
    r"\W": f"[^{_WORD}]",
    r"\s": r"[\s\x1c-\x1f]",
    r"\S": r"[^\s\x1c-\x1f]",
    r"\b": f"(?:(?<=[{_WORD}])(?![{_WORD}])|(?<![{_WORD}])(?=[{_WORD}]))",
    r"\B": f"(?:(?<=[{_WORD}])(?=[{_WORD}])|(?<![{_WORD}])(?![{_WORD}]))",
}
_INSIDE: Final = {r"\w": _WORD, r"\s": r"\s\x1c-\x1f"}
"""Spellings outside and inside a bracketed class."""


class OutOfTimeError(Exception):
    """A search was stopped."""


@lru_cache(maxsize=4096)
def compile_regex(pattern: str, flags: str, where: str = "") -> regex.Pattern[str]:
    """Compile a rule's regular expression.

    Parameters
    ----------
    pattern : str
    flags : str
        Letters out of ``ims``.

    Raises
    ------
    RuleError
        `re` does not accept the pattern, or it is too long or too deeply nested.
    """
    bits = 0
    for flag in flags:
        bits |= _FLAGS[flag]
    if len(pattern) > LONGEST:
        raise RuleError(f"regular expression of {len(pattern)} characters", where=where, hint=f"at most {LONGEST}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "possible nested set": a remark on future versions of `re`
        try:
            re.compile(pattern, bits)
            return regex.compile(_respelled(pattern), int(bits) | regex.VERSION0)
        except (re.error, regex.error, OverflowError, RecursionError, MemoryError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise RuleError(f"invalid regular expression {pattern[:200]!r}: {reason}", where=where) from error


def search(compiled: regex.Pattern[str], text: str) -> tuple[int, int] | None:
    """Return the span of the first match in `text`, or None.

    Raises
    ------
    OutOfTimeError
        The search took longer than `SECONDS`.
    """
    try:
        found = compiled.search(text, timeout=SECONDS)
    except TimeoutError as error:
        raise OutOfTimeError from error
    return None if found is None else found.span()


def _respelled(pattern: str) -> str:
    r"""Write a pattern of `re` so that `regex` reads it alike.

    Examples
    --------
    >>> _respelled(r"a{e}b{2,3}\{c{}[\w{]\S")
    'a\\{e}b{2,3}\\{c\\{}[\\p{L}\\p{N}_\\{][^\\s\\x1c-\\x1f]'
    """
    respell = _NOT_RESPELLED.search(pattern) is None
    out, at, inside = [], 0, False
    while at < len(pattern):
        kept = _NAMED.match(pattern, at) or (None if inside else _QUANTIFIER.match(pattern, at))
        opening = None if inside else _OPENING.match(pattern, at)
        if kept is not None or opening is not None:
            token = (kept or opening).group()  # type: ignore[union-attr]
            inside = opening is not None
            out.append(token)
        elif pattern[at] == "\\":
            token = pattern[at : at + 2]
            out.append((_INSIDE if inside else _OUTSIDE).get(token, token) if respell else token)
        else:
            token = pattern[at]
            inside = inside and token != "]"
            out.append("\\{" if token == "{" else token)
        at += len(token)
    return "".join(out)
