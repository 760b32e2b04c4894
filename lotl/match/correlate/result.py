"""What a correlation found, with every event that took part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from lotl.columns import Rows
from lotl.match.correlate.streams import Windows
from lotl.match.correlate.table import Table
from lotl.sigma.model import Correlation


@dataclass(frozen=True, eq=False, slots=True)
class Result:
    """One maximal run of windows that satisfy a correlation.

    Attributes
    ----------
    correlation : Correlation
    group : dict of str to str or int
        Values of the group-by fields; empty where the correlation has none.
    count : int or float
        The largest value that a window of the run has: events, distinct values, rules, sum, average …
    """

    correlation: Correlation
    group: Mapping[str, str | int | None]
    count: int | float
    _table: Table = field(repr=False)
    _low: int = field(repr=False)
    _high: int = field(repr=False)

    @property
    def first(self) -> int:
        """Time of the first event, µs since 1970-01-01 UTC."""
        if any(stream.below for stream in self._table.streams):
            return min(int(time.min()) for _, time, _, _ in self._parts())
        return int(self._table.time[self._rows()[0]])

    @property
    def last(self) -> int:
        """Time of the last event, µs since 1970-01-01 UTC."""
        return int(self._table.time[self._rows()[-1]])

    @property
    def events(self) -> Rows:
        """References of all events that took part, each once, in order of time (ndarray of int64).

        Where a part is another correlation's result, these are the events of its windows.
        """
        return _in_order([part[1:] for part in self._parts()])

    @property
    def rules(self) -> dict[str, Rows]:
        """Base rule id → references of the events that it found, in order of time."""
        found: dict[str, list[tuple[Rows, Rows, Rows]]] = {}
        for rule, *part in self._parts():
            found.setdefault(rule, []).append((part[0], part[1], part[2]))
        return {rule: _in_order(parts) for rule, parts in found.items()}

    def _rows(self) -> Rows:
        return self._low + np.flatnonzero(self._table.taken[self._low : self._high + 1])

    def _parts(self) -> Iterator[tuple[str, Rows, Rows, Rows]]:
        """Iterate over (base rule, time, order, event) of what took part, chains followed."""
        pending = [(self._table, self._rows())]
        while pending:
            table, rows = pending.pop()
            for place, stream in enumerate(table.streams):
                mine = rows[table.stream[rows] == place]
                items = table.item[mine]
                if not len(mine):
                    continue
                if stream.below is None:
                    yield stream.rule, table.time[mine], table.order[mine], stream.reference[items]
                else:
                    pending.append((stream.below.table, _covered(stream.below, items)))


def _covered(windows: Windows, items: Rows) -> Rows:
    """Return the rows that any of the given windows covers and that belong to a result."""
    items = np.unique(items)  # windows are sorted by both ends
    first, last = windows.first[items], windows.last[items]
    start = np.maximum(first, np.concatenate((first[:1], last[:-1] + 1)))
    lengths = last - start + 1
    before = np.cumsum(lengths) - lengths
    rows = np.repeat(start - before, lengths) + np.arange(lengths.sum())
    return np.asarray(rows[windows.table.taken[rows]])


def _in_order(parts: list[tuple[Rows, Rows, Rows]]) -> Rows:
    """Return the events of (time, order, event) arrays, sorted by time and order, each event once."""
    time, order, event = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    _, unique = np.unique(event, return_index=True)
    return np.asarray(event[unique][np.lexsort((order[unique], time[unique]))])
