"""What a set of rules covers: behaviours, chains and ATT&CK techniques by rule, sample and event source.

Examples
--------
>>> import lotl
>>> rule = '''
... title: Who am I
... id: 5f8a2b1c-3d4e-4f60-8a7b-9c0d1e2f3a4b
... logsource: {product: windows, category: process_creation}
... detection: {selection: {CommandLine|contains: whoami}, condition: selection}
... tags: [attack.t1033, lotl.vt-041]
... level: low
... '''
>>> found = coverage(lotl.rules(rule))
>>> found.behaviours["VT-041"].level, [str(source) for source in found.behaviours["VT-041"].watched]
('low', ['Sysmon 1', 'Security 4688'])
>>> found.behaviours["VT-042"].reason
'no rule'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lotl.hunt.behaviours import BEHAVIOURS, CHAINS, Behaviour, Chain, Source
from lotl.hunt.samples import Samples, samples_of
from lotl.sigma.model import LEVELS, Correlation, Meta, Rule
from lotl.sigma.ruleset import RuleSet

_TECHNIQUE: Final = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)")


@dataclass(frozen=True)
class RuleCover:
    """What one rule or correlation covers.

    Attributes
    ----------
    meta : Meta
    sources : tuple of Source
        Events that it reads; for a correlation, those of the rules below it.
    samples : Samples
        Samples beside its file.
    correlation : bool
    """

    meta: Meta
    sources: tuple[Source, ...]
    samples: Samples
    correlation: bool = False


@dataclass(frozen=True)
class Cover:
    """The rules of one behaviour, chain or technique.

    Attributes
    ----------
    id, title : str
    rules : tuple of RuleCover
        Highest level first.
    possible : tuple of Source
        Events that can show it, where the catalogue says so.
    limit : str
        What limits the view of it.
    """

    id: str
    title: str
    rules: tuple[RuleCover, ...]
    possible: tuple[Source, ...] = ()
    limit: str = ""

    @property
    def level(self) -> str:
        """Highest level of its rules; empty without rules."""
        return max((rule.meta.level for rule in self.rules), key=_rank, default="")

    @property
    def watched(self) -> tuple[Source, ...]:
        """Events that its rules read."""
        return merged(source for rule in self.rules for source in rule.sources)

    @property
    def unwatched(self) -> tuple[Source, ...]:
        """Events that could show it and that none of its rules reads."""
        read = {(source.channel.lower(), number) for source in self.watched for number in source.event_ids}
        whole = {source.channel.lower() for source in self.watched if not source.event_ids}
        left = (
            Source(source.channel, (number,))
            for source in self.possible
            for number in source.event_ids
            if source.channel.lower() not in whole and (source.channel.lower(), number) not in read
        )
        return merged(left)

    @property
    def samples(self) -> tuple[int, int]:
        """Samples of its rules together: those that must fire, those that must not."""
        return sum(rule.samples.yes for rule in self.rules), sum(rule.samples.no for rule in self.rules)

    @property
    def reason(self) -> str:
        """Why no rule shows it; empty where one does."""
        if self.rules:
            return ""
        return (self.limit if self.limit and not self.possible else "") or "no rule"


@dataclass(frozen=True)
class Coverage:
    """What a set of rules covers.

    Attributes
    ----------
    rules : tuple of RuleCover
    behaviours, chains, techniques : dict of id to Cover
        Behaviours and chains of the whole catalogue; techniques that the rules or the catalogue name.
    """

    rules: tuple[RuleCover, ...]
    behaviours: Mapping[str, Cover] = field(default_factory=dict)
    chains: Mapping[str, Cover] = field(default_factory=dict)
    techniques: Mapping[str, Cover] = field(default_factory=dict)


def coverage(ruleset: RuleSet) -> Coverage:
    """Say what a set of rules covers.

    Rules are joined to behaviours and chains by their tags (``lotl.vt-011``, ``lotl.c-03``), to techniques by
    ``attack.t…``; samples are the ``.yes.jsonl`` and ``.no.jsonl`` beside a rule's file.

    Parameters
    ----------
    ruleset : RuleSet

    Returns
    -------
    Coverage
    """
    rules = _covers(ruleset)
    tagged: dict[str, list[RuleCover]] = {}
    for rule in sorted(rules, key=lambda rule: (-_rank(rule.meta.level), rule.meta.name or rule.meta.title)):
        for tag in dict.fromkeys(rule.meta.tags):
            tagged.setdefault(tag.lower(), []).append(rule)
    named = {found[1] for tag in tagged if (found := _TECHNIQUE.fullmatch(tag))}
    named |= {technique.lower() for one in BEHAVIOURS.values() for technique in one.techniques}
    return Coverage(
        tuple(rules),
        {name: _behaviour(one, tagged) for name, one in BEHAVIOURS.items()},
        {name: _chain(one, tagged) for name, one in CHAINS.items()},
        {name.upper(): _technique(name.upper(), tagged) for name in sorted(named)},
    )


def _behaviour(one: Behaviour, tagged: Mapping[str, list[RuleCover]]) -> Cover:
    return Cover(one.id, one.title, tuple(tagged.get(one.tag, ())), one.sources, one.limit)


def _chain(one: Chain, tagged: Mapping[str, list[RuleCover]]) -> Cover:
    rules = tuple(rule for rule in tagged.get(one.tag, ()) if rule.correlation)
    return Cover(one.id, one.title, rules, (), one.limit)


def _technique(name: str, tagged: Mapping[str, list[RuleCover]]) -> Cover:
    about = [one for one in BEHAVIOURS.values() if name in one.techniques]
    possible = merged(source for one in about for source in one.sources)
    return Cover(name, ", ".join(one.id for one in about), tuple(tagged.get(f"attack.{name.lower()}", ())), possible)


def _covers(ruleset: RuleSet) -> list[RuleCover]:
    """Return the rules that alert, correlations last; rules that only serve a correlation lend it their sources."""
    sources = {rule.meta.id: _read(rule) for rule in ruleset.rules}
    waiting = {one.meta.id: one for one in ruleset.correlations}
    covers = [
        RuleCover(rule.meta, sources[rule.meta.id], samples_of(rule.meta.path))
        for rule in ruleset.rules
        if rule.generates
    ]
    covers += [
        RuleCover(one.meta, _below(one, sources, waiting), samples_of(one.meta.path), correlation=True)
        for one in ruleset.correlations
        if one.alerts
    ]
    return covers


def _read(rule: Rule) -> tuple[Source, ...]:
    """Return the events that a rule reads: what its log source says, narrowed to the channels and ids that it names."""
    detection = rule.document.get("detection")
    ids = tuple(sorted({int(value) for value in _named(detection, "EventID") if value.isdecimal()}))
    channels = [value for value in _named(detection, "Channel") if "*" not in value] or ["any channel"]
    return merged(
        Source(channel, tuple(sorted(each.event_ids or ids)))
        for each in rule.selectors
        for channel in ([each.channel] if each.channel else channels)
    )


def _named(part: Any, field_name: str) -> Iterator[str]:
    """Yield the values that a detection gives for a field, at any depth."""
    if isinstance(part, Mapping):
        for name, value in part.items():
            if name == field_name:
                yield from map(str, value if isinstance(value, list) else [value])
            else:
                yield from _named(value, field_name)
    elif isinstance(part, list):
        for one in part:
            yield from _named(one, field_name)


def _below(
    one: Correlation, sources: Mapping[str, tuple[Source, ...]], others: Mapping[str, Correlation]
) -> tuple[Source, ...]:
    """Return the sources of everything that a correlation reads; a circle ends where it closes."""
    found: list[Source] = []
    todo, seen = list(one.rules), set[str]()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        found += sources.get(name, ())
        todo += others[name].rules if name in others else ()
    return merged(found)


def merged(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Return sources with one entry per channel, sorted; a whole channel swallows its event ids.

    Examples
    --------
    >>> [str(source) for source in merged([Source("System", (7045,)), Source("system", (104,))])]
    ['System 104, 7045']
    """
    names: dict[str, str] = {}
    ids: dict[str, set[int] | None] = {}
    for source in sources:
        key = source.channel.lower()
        names.setdefault(key, source.channel)
        known = ids.setdefault(key, set())
        ids[key] = None if known is None or not source.event_ids else known | set(source.event_ids)
    return tuple(sorted(Source(names[key], tuple(sorted(numbers or ()))) for key, numbers in ids.items()))


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else -1
