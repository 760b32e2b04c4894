"""Assembly: entries to a `RuleSet`. Each document ends as a rule, correlation or filter, or as an `Issue`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from lotl.errors import UnsupportedRule
from lotl.schema import Selector
from lotl.sigma import condition, documents
from lotl.sigma.correlation import Draft, Resolver, in_circle, read_correlation, silence
from lotl.sigma.entries import Entry, Sort
from lotl.sigma.fault import Fault, spell
from lotl.sigma.filters import Filter, filtered, read_filter
from lotl.sigma.logsource import selectors
from lotl.sigma.lower import conditions_of, lower
from lotl.sigma.meta import logsource_of, metadata, problems
from lotl.sigma.model import Correlation, Issue, LogSource, Meta, Rule, State
from lotl.sigma.ruleset import RuleSet

LONGEST = 600
"""Characters of what is said about one rule; hostile rules would have more to say."""


class Transform(Protocol):
    """A rewriting of whole rule documents (see `lotl.sigma.pipelines`)."""

    def __call__(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the rewritten document; raises `Fault`."""


class Assembly:
    """One load.

    Parameters
    ----------
    placeholders : mapping of str to list of str
    transform : Transform or None
    """

    def __init__(self, placeholders: Mapping[str, list[str]], transform: Transform | None = None) -> None:
        self._placeholders, self._transform = placeholders, transform
        self._errors: list[Issue] = []
        self._warnings: list[Issue] = []
        self._first: dict[str, Entry] = {}
        self._ids: set[str] = set()
        self._lost: dict[str, str] = {}
        self._unusable: set[str] = set()
        self._filters: list[Filter] = []
        self._applied: set[int] = set()

    def run(self, entries: list[Entry], filters: list[Entry], skipped: int = 0) -> RuleSet:
        """Return the rule set of all entries; `filters` may hold nothing but filters."""
        for entry in filters:
            self._refuse_other(entry)
        self._read_filters([e for e in (*entries, *filters) if e.sort is Sort.FILTER and not e.problem])
        rules: list[Rule] = []
        drafts: list[tuple[Entry, Draft]] = []
        for entry in entries:
            if entry.sort is Sort.RULE:
                rules += self._rule(entry)
            elif entry.sort is Sort.CORRELATION:
                drafts += [(entry, draft) for draft in self._draft(entry)]
            elif entry.problem:
                self._fail(entry, Fault(entry.problem))
        rules, correlations = silence(rules, self._resolved(rules, drafts))
        self._report_idle_filters()
        return RuleSet(
            rules,
            correlations,
            [each.meta for each in self._filters],
            self._errors,
            self._warnings,
            skipped,
            self._placeholders,
        )

    def _rule(self, entry: Entry) -> Iterator[Rule]:
        meta = self._meta(entry)
        if meta is None:
            return
        try:
            mild = problems(entry.content)
            logsource = logsource_of(entry.content)
            document = self._final(entry.content, meta, logsource)
            if self._transform is not None:
                logsource = logsource_of(document)
            node = lower(document["detection"], self._placeholders)
        except Fault as fault:
            self._fail(entry, fault)
            return
        for what in (*mild, *entry.remarks, *_unused(document["detection"])):
            self._warn(entry, meta, what)
        yield Rule(meta, logsource, self._selectors(entry, meta, logsource), node, document)

    def _final(self, content: Mapping[str, Any], meta: Meta, logsource: LogSource) -> dict[str, Any]:
        """Return the document with filters and pipelines applied."""
        document = dict(content)
        conditions_of(document.get("detection"))
        # Sigma 1 kept the time window of an aggregation here; it is no detection.
        detection = {name: value for name, value in document["detection"].items() if name != "timeframe"}
        conditions_of(detection)
        chosen = [each for each in self._filters if each.covers(meta, logsource)]
        self._applied.update(map(id, chosen))
        document["detection"] = filtered(detection, chosen) if chosen else detection
        if self._transform is None:
            return document
        try:
            lower(document["detection"], self._placeholders)  # a pipeline is never asked about an invalid rule
        except Fault as fault:
            if fault.state is State.INVALID:
                raise
        return self._transform(document)

    def _selectors(self, entry: Entry, meta: Meta, logsource: LogSource) -> tuple[Selector, ...]:
        try:
            return selectors(logsource)
        except UnsupportedRule as error:
            line = self._line(entry, ("logsource",))
            where = f"{entry.origin.name or 'text'}:{line} logsource"
            self._errors.append(Issue(State.UNSUPPORTED, meta.id, where, error.what, error.hint))
            return ()

    def _draft(self, entry: Entry) -> Iterator[Draft]:
        meta = self._meta(entry)
        if meta is None:
            return
        try:
            mild = problems(entry.content)
            draft = read_correlation(entry.content, meta)
        except Fault as fault:
            self._fail(entry, fault)
            return
        for what in mild:
            self._warn(entry, meta, what)
        yield draft

    def _resolved(self, rules: list[Rule], drafts: list[tuple[Entry, Draft]]) -> list[Correlation]:
        """Resolve references until nothing that is left refers to something that is lost."""
        while True:
            resolver = Resolver(rules, [draft for _, draft in drafts], self._lost)
            resolved: dict[str, Correlation] = {}
            kept = []
            for entry, draft in drafts:
                try:
                    resolved[draft.correlation.meta.id] = resolver.resolve(draft)
                    kept.append((entry, draft))
                except Fault as fault:
                    self._fail(entry, fault)
            circle = in_circle(resolved)
            for entry, draft in kept:
                if draft.correlation.meta.id in circle:
                    self._fail(entry, Fault("the correlation reads itself", ("correlation", "rules")))
            if len(kept) == len(drafts) and not circle:
                return list(resolved.values())
            drafts = [(entry, draft) for entry, draft in kept if draft.correlation.meta.id not in circle]

    def _read_filters(self, entries: list[Entry]) -> None:
        for entry in entries:
            meta = metadata(entry.content, entry.origin.name, entry.line)
            try:
                mild = problems(entry.content)
                self._filters.append(read_filter(entry.content, meta, self._placeholders))
            except Fault as fault:
                self._fail(entry, fault)
                continue
            for what in mild:
                self._warn(entry, meta, what)

    def _refuse_other(self, entry: Entry) -> None:
        if entry.sort is not Sort.FILTER:
            what = entry.problem or "this is no Sigma filter"
            self._fail(entry, Fault(what, hint="filters have a 'filter:' section"))

    def _report_idle_filters(self) -> None:
        for each in self._filters:
            if id(each) not in self._applied:
                where = f"{each.meta.path or 'text'}:{each.meta.line}"
                what = "the filter applies to none of the rules"
                self._warnings.append(Issue(State.LOADED, each.meta.id or each.meta.title, where, what))

    def _meta(self, entry: Entry) -> Meta | None:
        """Return the metadata with an id of its own; None for a repeated rule."""
        meta = metadata(entry.content, entry.origin.name, entry.line)
        if not meta.id:
            base = meta.name or meta.title or "untitled"
            number, unique = 1, base
            while unique.lower() in self._ids:
                number += 1
                unique = f"{base} #{number}"
            meta = replace(meta, id=unique)
        elif (before := self._first.get(meta.id.lower())) is not None:
            if before.content == entry.content:
                self._warn(entry, meta, f"the same rule is also in {before.where}; it is used once")
                return None
            if meta.id.lower() not in self._unusable:
                self._fail(entry, Fault(f"the id {meta.id} belongs to another rule, in {before.where}", ("id",)), False)
                return None
            # A rule that cannot be used keeps its id from nobody.
            self._unusable.discard(meta.id.lower())
            self._lost.pop(meta.id.lower(), None)
        self._first[meta.id.lower()] = entry
        self._ids.add(meta.id.lower())
        return meta

    def _fail(self, entry: Entry, fault: Fault, lost: bool = True) -> None:
        meta = metadata(entry.content, entry.origin.name, entry.line)
        if lost:
            self._unusable.add(meta.id.lower())
            self._lost.update({name.lower(): fault.what for name in (meta.id, meta.name) if name})
        place = spell(fault.path)
        where = f"{entry.origin.name or 'text'}:{self._line(entry, fault.path)}{' ' if place else ''}{place}"
        what = fault.what if len(fault.what) <= LONGEST else f"{fault.what[:LONGEST]}…"
        self._errors.append(Issue(fault.state, meta.id or meta.title, where, what, fault.hint))

    def _warn(self, entry: Entry, meta: Meta, what: str) -> None:
        self._warnings.append(Issue(State.LOADED, meta.id or meta.title, entry.where, what))

    @staticmethod
    def _line(entry: Entry, path: tuple[str | int, ...]) -> int:
        return documents.lines(entry.origin.data, entry.line, path) if path and entry.origin.data else entry.line


def _unused(detection: Mapping[str, Any]) -> list[str]:
    names = [name for name in detection if name != "condition"]
    trees = [condition.parse(text, names) for text in conditions_of(detection)]
    used = set().union(*map(condition.used, trees))
    unused = [name for name in names if name not in used and not name.startswith("_")]
    return [f"the condition does not use the detection {name!r}" for name in unused]
