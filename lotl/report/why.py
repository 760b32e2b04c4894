"""Why a rule hits events, or almost does: the reference evaluator over the distinct events of a log set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from lotl.columns import Column, Rows
from lotl.errors import RuleError
from lotl.events import Events
from lotl.frame import Partition
from lotl.hits.evidence import fields_of
from lotl.match.fields import candidates
from lotl.normalise.views import view
from lotl.sigma.model import Correlation, Rule

if TYPE_CHECKING:
    from lotl.match.reference import Explanation


@dataclass(frozen=True)
class Found:
    """An event, or several that look alike to the rule.

    Attributes
    ----------
    row : int
        Place of the first of them in the input.
    rows : int
        How many there are.
    source : str
        File of the first.
    explanation : Explanation
    """

    row: int
    rows: int
    source: str
    explanation: Explanation

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {"row": self.row, "rows": self.rows, "source_file": self.source, **self.explanation.to_dict()}


def why(
    rule: Rule | Correlation,
    events: Events,
    *,
    near: bool = False,
    row: int | None = None,
    placeholders: Mapping[str, Sequence[str]] | None = None,
    logsource: str = "match",
) -> Iterator[Found]:
    """Explain a rule on events.

    Parameters
    ----------
    rule : Rule
    events : Events
    near : bool
        Events that one value keeps from being hits, rather than hits.
    row : int, optional
        Only the event at this place in the input, hit or not.
    placeholders : mapping, optional
    logsource : {"match", "ignore"}

    Raises
    ------
    RuleError
        The rule is a correlation: explain the rules that it reads.
    """
    from lotl.match.reference import Reference

    if isinstance(rule, Correlation):
        hint = f"explain the rules that it reads: {', '.join(rule.rules)}"
        raise RuleError("a correlation has no events of its own", where=rule.meta.title, hint=hint)
    reference = Reference(rule.document, placeholders)
    for partition, rows in zip(events.partitions, events.rows, strict=True):
        seen = _seen(rule, partition, logsource)
        if seen is None:
            continue
        for members in _alike(seen, fields_of(rule.node), None if row is None else np.flatnonzero(rows == row)):
            explanation = reference.explain(seen.flat(int(members[0])))
            wanted = row is not None or (explanation.root.missing() == 1 if near else explanation.matched)
            if wanted:
                source = int(partition.source[members[0]])
                name = events.accounts[source].name if source < len(events.accounts) else ""
                yield Found(int(rows[members[0]]), len(members), name, explanation)


def _seen(rule: Rule, partition: Partition, logsource: str) -> Partition | None:
    if logsource == "ignore":
        return partition
    selector = next((s for s in rule.selectors if s.selects(partition.kind)), None)
    if selector is None:
        return None
    return view(partition, selector.view) if selector.view else partition


def _alike(partition: Partition, names: frozenset[str | None], only: Rows | None) -> list[Rows]:
    """Group rows that have the same values in all fields that the rule reads, by first appearance."""
    rows = np.arange(len(partition)) if only is None else only
    if None in names or not len(rows):
        return [rows[place : place + 1] for place in range(len(rows))]
    there = {place for name in names if name is not None for place in candidates(name, partition.fields)}
    group = np.zeros(len(rows), np.int64)
    for name in sorted(there):
        pairs = group * (2**31) + _codes(partition.fields[name])[rows]
        group = pa.array(pairs).dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    order = np.argsort(group, kind="stable")
    bounds = np.flatnonzero(np.diff(group[order])) + 1
    return [rows[members] for members in np.split(order, bounds)]


def _codes(column: Column) -> Rows:
    """Return one number per row, equal where the values are equal."""
    text = column.text()
    if text.offsets is None:
        return text.codes.astype(np.int64)
    lists = [tuple(text.codes[a:b].tolist()) for a, b in zip(text.offsets[:-1], text.offsets[1:], strict=True)]
    places = {value: place for place, value in enumerate(dict.fromkeys(lists))}
    return np.array([places[value] for value in lists], np.int64)
