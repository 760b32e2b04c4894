"""Running regular expressions on the distinct values of a column, and stopping those that take too long."""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lotl.match.reference.regexes import OutOfTimeError, compile_regex, search
from lotl.match.regexes import linear
from lotl.match.sets import Codes

WORTH_COMPILING: Final = 64
"""Values from which on RE2's compilation pays."""
SECONDS_IN_ALL: Final = 30.0
"""Time that one pattern may take in one matcher, apart from RE2."""


class Searches:
    """Regular expressions of one matcher, with what they cost.

    Attributes
    ----------
    stopped : dict of (pattern, flags) to int
        Values on which a search was stopped, or not begun because the pattern had used up its time; they count as no match.
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


def _taken(values: pa.Array, places: Any) -> pa.Array:
    return values if places.size == len(values) else values.take(pa.array(places))
