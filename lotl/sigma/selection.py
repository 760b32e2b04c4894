"""Choosing rules of a set by level, status, tag, log source and name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final, overload

from lotl.errors import InputError
from lotl.sigma.model import LEVELS, Correlation, Meta, Rule
from lotl.sigma.ruleset import STATUSES, RuleSet

TAG_ALIASES: Final = {
    "attack.defense-evasion": ("attack.stealth", "attack.defense-impairment"),
    "attack.stealth": ("attack.defense-evasion",),
    "attack.defense-impairment": ("attack.defense-evasion",),
    "attack.t1070.001": ("attack.t1685.005",),
    "attack.t1685.005": ("attack.t1070.001",),
}
"""Tags that ATT&CK v19 renamed, both ways: rule sets of either age are found by either name."""


class Selection:
    """The conditions of `RuleSet.select`, and their result."""

    def __init__(
        self,
        rules: RuleSet,
        level: str | None,
        status: str | Iterable[str] | None,
        tag: str | Iterable[str] | None,
        exclude: str | Iterable[str] | None,
        logsource: str | None,
    ) -> None:
        self._set = rules
        self._lowest = LEVELS.index(_known(level, LEVELS, "level")) if level else 0
        self._statuses = {_known(word, STATUSES, "status") for word in _words(status)}
        self._tags, self._excluded = _words(tag), _words(exclude)
        self._logsource = logsource.lower() if logsource else None

    def result(self) -> RuleSet:
        """Return the selected rules, with those that selected correlations read."""
        whole = self._set
        metas = whole.metas
        correlations = [c for c in whole.correlations if self._wants(c.meta) and self._logsource is None]
        chosen = [at for at, meta in enumerate(metas) if self._wants(meta) and self._wants_source(at)]
        picked = set(chosen)
        loud = {correlation.meta.id for correlation in correlations}
        needed = self._needed(correlations)
        chosen = [at for at, meta in enumerate(metas) if at in picked or meta.id in needed]
        kept = RuleSet(
            ChosenRules(whole.rules, chosen, metas, picked),
            [
                each if each.meta.id in loud else replace(each, alerts=False)
                for each in whole.correlations
                if each.meta.id in loud | needed
            ],
            whole.filters,
            whole.errors,
            whole.warnings,
            whole.skipped,
            whole.placeholders,
        )
        if whole.whole is None:
            kept.whole, kept.chosen = whole, chosen
        else:
            kept.whole, kept.chosen = whole.whole, [(whole.chosen or [])[at] for at in chosen]
        return kept

    def _needed(self, correlations: list[Correlation]) -> set[str]:
        needed: set[str] = set()
        reads = {each.meta.id: each.rules for each in self._set.correlations}
        open_ids = [rule_id for correlation in correlations for rule_id in correlation.rules]
        while open_ids:
            rule_id = open_ids.pop()
            if rule_id not in needed:
                needed.add(rule_id)
                open_ids += reads.get(rule_id, ())
        return needed

    def _wants(self, meta: Meta) -> bool:
        level = LEVELS.index(meta.level) if meta.level in LEVELS else 0
        names = {meta.id.lower(), meta.name.lower(), meta.title.lower()} - {""}
        return (
            level >= self._lowest
            and (not self._statuses or meta.status in self._statuses)
            and (not self._tags or _tagged(meta, self._tags))
            and not any(_fits(name, word) for name in names for word in self._excluded)
            and not _tagged(meta, self._excluded)
        )

    def _wants_source(self, at: int) -> bool:
        if self._logsource is None:
            return True
        source = self._set.rules[at].logsource
        parts = {(part or "").lower() for part in (source.category, source.product, source.service)}
        return self._logsource in parts


class ChosenRules(Sequence[Rule]):
    """Some rules of a sequence, looked up when they are asked for.

    Parameters
    ----------
    rules : sequence of Rule
    chosen : list of int
        Positions in `rules`.
    metas : list of Meta
        Of all of `rules`.
    loud : set of int
        Positions of those that may alert by themselves.
    """

    def __init__(self, rules: Sequence[Rule], chosen: list[int], metas: list[Meta], loud: set[int]) -> None:
        self._rules, self._chosen, self._loud = rules, chosen, loud
        self.metas = [metas[at] for at in chosen]

    def __len__(self) -> int:
        return len(self._chosen)

    @overload
    def __getitem__(self, index: int) -> Rule: ...
    @overload
    def __getitem__(self, index: slice) -> list[Rule]: ...
    def __getitem__(self, index: int | slice) -> Rule | list[Rule]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        at = self._chosen[index]
        rule = self._rules[at]
        return rule if at in self._loud or not rule.generates else replace(rule, generates=False)


def _tagged(meta: Meta, wanted: set[str]) -> bool:
    words = wanted.union(*(TAG_ALIASES.get(word, ()) for word in wanted))
    return any(_fits(tag, word) or tag.startswith(f"{word}.") for tag in meta.tags for word in words)


def _fits(text: str, word: str) -> bool:
    return text == word or ("*" in word and fnmatchcase(text, word.replace("[", "[[]")))


def _known(word: str, allowed: tuple[str, ...], what: str) -> str:
    word = word.strip().lower()
    if word not in allowed:
        raise InputError(f"unknown {what} '{word}'", hint=f"one of: {', '.join(allowed)}")
    return word


def _words(given: str | Iterable[str] | None) -> set[str]:
    listed = [] if given is None else [given] if isinstance(given, str) else given
    return {text.strip().lower() for text in listed}
