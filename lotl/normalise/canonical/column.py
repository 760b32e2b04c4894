"""Canonical forms of whole columns: distinct values only, and of these only such as have something to undo.

Nearly all command lines are what an administrator would type already. One compiled expression over the values sorts
them: clean ones are not touched, those with nothing but doubled blanks (the command interpreter leaves two behind every
program that it starts) are set right by one vectorised replacement, and the few that are left are read one by one.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lotl.columns import ABSENT, Mask, Text
from lotl.normalise.canonical.model import INPUT
from lotl.normalise.canonical.read import canonical
from lotl.normalise.canonical.vocabulary import DASHED, SLASHED

SIGNS: Final = (
    r"[^\x20-\x7e]",  # not plain ASCII
    r"[\^`]",
    r"%[a-z(]",
    r"![a-z]\w*[!:]",
    r"~\d",
    r"[\\/]\.{1,2}[\\/]",
    r"[a-z]:/[^/]",
    r"[a-z0-9)]\\{2}[a-z0-9]",
    r"\\[?.]\\",
    r"\\\?\?\\",
    r"\\localhost\\|\\127\.|\\::1",
    r"::\$",
    r"systemroot\\|sysnative",
    r'[a-z0-9/-]"[a-z0-9]',
    r'\s"[a-z0-9/-]+"(?:\s|$)',
    r'[a-z:]\\"\w+"',
    r"\\[a-z0-9._-]+/[a-z]",
    r"\.exe\.",
    r"hkey_",
)
"""Signs of something to undo, whatever the program."""

TOOLS: Final = (
    r"cmd(?:\.exe)?[\"'\s/]+(?:.*/)?[ckr]",
    r"\b(?:powershell|pwsh)(?:_ise)?(?:\.exe)?\b[\"']?\s",
    r"\b(?:ntdsutil|netsh|certutil|wevtutil|wecutil|psexec|psexec64|paexec|winrs|mshta|conhost|forfiles|pcalua|scriptrunner)(?:\.exe)?\b[\"']?\s",
    r"\bwmic(?:\.exe)?\b.*(?:\bcall\b|\bpath\b|\bclass\b|\s-[a-z])",
    r"\bnet1(?:\.exe)?\b",
    r"\bnet(?:\.exe)?\b[\"']?\s+(?:groups|users|.*\s[-/][a-z])",
    r"\brunas(?:\.exe)?\b|\bstart\s|\bcall\s|\bset\s.*&",
    r"\bschtasks(?:\.exe)?\b.*[-/]tr\b",
    r"\bsc(?:\.exe)?\b.*binpath",
    r"\breg(?:\.exe)?\b.*\sadd\s.*[-/]d\s",
    r"rundll32.*(?:comsvcs|shell32|zipfldr|pcwutl|advpack|\burl|script:)",
    r"<command>",
)
"""Programs whose arguments have abbreviations, or commands inside."""

SCRIPT: Final = (
    r"[a-z]`[a-z]",
    r"['\"]\s*\+\s*['\"(\[]",
    r"['\")]\s*-f\s*['\"(]",
    r"\[char(?:\[\])?\]\s*[\d(]",
    r"-join\b",
    r"frombase64string",
    r"\]\s*-join|-join\s*''",
    r"['\"]\s*\.\s*replace\s*\(",
    r"\b(?:iex|invoke-expression)\b.{0,3}['\"(]",
    r"[&.]\s*\(\s*['\"$]",
    r"\b(?:netsh|ntdsutil|wevtutil|wmic|vssadmin|net1?|cmd|powershell|reg|certutil|rundll32)(?:\.exe)?\b[\"']?\s+[a-z/'\"-]",
    r"[\x{2010}-\x{2015}\x{2018}-\x{201f}\x{200b}-\x{200f}\x{00a0}\x{ff01}-\x{ff5e}\x{0400}-\x{04ff}]",
)
"""Signs of something to undo in a script."""

_DOUBLED: Final = " {2,}"


@cache
def pattern(script: bool = False) -> str:
    """Return the expression that finds values with something to undo besides doubled blanks."""
    if script:
        return "(?i)" + "|".join(SCRIPT)
    dashed = rf"\b(?:{'|'.join(sorted(DASHED))})(?:\.exe)?\b[\"']?\s(?:.*\s)?/[a-z]"
    slashed = rf"\b(?:{'|'.join(sorted(SLASHED))})(?:\.exe)?\b[\"']?\s(?:.*\s)?-[a-z]"
    return "(?i)" + "|".join((*SIGNS, *TOOLS, dashed, slashed))


def something_to_undo(values: pa.StringArray, *, script: bool = False) -> Mask:
    """Tell which texts `canonical` may change (doubled blanks included).

    Examples
    --------
    >>> something_to_undo(pa.array(["whoami /all", "who^ami", "whoami  /all"])).tolist()
    [False, True, True]
    """
    found = pc.match_substring_regex(values, pattern(script))
    if not script:
        found = pc.or_(found, pc.match_substring(values, "  "))
    return np.asarray(found.to_numpy(zero_copy_only=False), np.bool_)


def texts_of(values: pa.StringArray, *, script: bool = False) -> dict[int, tuple[str, ...]]:
    """Return the further texts of those values that have any, by place in `values`.

    Parameters
    ----------
    values : pyarrow.StringArray
    script : bool
        Values are PowerShell.

    Examples
    --------
    >>> texts_of(pa.array(["whoami", "net  user", "w^hoami"]))
    {1: ('net user',), 2: ('whoami',)}
    """
    found: dict[int, tuple[str, ...]] = {}
    odd = np.asarray(pc.match_substring_regex(values, pattern(script)).to_numpy(zero_copy_only=False), np.bool_)
    if not script:
        doubled = np.asarray(pc.match_substring(values, "  ").to_numpy(zero_copy_only=False), np.bool_)
        places = np.flatnonzero(doubled & ~odd)
        if len(places):
            single = pc.replace_substring_regex(values.take(pa.array(places)), _DOUBLED, " ")
            still = np.asarray(pc.match_substring_regex(single, pattern()).to_numpy(zero_copy_only=False), np.bool_)
            odd[places[still]] = True
            trimmed = pc.utf8_trim(single, " ").to_pylist()
            found = {int(p): (t,) for p, t, more in zip(places, trimmed, still, strict=True) if not more}
    for place in np.flatnonzero(odd).tolist():
        raw = values[place].as_py()
        if script and len(raw) > INPUT // 4:
            continue
        further = canonical(raw, script=script).texts(raw)[1:]
        if further:
            found[place] = further
    return dict(sorted(found.items()))


def canonical_column(column: Text, *, script: bool = False) -> Text | None:
    """Return a column in which every value stands with its canonical texts, or None where there are none.

    Parameters
    ----------
    column : Text, shape (n,)
    script : bool
        Values are PowerShell.

    Returns
    -------
    Text, shape (n,) or None
        Multi-valued: the raw value first, then what `Canonical.texts` gives.

    Examples
    --------
    >>> canonical_column(Text.of(["whoami", "w^hoami /all"]))[1]
    ['w^hoami /all', 'whoami /all']
    """
    column = column.compact()
    further = texts_of(column.values, script=script)
    if not further:
        return None
    texts: dict[str, int] = {text: code for code, text in enumerate(column.values.to_pylist())}
    lists = {place: [texts.setdefault(text, len(texts)) for text in found] for place, found in further.items()}
    return _spread(column, lists, pa.array(list(texts), pa.string()))


def _spread(column: Text, lists: dict[int, list[int]], values: Any) -> Text:
    """Put the further codes of a value behind each of its occurrences."""
    distinct = len(column.values)
    counts = np.ones(distinct + 2, np.int64)
    for place, codes in lists.items():
        counts[place] += len(codes)
    per_code = counts[column.codes]  # ABSENT and NULL land in the two spare places at the end
    ends = np.cumsum(per_code)
    starts = ends - per_code
    out = np.full(int(ends[-1]) if len(ends) else 0, ABSENT, np.int32)
    out[starts] = column.codes
    tables = np.zeros(distinct + 2, np.int64)
    flat: list[int] = []
    for place, codes in lists.items():
        tables[place] = len(flat)
        flat += codes
    further = np.flatnonzero(per_code > 1)
    repeat = per_code[further] - 1
    within = np.arange(int(repeat.sum())) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    target = np.repeat(starts[further] + 1, repeat) + within
    out[target] = np.array(flat, np.int32)[np.repeat(tables[column.codes[further]], repeat) + within]
    if column.offsets is None:
        offsets = np.concatenate([[0], ends]).astype(np.int64)
    else:
        offsets = np.concatenate([[0], ends]).astype(np.int64)[column.offsets]
    return Text(out, values, offsets)
