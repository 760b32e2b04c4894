"""Correlations straight from their definition: sets of events, every window compared with every other; slow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import ceil
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from lotl.sigma.model import Correlation

OPERATORS = {"gt": gt, "gte": ge, "lt": lt, "lte": le, "eq": eq, "neq": ne}
NUMERIC = ("value_sum", "value_avg", "value_percentile", "value_median")


@dataclass(eq=False)
class Seen:
    """An occurrence: an event, or a moment of a correlation's result."""

    rule: str
    time: int
    order: int
    reference: Any
    fields: Mapping[str, Any]
    base: frozenset[tuple[str, int, int, int]]
    place: int = 0
    value: Any = None


@dataclass(eq=False)
class Found:
    correlation: Correlation
    group: tuple[Any, ...]
    count: Fraction
    base: frozenset[tuple[str, int, int, int]]
    members: list[Seen] = field(default_factory=list)
    moments: list[Seen] = field(default_factory=list)


def elements(value: Any) -> list[Any]:
    """Distinct non-null values of a field."""
    return [v for v in (value if isinstance(value, list) else [value]) if v is not None]


def grouped(occurrences: Iterable[Seen], names: Sequence[str], aliases: Any) -> dict[tuple[Any, ...], list[Seen]]:
    groups: dict[tuple[Any, ...], list[Seen]] = {}
    for seen in occurrences:
        fields = [aliases.get(name, {}).get(seen.rule, name) for name in names]
        for key in dict.fromkeys(product(*(map(str, elements(seen.fields.get(f))) for f in fields))):
            groups.setdefault(key, []).append(seen)
    return groups


def with_values(correlation: Correlation, occurrences: list[Seen]) -> list[Seen]:
    """Replace occurrences by one for each value that they bring; an event counts for the first rule that has some."""
    found: list[Seen] = []
    for seen in occurrences:
        names = [correlation.aliases.get(name, {}).get(seen.rule, name) for name in correlation.fields]
        lists = [list(map(str, elements(seen.fields.get(name)))) for name in names]
        values: list[Any] = list(product(*lists))
        if correlation.type != "value_count":
            values = [Fraction(text) for text in lists[0] if number(text)]
        found += [Seen(**{**vars(seen), "value": value}) for value in values]
    return found


def number(text: str) -> bool:
    try:
        Fraction(text)
    except ValueError:
        return False
    return "/" not in text and "_" not in text and text == text.strip() and text.isascii()


def first_rule_only(occurrences: list[Seen]) -> list[Seen]:
    first: dict[Any, int] = {}
    for seen in occurrences:
        key = (seen.reference, seen.time, seen.order)
        first[key] = min(first.get(key, seen.place), seen.place)
    return [s for s in occurrences if s.place == first[s.reference, s.time, s.order]]


def follows(one: Seen, other: Seen) -> bool:
    return (one.time, one.order) < (other.time, other.order) and one.place < other.place


def longest(window: list[Seen]) -> int:
    best: dict[int, int] = {}
    for seen in sorted(window, key=lambda s: (s.time, s.order)):
        best[id(seen)] = 1 + max((best[id(o)] for o in window if id(o) in best and follows(o, seen)), default=0)
    return max(best.values(), default=0)


def measure(correlation: Correlation, window: list[Seen]) -> Fraction:
    kind = correlation.type
    if kind == "event_count":
        return Fraction(len({s.reference for s in window}))
    if kind == "value_count":
        return Fraction(len({s.value for s in window}))
    if kind == "temporal":
        return Fraction(len({s.place for s in window}))
    if kind == "temporal_ordered":
        return Fraction(longest(window))
    values = sorted(s.value for s in window)
    if kind == "value_sum":
        return sum(values, Fraction(0))
    if kind == "value_avg":
        return sum(values, Fraction(0)) / len(values)
    if kind == "value_median":
        return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
    return values[max(1, ceil(Fraction(str(correlation.percentile)) * len(values) / 100)) - 1]


def logic(expression: Any, rules: set[str]) -> bool:
    if isinstance(expression, str):
        return expression in rules
    parts = [logic(part, rules) for part in expression[1]]
    return {"and": all(parts), "or": any(parts), "not": not parts[0]}[expression[0]]


def satisfied(correlation: Correlation, window: list[Seen]) -> bool:
    if correlation.expression is not None and correlation.type == "temporal_ordered":
        return bool(sequences(correlation, window))
    if correlation.expression is not None:
        return logic(correlation.expression, {s.rule for s in window})
    value = measure(correlation, window)
    return all(OPERATORS[name](value, Fraction(str(limit))) for name, limit in correlation.conditions)


def sequences(correlation: Correlation, window: list[Seen]) -> list[list[Seen]]:
    """Sequences of events in rule order, within the timespan, whose rules satisfy the condition and none to spare."""
    found: list[list[Seen]] = []
    pending = [[seen] for seen in window]
    while pending:
        chain = pending.pop()
        rules = {seen.rule for seen in chain}
        if logic(correlation.expression, rules):
            if not any(logic(correlation.expression, rules - {rule}) for rule in rules):
                found.append(chain)
            continue
        pending += [
            [*chain, seen]
            for seen in window
            if follows(chain[-1], seen) and seen.time - chain[0].time <= correlation.timespan
        ]
    return found


def negates(expression: Any) -> bool:
    return not isinstance(expression, str) and (expression[0] == "not" or any(map(negates, expression[1])))


def rising(correlation: Correlation, every: list[Seen]) -> bool:
    if any(name not in ("gt", "gte") for name, _ in correlation.conditions):
        return False
    if correlation.expression is not None:
        return not negates(correlation.expression)
    if correlation.type == "value_sum":
        return all(s.value >= 0 for s in every)
    return correlation.type not in NUMERIC


def components(windows: list[set[int]], group: list[Seen]) -> list[list[set[int]]]:
    """Windows that share a reference, and those between them in time."""
    windows = sorted(windows, key=lambda w: min(group[i].time for i in w))
    parts = list(range(len(windows)))
    for one in range(len(windows)):
        for other in range(one):
            chained = {group[i].reference for i in windows[one]} & {group[i].reference for i in windows[other]}
            if chained:
                low = parts[other]
                for between in range(len(windows)):
                    if low <= parts[between] <= parts[one]:
                        parts[between] = low
    return [[w for w, p in zip(windows, parts, strict=True) if p == part] for part in dict.fromkeys(parts)]


def complete(correlation: Correlation, group: list[Seen]) -> set[int]:
    """Occurrences that are part of a sequence of all rules within the timespan."""
    places = [[i for i, s in enumerate(group) if s.place == place] for place in range(len(correlation.rules))]
    members: set[int] = set()
    if correlation.expression is not None:
        parts = {id(seen) for chain in sequences(correlation, group) for seen in chain}
        return {i for i, seen in enumerate(group) if id(seen) in parts}

    def extend(chain: list[int]) -> None:
        if len(chain) == len(places):
            members.update(chain)
            return
        for i in places[len(chain)]:
            later = not chain or follows(group[chain[-1]], group[i])
            if later and (not chain or group[i].time - group[chain[0]].time <= correlation.timespan):
                extend([*chain, i])

    extend([])
    return members


def run_group(correlation: Correlation, key: tuple[Any, ...], group: list[Seen], up: bool) -> list[Found]:
    span = correlation.timespan
    every = [{i for i, s in enumerate(group) if start.time <= s.time <= start.time + span} for start in group]
    maximal = [w for n, w in enumerate(every) if not any(w < o or (w == o and m < n) for m, o in enumerate(every))]
    good = [w for w in maximal if satisfied(correlation, [group[i] for i in w])]
    whole = correlation.conditions == (("gte", len(correlation.rules)),) or correlation.expression is not None
    trim = correlation.type == "temporal_ordered" and whole
    allowed = complete(correlation, group) if trim else set(range(len(group)))
    found = []
    for windows in components(good, group):
        members = set().union(*windows) & allowed
        count = max(measure(correlation, [group[i] for i in w]) for w in windows)
        base = frozenset().union(*(group[i].base for i in members))
        result = Found(correlation, key, count, base, [group[i] for i in members])
        result.moments = moments(correlation, group, members, windows, result, up)
        found.append(result)
    return found


def moments(
    correlation: Correlation, group: list[Seen], members: set[int], windows: list[set[int]], result: Found, up: bool
) -> list[Seen]:
    def rank(i: int) -> tuple[int, int, int]:
        return group[i].time, group[i].order, group[i].place

    pairs = [(max(w, key=rank), w) for w in windows]
    if up:
        pairs = []
        for end in sorted(members, key=rank):
            start = group[end].time - correlation.timespan
            back = {i for i, s in enumerate(group) if s.time >= start and rank(i) <= rank(end)}
            if correlation.type == "temporal_ordered" and correlation.expression is not None:
                good = any(chain[-1] is group[end] for chain in sequences(correlation, [group[i] for i in back]))
            elif correlation.type == "temporal_ordered":
                length = longest_to(group, back, end)
                good = all(OPERATORS[name](length, limit) for name, limit in correlation.conditions)
            else:
                good = satisfied(correlation, [group[i] for i in back])
            if good:
                pairs.append((end, back))
    seen: dict[tuple[int, int], Seen] = {}
    for end, window in pairs:
        fields = Passed(correlation, group[end], dict(zip(correlation.group_by, result.group, strict=True)))
        base = frozenset().union(*(group[i].base for i in window & members))
        seen[group[end].time, group[end].order] = Seen(
            correlation.meta.id, group[end].time, group[end].order, (correlation.meta.id, id(result)), fields, base
        )
    return list(seen.values())


def longest_to(group: list[Seen], back: set[int], end: int) -> int:
    return 1 + max((longest_to(group, back, i) for i in back if follows(group[i], group[end])), default=0)


class Passed(dict[str, Any]):
    """Fields of a moment: the group's values over those of the event that it is dated at."""

    def __init__(self, correlation: Correlation, last: Seen, group: dict[str, Any]) -> None:
        super().__init__(group)
        self._correlation, self._last = correlation, last

    def get(self, name: str, default: Any = None) -> Any:
        if name in self:
            return self[name]
        return self._last.fields.get(self._correlation.aliases.get(name, {}).get(self._last.rule, name), default)


def reference(correlations: Sequence[Correlation], hits: Mapping[str, list[Seen]]) -> dict[str, list[Found]]:
    """Evaluate correlations (each after those that it reads) over hits of base rules."""
    done: dict[str, list[Found]] = {}
    for correlation in correlations:
        every: list[Seen] = []
        for place, rule in enumerate(correlation.rules):
            if rule in done:
                below = [seen for found in done[rule] for seen in found.moments]
                if correlation.type in NUMERIC:
                    below = [at_end(found) for found in done[rule]]
            else:
                below = hits.get(rule, [])
            every += [Seen(**{**vars(seen), "place": place}) for seen in below]
        groups = grouped(every, correlation.group_by, correlation.aliases)
        if correlation.fields and correlation.type.startswith("value"):
            groups = {key: with_values(correlation, group) for key, group in groups.items()}
        if not correlation.type.startswith("temporal"):
            groups = {key: first_rule_only(group) for key, group in groups.items()}
        up = rising(correlation, [seen for group in groups.values() for seen in group])
        done[correlation.meta.id] = [
            found for key, group in groups.items() if group for found in run_group(correlation, key, group, up)
        ]
    return done


def at_end(found: Found) -> Seen:
    """Return a result as one occurrence at its last event."""
    last = max(found.members, key=lambda s: (s.time, s.order, s.place))
    fields = Passed(found.correlation, last, dict(zip(found.correlation.group_by, found.group, strict=True)))
    return Seen(
        found.correlation.meta.id, last.time, last.order, (found.correlation.meta.id, id(found)), fields, found.base
    )
