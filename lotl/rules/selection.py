"""Choosing rules of a set by level, status, tag, log source and name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lotl.errors import InputError
from lotl.rules.model import LEVELS, Correlation, Meta, Rule
from lotl.rules.ruleset import STATUSES, RuleSet


class Selection:
    """The conditions of `RuleSet.select`, and their result."""

    def __init__(
        self,
        rules: RuleSet,
        level: str | None,
        status: str | None,
        tag: str | Iterable[str] | None,
        exclude: str | Iterable[str] | None,
        logsource: str | None,
    ) -> None:
        self._set = rules
        self._lowest = LEVELS.index(_known(level, LEVELS, "level")) if level else 0
        self._statuses = _statuses(status)
        self._tags, self._excluded = _words(tag), _words(exclude)
        self._logsource = logsource.lower() if logsource else None

    def result(self) -> RuleSet:
        """Return the selected rules, with those that selected correlations read."""
        correlations = [c for c in self._set.correlations if self._wants(c.meta) and self._logsource is None]
        chosen = {rule.meta.id for rule in self._set.rules if self._wants(rule.meta) and self._wants_source(rule)}
        chosen_correlations = {correlation.meta.id for correlation in correlations}
        needed = self._needed(correlations)
        kept = RuleSet(
            [
                rule if rule.meta.id in chosen else replace(rule, generates=False)
                for rule in self._set.rules
                if rule.meta.id in chosen or rule.meta.id in needed
            ],
            [
                c if c.meta.id in chosen_correlations else replace(c, alerts=False)
                for c in self._set.correlations
                if c.meta.id in chosen_correlations or c.meta.id in needed
            ],
            self._set.filters,
            self._set.errors,
            self._set.warnings,
            self._set.skipped,
            self._set.placeholders,
        )
        return kept

    def _needed(self, correlations: list[Correlation]) -> set[str]:
        needed: set[str] = set()
        open_ids = [rule_id for correlation in correlations for rule_id in correlation.rules]
        while open_ids:
            rule_id = open_ids.pop()
            if rule_id not in needed:
                needed.add(rule_id)
                found = self._set.by_id.get(rule_id)
                open_ids += found.rules if isinstance(found, Correlation) else ()
        return needed

    def _wants(self, meta: Meta) -> bool:
        level = LEVELS.index(meta.level) if meta.level in LEVELS else 0
        names = {meta.id.lower(), meta.name.lower(), meta.title.lower()} - {""}
        return (
            level >= self._lowest
            and (self._statuses is None or meta.status in self._statuses)
            and (not self._tags or _tagged(meta, self._tags))
            and not (names & self._excluded)
            and not _tagged(meta, self._excluded)
        )

    def _wants_source(self, rule: Rule) -> bool:
        source = rule.logsource
        parts = {(part or "").lower() for part in (source.category, source.product, source.service)}
        return self._logsource is None or self._logsource in parts


def _tagged(meta: Meta, wanted: set[str]) -> bool:
    return any(tag == word or tag.startswith(f"{word}.") for tag in meta.tags for word in wanted)


def _statuses(status: str | None) -> frozenset[str] | None:
    if not status:
        return None
    named = [_known(word, STATUSES, "status") for word in status.split(",") if word.strip()]
    return frozenset(named if len(named) > 1 else STATUSES[STATUSES.index(named[0]) :])


def _known(word: str, allowed: tuple[str, ...], what: str) -> str:
    word = word.strip().lower()
    if word not in allowed:
        raise InputError(f"unknown {what} '{word}'", hint=f"one of: {', '.join(allowed)}")
    return word


def _words(given: str | Iterable[str] | None) -> set[str]:
    listed = [] if given is None else [given] if isinstance(given, str) else given
    return {text.strip().lower() for text in listed}
