"""Hits: which rule hit which event.

Hits keep the events they are about (those rows only), so that a result can be grouped, explained and correlated after
the logs are gone from memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from lotl.columns import MISSING, Column, Int, Rows
from lotl.errors import InputError, MissingExtra
from lotl.events import Events
from lotl.frame import Partition
from lotl.hits import table as tables
from lotl.hits.evidence import alike, evidence, fields_of, read_by
from lotl.hits.parts import Evidence, HitPart, Run
from lotl.match.fields import Fields, candidates
from lotl.normalise.canonical.events import with_canonical
from lotl.normalise.views import view
from lotl.sigma.model import LEVELS, Rule

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from lotl.hits.correlations import Correlations
    from lotl.match.reference import Explanation, Reference
    from lotl.normalise.canonical import Step
    from lotl.sigma.ruleset import RuleSet


class Hits:
    """The result of a scan, in input order.

    Parameters
    ----------
    ruleset : RuleSet
    rules : sequence of Rule
        What rule indices refer to.
    parts : sequence of HitPart
    run : Run
    time_field : str, optional
        Field with the event time, where it is not TimeCreated.

    Attributes
    ----------
    rule : ndarray of int32, shape (n,)
        Index into `rules` of each hit.
    part, row : ndarray of int64, shape (n,)
        Part of each hit's event, and its row there.
    source, position : ndarray of int64, shape (n,)
        File of each hit's event (index into ``run.accounts``), and its place in the file.
    canonical : ndarray of bool, shape (n,)
        Hits that only canonical command lines show (`lotl.normalise.canonical`); the others are plain Sigma.

    Examples
    --------
    >>> import lotl
    >>> rule = '''
    ... title: Who am I
    ... logsource: {product: windows, category: process_creation}
    ... detection: {selection: {CommandLine|contains: whoami}, condition: selection}
    ... level: low
    ... '''
    >>> hits = lotl.scan(lotl.from_records([{"CommandLine": "whoami /all"}]), rule, logsource="ignore")
    >>> [(row["rule_title"], row["row"]) for row in hits.to_pylist()]
    [('Who am I', 0)]
    >>> [str(item) for item in hits.evidence(0)]
    ['CommandLine: whoami /all']
    """

    def __init__(
        self,
        ruleset: RuleSet,
        rules: Sequence[Rule],
        parts: Sequence[HitPart],
        run: Run,
        *,
        time_field: str | None = None,
    ) -> None:
        self.ruleset, self.rules, self.run, self.time_field = ruleset, rules, run, time_field
        self.parts = tuple(part for part in parts if len(part.rule))
        alerting = np.array([rule.generates for rule in rules], np.bool_)
        self._lay_out(alerting)

    def _lay_out(self, wanted: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
        """Put the hits of the wanted rules in input order, rules of one event in plan order."""
        parts = self.parts
        number = np.repeat(np.arange(len(parts)), [len(part.rule) for part in parts])
        rule = _join([part.rule for part in parts]).astype(np.int32)
        row = _join([part.row for part in parts])
        source = _join([part.partition.source[part.row] for part in parts])
        position = _join([part.partition.position[part.row] for part in parts])
        canonical = np.concatenate([np.zeros(0, np.bool_), *map(_canonical, parts)])
        order = np.lexsort((rule, position, source))
        order = order[wanted[rule[order]]] if len(order) else order
        self._evidence: list[tuple[Evidence, ...]] | None = None
        self.part, self.rule, self.row = number[order], rule[order], row[order]
        self.source, self.position = source[order], position[order]
        self.canonical: np.ndarray[Any, np.dtype[np.bool_]] = canonical[order]

    def _with(self, wanted: np.ndarray[Any, np.dtype[np.bool_]]) -> Hits:
        other = object.__new__(Hits)
        other.ruleset, other.rules, other.parts = self.ruleset, self.rules, self.parts
        other.run, other.time_field = self.run, self.time_field
        other._lay_out(wanted)
        return other

    @cached_property
    def all(self) -> Hits:
        """The hits with those of rules that only serve a correlation."""
        return self._with(np.ones(len(self.rules), np.bool_))

    def __len__(self) -> int:
        return len(self.rule)

    def __repr__(self) -> str:
        counts = self.by_level()
        levels = ", ".join(f"{count:,} {level}" for level, count in counts.items())
        return f"<lotl.Hits: {len(self):,} hits of {len(self.by_rule()):,} rules ({levels or 'none'})>"

    def by_level(self) -> dict[str, int]:
        """Hits per level, highest level first."""
        counts = Counter(self.rules[index].meta.level or "informational" for index in self.rule.tolist())
        return {level: counts[level] for level in reversed(LEVELS) if counts[level]}

    def by_rule(self) -> dict[str, int]:
        """Hits per rule id, most first."""
        return dict(Counter(self.rules[index].meta.id for index in self.rule.tolist()).most_common())

    @cached_property
    def times(self) -> Int:
        """Time of each hit's event, µs UTC; invalid where the event has none."""
        return tables.times(self)

    @cached_property
    def rows(self) -> Rows:
        """Place of each hit's event in the whole input, counted from 0."""
        accounts = self.run.accounts
        starts = np.cumsum([0, *[account.records for account in accounts]])
        rows = self.position.copy()
        for source in dict.fromkeys(self.source.tolist()):
            mine = np.flatnonzero(self.source == source)
            rows[mine] = accounts[source].ordinals(rows[mine]) + starts[source]
        return rows

    def column(self, name: str) -> Column | None:
        """Return field `name` of each hit's event, or None where none has it."""
        return tables.gather(self, [part.partition.fields.get(name) for part in self.parts])

    @cached_property
    def table(self) -> pa.Table:
        """All hits as one Arrow table (columns: `lotl.hits.table.COLUMNS`), without the evidence."""
        return tables.table(self)

    @cached_property
    def events(self) -> Events:
        """The events that were hit, each once."""
        return Events([part.partition for part in self.parts], self.run.accounts)

    @cached_property
    def correlations(self) -> Correlations:
        """What the correlation rules of the rule set found."""
        from lotl.hits.correlations import correlations

        return correlations(self)

    def rule_of(self, hit: int) -> Rule:
        """Return the rule of hit `hit`."""
        return self.rules[int(self.rule[self._check(hit)])]

    def event(self, hit: int) -> dict[str, Any]:
        """Return the event of hit `hit` as a flat dict, under the names that its rule uses."""
        self._check(hit)
        return self._viewed(int(self.part[hit]), self.rule_of(hit)).flat(int(self.row[hit]))

    def raw(self, hit: int) -> dict[str, Any]:
        """Return the event of hit `hit` as ``{"System": {...}, "EventData": {...}}``."""
        self._check(hit)
        return self.parts[int(self.part[hit])].partition.nested(int(self.row[hit]))

    def explain(self, hit: int) -> Explanation:
        """Return how the rule of hit `hit` came to its result: per selection, field and value."""
        partition, row = self._seen(hit)
        return self._reference(int(self.rule[hit])).explain(partition.flat(row))

    def steps(self, hit: int) -> tuple[Step, ...]:
        """Return what was undone in the command lines of a hit that only canonical texts show; else nothing."""
        from lotl.normalise.canonical.events import undone

        if not self.canonical[self._check(hit)]:
            return ()
        forms = undone(self.parts[int(self.part[hit])].partition, int(self.row[hit]))
        return tuple(dict.fromkeys(step for form in forms.values() for step in form.steps))

    def evidence(self, hit: int) -> tuple[Evidence, ...]:
        """Return the values that made the rule hit, in the order of the rule."""
        if self._evidence is None:
            partition, row = self._seen(hit)
            return evidence(self._reference(int(self.rule[hit])), partition.flat(row))
        return self._evidence[self._check(hit)]

    def all_evidence(self) -> list[tuple[Evidence, ...]]:
        """Return the evidence of every hit: looked for once per rule and distinct values of what the rule reads."""
        if self._evidence is None:
            found: list[tuple[Evidence, ...]] = [()] * len(self)
            width = len(self.rules) + 1
            keys = (self.part * width + self.rule) * 2 + self.canonical
            order = np.argsort(keys, kind="stable")
            for mine in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1) if len(order) else []:
                rule, part = int(self.rule[mine[0]]), int(self.part[mine[0]])
                partition = self._viewed(part, self.rules[rule], canonical=bool(self.canonical[mine[0]]))
                columns = {name: partition.fields[name] for name in read_by(partition, self._fields_of(rule))}
                for group in alike(partition, self._fields_of(rule), self.row[mine]):
                    row = int(self.row[mine[group[0]]])
                    event = {name: column[row] for name, column in columns.items() if column[row] is not MISSING}
                    seen = evidence(self._reference(rule), event)
                    for hit in mine[group].tolist():
                        found[hit] = seen
            self._evidence = found
        return self._evidence

    def _fields_of(self, rule: int) -> frozenset[str | None]:
        if rule not in self._fields:
            self._fields[rule] = fields_of(self.rules[rule].node)
        return self._fields[rule]

    def seen_column(self, rule: int, name: str) -> Column | None:
        """Return field `name` of each hit's event as rule number `rule` names it: through its view, spelled its way."""
        columns: list[Column | None] = []
        for number in range(len(self.parts)):
            fields = Fields(self._viewed(number, self.rules[rule]))
            columns.append(fields.first(candidates(name, fields.ordered())))
        return tables.gather(self, columns)

    def _seen(self, hit: int) -> tuple[Partition, int]:
        """Return the event of a hit as its rule saw it: through the view of its log source, with canonical texts."""
        canonical = bool(self.canonical[self._check(hit)])
        return self._viewed(int(self.part[hit]), self.rule_of(hit), canonical=canonical), int(self.row[hit])

    def _viewed(self, part: int, rule: Rule, *, canonical: bool = False) -> Partition:
        partition = self.parts[part].partition
        name = next((s.view for s in rule.selectors if s.view and s.selects(partition.kind)), None)
        key = (part, name, canonical)
        if key not in self._views:
            spread = with_canonical(partition) if canonical else None
            partition = partition if spread is None else spread[0]
            self._views[key] = partition if name is None else view(partition, name)
        return self._views[key]

    def _reference(self, rule: int) -> Reference:
        if rule not in self._references:
            from lotl.match.reference import Reference

            self._references[rule] = Reference(self.rules[rule].document, self.ruleset.placeholders)
        return self._references[rule]

    @cached_property
    def _views(self) -> dict[tuple[int, str | None, bool], Partition]:
        return {}

    @cached_property
    def _references(self) -> dict[int, Reference]:
        return {}

    @cached_property
    def _fields(self) -> dict[int, frozenset[str | None]]:
        return {}

    def _check(self, hit: int) -> int:
        if not 0 <= hit < len(self):
            raise InputError(f"there is no hit {hit}", hint=f"hits go from 0 to {len(self) - 1}")
        return hit

    def to_pylist(self) -> list[dict[str, Any]]:
        """Return the hits as dicts: the columns of `table`, and ``evidence`` as a list of dicts."""
        rows: list[dict[str, Any]] = self.table.to_pylist()
        for row, seen in zip(rows, self.all_evidence(), strict=True):
            row["evidence"] = [vars(item) for item in seen]
        return rows

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_pylist())

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand `table` to anything that speaks the Arrow PyCapsule interface."""
        return self.table.__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> pd.DataFrame:
        """Return `table` as a pandas frame."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return `table` as a polars frame.

        Raises
        ------
        MissingExtra
            polars is not installed.
        """
        try:
            import polars
        except ImportError as error:
            raise MissingExtra.of("polars", "polars") from error
        return polars.DataFrame(self.table)


def _canonical(part: HitPart) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.zeros(len(part.rule), np.bool_) if part.canonical is None else part.canonical


def _join(arrays: Sequence[np.ndarray[Any, Any]]) -> Rows:
    return np.concatenate([np.zeros(0, np.int64), *arrays]).astype(np.int64)
