"""Why a rule hits events, or almost does: the reference evaluator over the distinct events of a log set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lotl.errors import RuleError
from lotl.events import Events
from lotl.frame import Partition
from lotl.hits.evidence import alike, fields_of
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
        places = np.arange(len(seen)) if row is None else np.flatnonzero(rows == row)
        for members in (places[group] for group in alike(seen, fields_of(rule.node), places)):
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
