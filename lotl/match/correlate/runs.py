"""From satisfied windows to runs, and from runs to what a chained correlation sees.

A *window* is a closed stretch of time, as long as the timespan, in one group; only maximal ones count (their events are
not all in another window), so that ``lt`` and ``eq`` look at whole bursts and not at their ends. A *run* is a set of
satisfied windows of which each shares an event (or a chained result) with another: one run is one result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lotl.columns import Mask, Rows
from lotl.match.correlate import kernels
from lotl.match.correlate.keys import dense
from lotl.match.correlate.measures import Measure, measure, measure_ends, rising, sequences
from lotl.match.correlate.references import NUMERIC_TYPES
from lotl.match.correlate.streams import Stream, Windows
from lotl.match.correlate.table import Table, chained, events, references


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs of a table.

    Attributes
    ----------
    first, last : ndarray of int64, shape (r,)
        Rows of the table; those between them that are not in ``table.taken`` do not belong to the run.
    peak : ndarray of int64, shape (r,)
        Window (of `measured`) that has the largest value of the run.
    measured : Measure
        Of the satisfied windows.
    windows : Windows
        The satisfied windows.
    """

    first: Rows
    last: Rows
    peak: Rows
    measured: Measure
    windows: Windows

    def __len__(self) -> int:
        return len(self.first)


def find(table: Table) -> Runs:
    """Find the runs of a table and mark their rows in ``table.taken``."""
    first, last = kernels.frames(table.group, table.time, table.correlation.timespan)
    measured = measure(table, first, last)
    good = np.flatnonzero(measured.satisfied)
    first, last = first[good], last[good]
    measured = Measure(measured.top[good], measured.bottom[good], measured.satisfied[good])
    begins = np.ones(len(good), np.bool_)
    begins[1:] = first[1:] > last[:-1]
    _mark(table, first, last)
    if chained(table) and len(good):
        begins = _linked(table, first, last, begins)
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(good))[: len(starts)]
    low, high = first[starts], last[ends - 1]
    _trim(table)
    return Runs(low, high, _peaks(measured, starts, ends), measured, Windows(table, first, last))


def occurrences(table: Table, runs: Runs, once: bool) -> Stream:
    """Return the runs of a correlation as another correlation reads them.

    Parameters
    ----------
    table : Table
    runs : Runs
    once : bool
        One occurrence for each run, at its end, instead of one for each moment at which the condition holds.
    """
    if once:
        windows = Windows(table, runs.first, _last_taken(table, runs))
    elif rising(table):
        windows = _moments(table)
    else:
        windows = runs.windows
    rows = windows.last
    reference = np.searchsorted(runs.first, rows, side="right") - 1
    return Stream(
        table.correlation.meta.id, table.time[rows], table.order[rows], reference,
        lambda name: table.column(name, rows), windows,
    )  # fmt: skip


def reads_once(reader: str) -> bool:
    """Say whether a correlation of type `reader` sees a chained result as one value, at its end."""
    return reader in NUMERIC_TYPES


def _moments(table: Table) -> Windows:
    """Return, for every event of a run at which the window that ends there satisfies the condition, that window."""
    back = kernels.looking_back(table.group, table.time, table.correlation.timespan)
    good = measure_ends(table, back).satisfied & table.taken
    event = events(table)
    rows = np.flatnonzero(good)
    rows = rows[np.append(event[rows][1:] != event[rows][:-1], True)[: len(rows)]]
    return Windows(table, back[rows], rows)


def _mark(table: Table, first: Rows, last: Rows) -> None:
    """Mark the rows that are in any of the windows."""
    change = np.zeros(len(table) + 1, np.int64)
    np.add.at(change, first, 1)
    np.add.at(change, last + 1, -1)
    table.taken = np.cumsum(change)[:-1] > 0


def _linked(table: Table, first: Rows, last: Rows, begins: Mask) -> Mask:
    """Join runs of one group that have a chained result in common, and what lies between them."""
    rows = np.flatnonzero(table.taken)
    starts = first[begins]
    run = np.searchsorted(starts, rows, side="right") - 1
    reference, size = references(table)
    shared, count = dense(dense(table.group)[0][rows] * size + reference[rows])
    lowest, highest = np.full(count, len(starts)), np.full(count, -1)
    np.minimum.at(lowest, shared, run)
    np.maximum.at(highest, shared, run)
    change = np.zeros(len(starts) + 1, np.int64)
    np.add.at(change, lowest + 1, 1)
    np.add.at(change, highest + 1, -1)
    joined = np.cumsum(change)[:-1] > 0
    result = begins.copy()
    result[np.flatnonzero(begins)[joined]] = False
    return result


def _trim(table: Table) -> None:
    """Where whole sequences of rules are wanted: keep the events that are part of one."""
    correlation = table.correlation
    complete = list(correlation.conditions) == [("gte", len(table.streams))]
    if correlation.type != "temporal_ordered" or not (complete or correlation.expression):
        return
    event, member = events(table), np.zeros(len(table), np.bool_)
    for position, places in sequences(table):
        start = kernels.chain_ends(event, position, places, False)
        end = kernels.chain_ends(event, position, places, True)
        whole = (start >= 0) & (end >= 0)
        whole &= (table.group[start] == table.group) & (table.group[end] == table.group)
        member |= whole & (table.time[end] - table.time[start] <= correlation.timespan)
    table.taken &= member


def _last_taken(table: Table, runs: Runs) -> Rows:
    """Return the last row of each run that belongs to it."""
    rows = np.flatnonzero(table.taken)
    return rows[np.searchsorted(rows, runs.last, side="right") - 1] if len(rows) else rows


def _peaks(measured: Measure, starts: Rows, ends: Rows) -> Rows:
    """Return the first window with the largest value of each run."""
    if not len(starts):
        return starts
    values = measured.approximate()
    largest = np.repeat(np.maximum.reduceat(values, starts), ends - starts)
    hits = np.flatnonzero(values == largest)
    return hits[np.searchsorted(hits, starts)]
