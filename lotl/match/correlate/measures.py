"""What each correlation type measures in a window, and whether that satisfies the condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final, TypeAlias

import numpy as np

from lotl.columns import Mask, Rows
from lotl.match.correlate import kernels
from lotl.match.correlate.keys import dense
from lotl.match.correlate.references import NUMERIC_TYPES, alternatives, negates
from lotl.match.correlate.table import Table, chained, events, references
from lotl.sigma.model import Correlation, RuleLogic

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

OPERATORS: Final = {"gt": gt, "gte": ge, "lt": lt, "lte": le, "eq": eq, "neq": ne}


@dataclass(frozen=True, eq=False)
class Measure:
    """Values of windows: ``top / bottom``, exactly, or floats over 1.

    Attributes
    ----------
    top : ndarray of int64 or float64, shape (w,)
    bottom : ndarray of int64, shape (w,)
    satisfied : ndarray of bool, shape (w,)
    """

    top: Array
    bottom: Rows
    satisfied: Mask

    def values(self, windows: Rows) -> list[int | float]:
        """Return the values of the given windows, whole numbers as int."""
        pairs = zip(self.top[windows].tolist(), self.bottom[windows].tolist(), strict=True)
        return [_quotient(top, bottom) for top, bottom in pairs]

    def approximate(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return all values as floats, to compare with each other."""
        return np.asarray(self.top / self.bottom, np.float64)


def _quotient(top: float, bottom: int) -> int | float:
    whole = isinstance(top, int) and top % bottom == 0
    return int(top) // bottom if whole else top / bottom


def rising(table: Table) -> bool:
    """Say whether a window that satisfies the condition still does when events are added."""
    correlation = table.correlation
    if any(operator not in ("gt", "gte") for operator, _ in correlation.conditions):
        return False
    if correlation.type == "value_sum":
        return table.numbers is not None and bool((table.numbers.numbers >= 0).all())
    if correlation.type in NUMERIC_TYPES:
        return False
    return correlation.expression is None or not negates(correlation.expression)


def measure(table: Table, first: Rows, last: Rows) -> Measure:
    """Measure the windows (rows `first` to `last`, sorted) of a table."""
    correlation = table.correlation
    if correlation.type in NUMERIC_TYPES:
        top, bottom = _numeric(table, first, last)
    else:
        top, bottom = _count(table, first, last), np.ones(len(first), np.int64)
    if correlation.expression is None:
        return Measure(top, bottom, holds(top, bottom, correlation.conditions))
    if correlation.type == "temporal_ordered":
        return Measure(top, bottom, _any_sequence(table, first, last)[0])
    return Measure(top, bottom, _logic(correlation.expression, table, first, last))


def measure_ends(table: Table, back: Rows) -> Measure:
    """Measure, for every row, the window that ends with it (rows ``back[row]`` to ``row``)."""
    rows = np.arange(len(table), dtype=np.int64)
    if table.correlation.type != "temporal_ordered":
        return measure(table, back, rows)
    nothing = np.zeros(0, np.int64)
    _, lengths = kernels.chains(events(table), table.stream, len(table.streams), back, nothing, nothing)
    ones = np.ones(len(lengths), np.int64)
    if table.correlation.expression is not None:
        return Measure(lengths, ones, _any_sequence(table, nothing, nothing)[1])
    return Measure(lengths, ones, holds(lengths, ones, table.correlation.conditions))


def holds(top: Array, bottom: Rows, conditions: Sequence[tuple[str, float]]) -> Mask:
    """Say which of the values ``top / bottom`` satisfy all conditions, without rounding.

    Examples
    --------
    >>> holds(np.array([3, 4]), np.array([2, 2]), [("gt", 1.5)]).tolist()
    [False, True]
    """
    satisfied = np.ones(len(top), np.bool_)
    for operator, limit in conditions:
        compare = OPERATORS[operator]
        if top.dtype.kind == "f" or not isfinite(limit):
            satisfied &= compare(top / bottom, float(limit))
            continue
        exact = Fraction(str(limit))
        satisfied &= compare(_times(top, exact.denominator), _times(bottom, exact.numerator))
    return satisfied


def sequences(table: Table) -> list[tuple[Rows, int]]:
    """Return the sequences of rules of which one must be complete, for a temporal_ordered correlation.

    Returns
    -------
    list of (ndarray of int64 of shape (n,), int)
        Place of each row's rule in the sequence (-1: not part of it), and the length of the sequence.
    """
    places = len(table.streams)
    if table.correlation.expression is None:
        return [(table.stream, places)]
    found = []
    for rules in alternatives(table.correlation.expression) or ():
        chosen = np.array([stream.rule in rules for stream in table.streams])
        number = np.where(chosen, np.cumsum(chosen) - 1, -1)
        found.append((number[table.stream], int(chosen.sum())))
    return found


def _any_sequence(table: Table, first: Rows, last: Rows) -> tuple[Mask, Mask]:
    """Say which windows hold a complete sequence, and at which rows one ends that the window up to the row holds."""
    windows, rows = np.zeros(len(first), np.bool_), np.zeros(len(table), np.bool_)
    event, back = events(table), kernels.looking_back(table.group, table.time, table.correlation.timespan)
    for position, places in sequences(table):
        lengths, ends = kernels.chains(event, position, places, back, first, last)
        windows |= lengths == places
        rows |= ends == places
    return windows, rows


def _count(table: Table, first: Rows, last: Rows) -> Rows:
    kind = table.correlation.type
    if kind == "temporal":
        return kernels.distinct(table.stream, len(table.streams), first, last)
    if kind == "temporal_ordered":
        back = kernels.looking_back(table.group, table.time, table.correlation.timespan)
        return kernels.chains(events(table), table.stream, len(table.streams), back, first, last)[0]
    if kind == "value_count":
        return kernels.distinct(*dense(table.value), first, last)
    if chained(table):
        return kernels.distinct(*references(table), first, last)
    return last - first + 1


def _numeric(table: Table, first: Rows, last: Rows) -> tuple[Array, Rows]:
    """Return the numeric measure of each window as a fraction."""
    assert table.numbers is not None
    values, scale = table.numbers.numbers[table.value], table.numbers.scale
    count = last - first + 1
    if table.correlation.type in ("value_sum", "value_avg"):
        bottom = count if table.correlation.type == "value_avg" else np.ones(len(first), np.int64)
        if not table.numbers.exact:
            return kernels.sums(values, first, last) / bottom, np.ones(len(first), np.int64)
        total = np.concatenate(([0], np.cumsum(values)))
        return total[last + 1] - total[first], bottom * scale
    ranks, size = dense(values) if table.numbers.exact else _dense_floats(values)
    ordered = np.empty(size, values.dtype)
    ordered[ranks] = values
    low, high = _wanted(table.correlation, count)
    below = ordered[kernels.ranked(ranks, size, first, last, low)] if size else values
    if table.correlation.type == "value_percentile":
        return below, np.full(len(first), scale, np.int64)
    above = ordered[kernels.ranked(ranks, size, first, last, high)] if size else values
    if table.numbers.exact:
        return below + above, np.full(len(first), 2 * scale, np.int64)
    return below / 2 + above / 2, np.ones(len(first), np.int64)


def _wanted(correlation: Correlation, count: Rows) -> tuple[Rows, Rows]:
    """Return the ranks (from 1) between which the median lies, or the nearest rank of the percentile, twice."""
    if correlation.type == "value_median":
        return (count + 1) // 2, count // 2 + 1
    share = Fraction(str(correlation.percentile)) / 100
    rank = np.maximum(-(-_times(count, share.numerator) // share.denominator), 1).astype(np.int64)
    return rank, rank


def _dense_floats(values: Array) -> tuple[Rows, int]:
    """Number floats in their order."""
    distinct, ranks = np.unique(values, return_inverse=True)
    return ranks.astype(np.int64), len(distinct)


def _times(numbers: Array, factor: int) -> Array:
    """Multiply without overflow: as Python integers where 63 bits are too few."""
    largest = max(abs(int(numbers.max(initial=0))), abs(int(numbers.min(initial=0))))
    if largest * abs(factor) < 2**63 and abs(factor) < 2**63:
        return numbers * factor
    return np.asarray(numbers.astype(object) * factor)


def _logic(logic: RuleLogic, table: Table, first: Rows, last: Rows) -> Mask:
    """Evaluate a boolean condition: a rule holds where the window has an occurrence of it."""
    if isinstance(logic, str):
        rules = np.array([stream.rule == logic for stream in table.streams], np.bool_)
        seen = np.concatenate(([0], np.cumsum(rules[table.stream])))
        return np.asarray(seen[last + 1] > seen[first])
    parts = [_logic(operand, table, first, last) for operand in logic[1]]
    if logic[0] == "not":
        return ~parts[0]
    return np.asarray((np.logical_and if logic[0] == "and" else np.logical_or).reduce(parts))
