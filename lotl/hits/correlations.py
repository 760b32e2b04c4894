"""What correlation rules make of hits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from lotl.columns import Column, Rows
from lotl.match.correlate import NO_TIME, Feed, Result, correlate, needed_fields, usable
from lotl.normalise.times import EPOCH
from lotl.sigma.model import Correlation, Issue, Rule

if TYPE_CHECKING:
    from lotl.hits.result import Hits


@dataclass(frozen=True)
class Correlations:
    """Results of correlation rules.

    Attributes
    ----------
    results : list of Result
        By rule, group and time. `Result.events` are hit numbers of ``hits.all``.
    issues : list of Issue
        Events that could not take part, correlations that could not be evaluated.
    """

    results: list[Result]
    rows: Rows = field(repr=False)
    issues: list[Issue] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.results)

    def to_pylist(self) -> list[dict[str, Any]]:
        """Return results as dicts.

        Returns
        -------
        list of dict
            ``rule_id, rule_title, name, level, status, tags, author``, ``group`` (dict of the group-by fields),
            ``first`` and ``last`` (datetime, UTC), ``count`` (the largest value that a window had), and ``rows``
            (places in the input of all events that took part, in time order).
        """
        return [self._row(result) for result in self.results]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_pylist())

    def _row(self, result: Result) -> dict[str, Any]:
        meta = result.correlation.meta
        return {
            "rule_id": meta.id,
            "rule_title": meta.title,
            "name": meta.name or meta.title,
            "level": meta.level,
            "status": meta.status,
            "tags": list(meta.tags),
            "author": meta.author,
            "group": dict(result.group),
            "first": EPOCH + timedelta(microseconds=result.first),
            "last": EPOCH + timedelta(microseconds=result.last),
            "count": result.count,
            "rows": self.rows[result.events].tolist(),
        }


def correlations(hits: Hits) -> Correlations:
    """Evaluate the correlation rules of the rule set of `hits`."""
    issues: list[Issue] = []
    rules: Sequence[Correlation] = usable(hits.ruleset.correlations, issues)
    every = hits.all
    # An event that several rules hit is one event: its first hit stands for it.
    _, first, inverse = np.unique(
        np.stack((every.source, every.position)), axis=1, return_index=True, return_inverse=True
    )
    event = first[inverse.reshape(-1)]
    every_rule: list[Rule | Correlation] = [*hits.rules, *rules]
    known = {rule.meta.id: rule for rule in every_rule}
    needed: dict[str, dict[str, None]] = {}
    for rule in rules:
        for base, names in needed_fields(rule, known).items():
            needed.setdefault(base, {}).update(dict.fromkeys(names))
    feeds = {
        base: feed for base, names in needed.items() if (feed := _feed(every, base, tuple(names), event)) is not None
    }
    return Correlations(correlate(rules, feeds, issues), every.rows, issues)


def _feed(hits: Hits, rule_id: str, names: tuple[str, ...], event: Rows) -> Feed | None:
    indices = [index for index, rule in enumerate(hits.rules) if rule.meta.id == rule_id]
    mine = np.flatnonzero(np.isin(hits.rule, np.array(indices, np.int32)))
    if not len(mine):
        return None
    times = np.where(hits.times.present[mine], hits.times.numbers[mine], NO_TIME)
    fields: Mapping[str, Column] = {
        name: column.take(mine) for name in names if (column := hits.seen_column(indices[0], name)) is not None
    }
    return Feed(rule_id, times, event[mine], event[mine], fields)
