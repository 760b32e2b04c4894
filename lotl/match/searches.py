"""Running regular expressions on the distinct values of a column, and stopping those that take too long."""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lotl.match.reference.regexes import OutOfTimeError, compile_regex, search
from lotl.match.regexes import linear, required, required_run, shortest
from lotl.match.sets import EXTRA, Codes, Rows, Values, distinct
from lotl.match.text_kernels import find_any, find_run
from lotl.match.values import frozen
from lotl.plan.ir import Atom

WORTH_COMPILING: Final = 64
"""Values from which on RE2's compilation pays."""
SECONDS_IN_ALL: Final = 30.0
"""Time that one pattern may take in one matcher, apart from RE2."""


class Searches:
    """Regular expressions of one matcher, with what they cost.

    Attributes
    ----------
    stopped : dict of (pattern, flags) to int
        Values on which a search was stopped, or not begun because the pattern had used up its time: no match.
    """

    def __init__(self) -> None:
        self.stopped: dict[tuple[str, str], int] = {}
        self._spent: dict[tuple[str, str], float] = {}

    def take_stopped(self) -> dict[tuple[str, str], int]:
        """Return `stopped` and begin it anew."""
        stopped, self.stopped = self.stopped, {}
        return stopped

    def matching(self, codes: Codes, pattern: tuple[str, str], places: Any) -> Any:
        """Return which values of a column match.

        Parameters
        ----------
        codes : Codes
        pattern : tuple of (str, str)
            Pattern and flags.
        places : ndarray of int32
            Values to look at, rising.

        Returns
        -------
        ndarray of int32
            Those that match, rising.
        """
        places = _promising(codes, pattern, places)
        if places.size == 0:
            return places
        rewritten = linear(*pattern) if places.size >= WORTH_COMPILING else None
        values = codes.text.values
        if rewritten is None:
            return places[self._one_by_one(pattern, _taken(values, places).to_pylist())]
        taken = _taken(values, places)
        ascii_only = pc.string_is_ascii(taken)
        plain = np.asarray(ascii_only.to_numpy(zero_copy_only=False))
        found = np.zeros(places.size, np.bool_)
        chosen = taken if plain.all() else taken.filter(ascii_only)
        found[plain] = pc.match_substring_regex(chosen, rewritten).to_numpy(zero_copy_only=False)
        if not plain.all():
            found[~plain] = self._one_by_one(pattern, taken.filter(pc.invert(ascii_only)).to_pylist())
        return places[found]

    def _one_by_one(self, pattern: tuple[str, str], texts: list[str]) -> Any:
        compiled = compile_regex(*pattern)
        found = np.zeros(len(texts), np.bool_)
        begun, spent = time.perf_counter(), self._spent.get(pattern, 0.0)
        stopped = 0
        for i, text in enumerate(texts):
            if i % 64 == 0 and spent + time.perf_counter() - begun > SECONDS_IN_ALL:
                stopped += len(texts) - i
                break
            try:
                found[i] = search(compiled, text) is not None
            except OutOfTimeError:
                stopped += 1
                if spent + time.perf_counter() - begun > SECONDS_IN_ALL:
                    stopped += len(texts) - i - 1
                    break
        self._spent[pattern] = spent + time.perf_counter() - begun
        if stopped:
            self.stopped[pattern] = self.stopped.get(pattern, 0) + stopped
        return found


class Searched:
    """One regular expression on one column of a batch: searched for in a value when a row with that value asks.

    Parameters
    ----------
    atom : Atom
    codes : Codes
    candidates : ndarray of int32 or None
        Values that may match; None: all.
    searches : Searches
    """

    def __init__(self, atom: Atom, codes: Codes, candidates: Any, searches: Searches) -> None:
        self._pattern: Any = atom.value
        self._codes, self._candidates, self._searches = codes, candidates, searches

    @cached_property
    def _open(self) -> Any:
        """Places that were not looked at yet: bool, shape (places,)."""
        undecided = np.zeros(self._codes.size, np.bool_)
        undecided[slice(-EXTRA) if self._candidates is None else self._candidates] = True
        return undecided

    @cached_property
    def _found(self) -> Any:
        return np.zeros(self._codes.size, np.bool_)

    def bound(self) -> int:
        """Return an upper bound for the number of rows."""
        codes = self._codes
        return codes.length if self._candidates is None else codes.bound(Values(self._candidates))

    def rows(self) -> Rows:
        """Return all rows: int32, rising."""
        self._look_at(np.flatnonzero(self._open).astype(np.int32))
        return self._codes.rows(Values(np.flatnonzero(self._found).astype(np.int32)))

    def test(self, rows: Rows | None) -> Any:
        """Return which of `rows` (None: all) have a value that matches: bool."""
        codes = self._codes
        if codes.text.offsets is None and rows is not None:
            asked = codes.codes[rows]
            asked = asked[self._open[asked]]
            self._look_at(distinct(asked[asked >= 0]))
            return self._found[codes.codes[rows]]
        self._look_at(np.flatnonzero(self._open).astype(np.int32))
        return codes.test(Values(np.flatnonzero(self._found).astype(np.int32)), rows)

    def _look_at(self, places: Any) -> None:
        if places.size:
            self._open[places] = False
            self._found[self._searches.matching(self._codes, self._pattern, places)] = True


def _promising(codes: Codes, pattern: tuple[str, str], places: Any) -> Any:
    """Drop values that are too short for a match, or lack what every match holds."""
    values = codes.values
    least = shortest(*pattern)
    if least > 1:
        places = places[values.original_offsets[places + 1] - values.original_offsets[places] >= least]
    length, members = required_run(*pattern)
    if length:
        has_run = np.zeros(places.size, np.bool_)
        table = frozen(np.frombuffer(members, np.bool_))
        find_run(values.original, values.original_offsets, frozen(places), table, length, has_run)
        places = places[has_run]
    literals = required(*pattern, 1)
    if not literals or not places.size:
        return places
    encoded = [text.encode("utf-8", "surrogatepass") for text in literals]
    start = np.concatenate([[0], np.cumsum([len(text) for text in encoded])]).astype(np.int64)
    matched = np.zeros(places.size, np.bool_)
    pool = frozen(np.frombuffer(b"".join(encoded), np.uint8))
    find_any(values.folded, values.offsets, frozen(places), pool, frozen(start), matched)
    return places[matched]


def _taken(values: pa.Array, places: Any) -> pa.Array:
    return values if places.size == len(values) else values.take(pa.array(places))
