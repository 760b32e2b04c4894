"""The summary of a run: what every report says, counted once."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lotl.hits import Hits
from lotl.sigma.model import LEVELS, Meta, State
from lotl.sources.base import Account


@dataclass(frozen=True)
class RuleLine:
    """Hits of one rule.

    Attributes
    ----------
    meta : Meta
    hits : tuple of int
        Hit numbers, in input order.
    computers : tuple of str
        Most hits first.
    first, last : int or None
        µs since 1970 UTC.
    """

    meta: Meta
    hits: tuple[int, ...]
    computers: tuple[str, ...]
    first: int | None
    last: int | None

    @property
    def level(self) -> str:
        """Level, "informational" where the rule has none."""
        return self.meta.level or "informational"


@dataclass
class Summary:
    """What a run found and what it could not.

    Attributes
    ----------
    lines : list of RuleLine
        Highest level first, then most hits, then title.
    correlations : list of dict
        Results of correlation rules, as ``hits.correlations.to_pylist()`` gives them.
    levels : dict of str to int
        Hits per level.
    states : dict of State to int
        Rules per state.
    files, events, damaged, skipped : int
    first, last : int or None
        Time range of the events, µs since 1970 UTC.
    lost : int
        Records that are there but could not be read.
    """

    lines: list[RuleLine]
    correlations: list[dict[str, Any]]
    levels: dict[str, int]
    states: dict[State, int]
    files: int
    events: int
    damaged: int
    skipped: int
    lost: int
    first: int | None
    last: int | None
    seconds: float
    problems: list[str] = field(default_factory=list)
    damage: list[tuple[str, str]] = field(default_factory=list)
    """Name of each damaged file, and what is wrong with it first of all."""


def summarise(hits: Hits) -> Summary:
    """Summarise a result."""
    accounts = hits.run.accounts
    return Summary(
        lines=_lines(hits),
        correlations=hits.correlations.to_pylist(),
        levels=hits.by_level(),
        states=hits.run.state_counts(),
        files=len(accounts),
        events=hits.run.records,
        damaged=sum(account.damaged for account in accounts),
        skipped=len(hits.run.skipped),
        lost=sum(account.lost for account in accounts),
        first=min((a.first for a in accounts if a.first is not None), default=None),
        last=max((a.last for a in accounts if a.last is not None), default=None),
        seconds=hits.run.seconds,
        problems=list(hits.run.problems),
        damage=[(account.name, _first_problem(account)) for account in accounts if account.damaged],
    )


def _first_problem(account: Account) -> str:
    if account.problems:
        first = account.problems[0]
        return first.what if first.where == "file" else f"{first.where}: {first.what}"
    return f"{account.lost:,} records lost, {account.truncated:,} bytes cut off"


def _lines(hits: Hits) -> list[RuleLine]:
    computers = hits.table.column("computer").to_pylist()
    by_rule: dict[int, list[int]] = defaultdict(list)
    for hit, rule in enumerate(hits.rule.tolist()):
        by_rule[rule].append(hit)
    lines = []
    for rule, numbers in by_rule.items():
        moments = hits.times.numbers[numbers][hits.times.present[numbers]]
        names = Counter(computers[hit] or "" for hit in numbers)
        lines.append(
            RuleLine(
                hits.rules[rule].meta,
                tuple(numbers),
                tuple(name for name, _ in names.most_common() if name),
                int(np.min(moments)) if len(moments) else None,
                int(np.max(moments)) if len(moments) else None,
            )
        )
    return sorted(lines, key=lambda line: (-rank(line.level), -len(line.hits), line.meta.title, line.meta.id))


def rank(level: str) -> int:
    """Return the place of a level, -1 for an unknown one.

    Examples
    --------
    >>> rank("high") > rank("low") > rank("")
    True
    """
    return LEVELS.index(level) if level in LEVELS else -1
