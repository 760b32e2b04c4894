"""Correlation rules: what happens together, in true sliding windows over event time.

What holds (``W`` is the timespan; a *group* is the occurrences with the same group-by values):

*Window.* All occurrences of a group in a closed stretch ``[t, t + W]``, anywhere in time. Only *maximal* windows count:
those that are not part of another. So ``lt: 3`` is not satisfied by the tail of a burst of a hundred, and an average is
that of everything in the frame.

*Result.* A satisfied window; satisfied windows that share an event, or a chained result, are one result (a run). Two
bursts that are further apart than the timespan are two results. ``count`` is the largest value that a window has.

*Measure.* event_count: events. value_count: distinct values, or distinct combinations of several fields.
value_sum, value_avg, value_median (mean of the middle two), value_percentile (nearest rank): over decimal text, exactly
where 18 digits suffice; what is not a number, or missing, does not take part. temporal: rules that occur.
temporal_ordered: the longest sequence of events, each later (time, then order) than the one before, that follows
the order of the rules; the events of a result are those of complete sequences. A boolean condition over rules asks for
the rules that occur (temporal), or for a sequence of rules that satisfies it (temporal_ordered, without ``not``). An
event that two rules find counts once, except in the temporal types.

*Group.* Values are compared as text, exactly: 7 is "7", "bob" is not "BOB". An event that lacks a group-by field, or
has null there, is in no group, and is reported. A multi-valued field puts the event into the group of each element.

*Chains.* Another correlation reads a satisfied window as an occurrence at its last event, with that event's fields and
the group's values. Where more events cannot undo the condition (``gte`` on counts) every event at which it holds is
such a moment, so that a success *during* a burst of failures follows them; all of a result's moments count as one.
Numeric types read each result once, at its end.

Follows the Sigma correlation rules specification 2.1; where it is silent, the project's table of semantics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lotl.match.correlate.feed import NO_TIME, Feed
from lotl.match.correlate.references import evaluation_order, needed_fields, place, usable
from lotl.match.correlate.result import Result
from lotl.match.correlate.runs import Runs, find, occurrences, reads_once
from lotl.match.correlate.streams import Stream, from_feed
from lotl.match.correlate.table import Table, build
from lotl.sigma.model import Correlation, Issue, State

__all__ = ["NO_TIME", "Feed", "Result", "correlate", "evaluation_order", "needed_fields", "usable"]


def correlate(
    correlations: Sequence[Correlation], feeds: Mapping[str, Feed], issues: list[Issue] | None = None
) -> list[Result]:
    """Evaluate correlation rules.

    Parameters
    ----------
    correlations : sequence of Correlation
        With all those that they read.
    feeds : dict of rule id to Feed
        Hits of the base rules; a rule without hits may be left out. See `needed_fields` for the columns.
    issues : list of Issue, optional
        Receives a warning for events that could not take part (no time, no group-by value), and correlations that
        cannot be evaluated, which then are left out instead of raising.

    Returns
    -------
    list of Result
        Of the correlations that alert, in their order, each by the time of its first event.

    Raises
    ------
    RuleError
        Correlations that read each other in a circle or cannot be evaluated.

    Examples
    --------
    >>> import numpy as np
    >>> from lotl.columns import Text
    >>> from lotl.sigma.model import Meta
    >>> rule = Correlation(Meta("c", "Many"), "event_count", ("r",), ("User",), 60_000_000, (("gte", 2),))
    >>> now = np.array([0, 59_000_000, 61_000_000])
    >>> feed = Feed("r", now, np.arange(3), np.array([7, 8, 9]), {"User": Text.of(["bob", "eve", "bob"])})
    >>> correlate([rule], {"r": feed})
    []
    >>> feed = Feed("r", now, np.arange(3), np.array([7, 8, 9]), {"User": Text.of(["bob", "bob", "bob"])})
    >>> [result] = correlate([rule], {"r": feed})
    >>> result.group, result.count, result.first, result.last, result.events.tolist()
    ({'User': 'bob'}, 2, 0, 61000000, [7, 8, 9])
    """
    if issues is not None:
        correlations = usable(correlations, issues)
    done: dict[str, tuple[Table, Runs]] = {}
    base: dict[str, Stream] = {}
    for correlation in evaluation_order(correlations):
        streams = [_stream(rule, correlation, feeds, done, base) for rule in correlation.rules]
        table = build(correlation, streams)
        done[correlation.meta.id] = table, find(table)
        if issues is not None:
            issues += [Issue(State.LOADED, correlation.meta.id, place(correlation), note) for note in table.notes]
    return [result for rule in correlations if rule.alerts for result in _results(*done[rule.meta.id])]


def _stream(
    rule: str,
    reader: Correlation,
    feeds: Mapping[str, Feed],
    done: Mapping[str, tuple[Table, Runs]],
    base: dict[str, Stream],
) -> Stream:
    if rule in done:
        return occurrences(*done[rule], once=reads_once(reader.type))
    if rule not in base:
        base[rule] = from_feed(rule, feeds.get(rule))
    return base[rule]


def _results(table: Table, runs: Runs) -> list[Result]:
    by = np.lexsort((table.order[runs.first], table.time[runs.first]))
    first, last = runs.first[by], runs.last[by]
    groups, counts = table.groups(first), runs.measured.values(runs.peak[by])
    rows = zip(first.tolist(), last.tolist(), strict=True)
    return [
        Result(table.correlation, group, count, table, low, high)
        for group, count, (low, high) in zip(groups, counts, rows, strict=True)
    ]
