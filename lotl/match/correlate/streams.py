"""What a correlation reads: occurrences of a rule, or of another correlation, alike.

An occurrence of a base rule is an event. An occurrence of a correlation is a window that satisfies it: it happens at
the window's last event, has that event's fields, and under the group-by names the values of the group. All windows of
one result share one reference, so that a result counts once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lotl.columns import Column, Rows
from lotl.match.correlate.feed import NO_TIME, Feed

if TYPE_CHECKING:
    from lotl.match.correlate.table import Table

LATEST = 2**62 - 1
"""Times are kept within ± this, so that their differences fit into 64 bits."""


@dataclass(frozen=True, eq=False)
class Stream:
    """Occurrences of one rule or correlation.

    Attributes
    ----------
    rule : str
    time, order, reference : ndarray of int64, shape (n,)
        As in `Feed`; `reference` is an event, or the number of a result of the correlation.
    column : callable
        Field name → column of n rows, or None.
    below : Windows or None
        What a correlation's occurrences stand for.
    untimed : int
        Occurrences that were left out because they have no time.
    """

    rule: str
    time: Rows
    order: Rows
    reference: Rows
    column: Callable[[str], Column | None]
    below: Windows | None = None
    untimed: int = 0

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of a table.

    Attributes
    ----------
    table : Table
    first, last : ndarray of int64, shape (n,)
        Rows of the table, both included.
    """

    table: Table
    first: Rows
    last: Rows


def from_feed(rule: str, feed: Feed | None) -> Stream:
    """Return the occurrences of a base rule; None: it never hit."""
    if feed is None:
        nothing = np.zeros(0, np.int64)
        return Stream(rule, nothing, nothing, nothing, lambda name: None)
    timed = np.flatnonzero(feed.time != NO_TIME)
    if len(timed) == len(feed):
        return Stream(rule, np.clip(feed.time, -LATEST, LATEST), feed.order, feed.event, feed.fields.get)

    def column(name: str) -> Column | None:
        found = feed.fields.get(name)
        return None if found is None else found.take(timed)

    time = np.clip(feed.time[timed], -LATEST, LATEST)
    return Stream(rule, time, feed.order[timed], feed.event[timed], column, untimed=len(feed) - len(timed))
