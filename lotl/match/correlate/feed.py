"""What goes into a correlation: the hits of one rule, with the fields that correlations look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from lotl.columns import Column, Rows

NO_TIME: Final = int(np.iinfo(np.int64).min)
"""Time of an event that has none. Such an event is in no window; `correlate` reports how many there were."""


@dataclass(frozen=True, eq=False)
class Feed:
    """The hits of one rule.

    Attributes
    ----------
    rule_id : str
    time : ndarray of int64, shape (n,)
        µs since 1970-01-01 UTC, or `NO_TIME`. In any order.
    order : ndarray of int64, shape (n,)
        Rank of the event in the input, the same in every feed: decides between events of one time.
    event : ndarray of int64, shape (n,)
        Reference of the event, the same in every feed.
    fields : dict of str to Column
        Columns of n rows under the names that `needed_fields` asks for; a field that no hit has is left out.
    """

    rule_id: str
    time: Rows
    order: Rows
    event: Rows
    fields: Mapping[str, Column] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time)
