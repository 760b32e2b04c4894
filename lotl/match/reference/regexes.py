"""Regular expressions of rules: Python's `re` decides what is valid and what it means; the clock decides how long.

`re` has no way to stop a search, and a rule (or a rule and a hostile log together) can make one run for years. So the
pattern is checked by `re`, and searched by the `regex` package in its `re`-compatible mode, which can. The one thing
that mode adds to the language, fuzzy counts such as ``{e<=1}``, is switched off by escaping braces that `re` would read
as literal.
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
            return regex.compile(_without_fuzzy(pattern), int(bits) | regex.VERSION0)
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


def _without_fuzzy(pattern: str) -> str:
    r"""Escape every brace that opens no quantifier.

    Examples
    --------
    >>> _without_fuzzy(r"a{e}b{2,3}\{c{}")
    'a\\{e}b{2,3}\\{c\\{}'
    """
    out, at = [], 0
    while at < len(pattern):
        kept = _NAMED.match(pattern, at) or _QUANTIFIER.match(pattern, at)
        if kept is not None:
            out.append(kept.group())
            at = kept.end()
        elif pattern[at] == "\\":
            out.append(pattern[at : at + 2])
            at += 2
        else:
            out.append("\\{" if pattern[at] == "{" else pattern[at])
            at += 1
    return "".join(out)
