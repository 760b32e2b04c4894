"""Correlation documents: to `lotl.sigma.model.Correlation`, references resolved.

Sigma correlation specification 2.1. pySigma allows one operator per condition and whole numbers only; the
specification's examples have ranges (``gt`` with ``lte``), and averages need fractions, so conditions are read here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lotl.sigma import condition
from lotl.sigma.fault import Fault
from lotl.sigma.model import Correlation, Meta, Rule, RuleLogic

PATH = ("correlation",)
VALUE_TYPES = ("value_count", "value_sum", "value_avg", "value_percentile", "value_median")
TEMPORAL_TYPES = ("temporal", "temporal_ordered")
TYPES = ("event_count", *TEMPORAL_TYPES, *VALUE_TYPES)
OPERATORS = ("gt", "gte", "lt", "lte", "eq", "neq")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800, "M": 2_629_746, "y": 31_556_952}
"""Units of a time span; months and years are the Gregorian means, as in pySigma."""

_TIMESPAN = re.compile(r"([1-9][0-9]{0,8})([smhdwMy])")
_WORD = re.compile(r"[^\s()]+")
_OPERATORS_OF_LOGIC = frozenset({"and", "or", "not", "of", "any", "all", "them"})


@dataclass(frozen=True)
class Draft:
    """A correlation whose references are still as written."""

    correlation: Correlation
    logic: str | None = None


def read_correlation(content: Mapping[str, Any], meta: Meta) -> Draft:
    """Read a correlation document.

    Raises
    ------
    Fault
        It is invalid.
    """
    section = content["correlation"]
    if not isinstance(section, Mapping):
        raise Fault("the correlation section is not a map", PATH)
    kind = section.get("type")
    if kind not in TYPES:
        raise Fault(f"unknown correlation type {kind!r}", (*PATH, "type"), hint=f"one of: {', '.join(TYPES)}")
    given = section.get("condition")
    logic = given if isinstance(given, str) else None
    if logic is not None and kind not in TEMPORAL_TYPES:
        raise Fault("only temporal correlations have a condition over rules", (*PATH, "condition"))
    rules = _references(section.get("rules"), logic)
    fields, percentile, conditions = _condition(given, kind, len(rules)) if logic is None else ((), None, ())
    generate = section.get("generate", content.get("generate", False))
    if not isinstance(generate, bool):
        raise Fault(f"generate is neither true nor false: {generate!r}", (*PATH, "generate"))
    correlation = Correlation(
        meta,
        kind,
        rules,
        _texts(section.get("group-by"), "group-by"),
        _timespan(section.get("timespan")),
        conditions,
        fields,
        percentile,
        _aliases(section.get("aliases")),
        generate,
    )
    return Draft(correlation, logic)


def _references(given: Any, logic: str | None) -> tuple[str, ...]:
    if given is None and logic is not None:
        words = [word for word in _WORD.findall(logic) if word not in _OPERATORS_OF_LOGIC and not word.isdecimal()]
        return tuple(dict.fromkeys(words))
    rules = _texts(given, "rules")
    if not rules:
        raise Fault("the correlation names no rules", (*PATH, "rules"), hint="list ids or names of rules")
    return rules


def _texts(given: Any, name: str) -> tuple[str, ...]:
    values = [] if given is None else given if isinstance(given, list) else [given]
    if not all(isinstance(value, str) and value for value in values):
        raise Fault(f"{name} is neither text nor a list of texts", (*PATH, name))
    return tuple(values)


def _timespan(given: Any) -> int:
    path = (*PATH, "timespan")
    hint = "a number and s, m, h, d, w, M or y, like 5m"
    if given is None:
        raise Fault("the correlation has no timespan", path, hint=hint)
    parsed = _TIMESPAN.fullmatch(given) if isinstance(given, str) else None
    if parsed is None:
        raise Fault(f"invalid timespan {given!r}", path, hint=hint)
    return int(parsed[1]) * SECONDS[parsed[2]] * 1_000_000


def _condition(
    given: Any, kind: str, rules: int
) -> tuple[tuple[str, ...], float | None, tuple[tuple[str, float], ...]]:
    path = (*PATH, "condition")
    if given is None and kind in TEMPORAL_TYPES:
        return (), None, (("gte", rules),)
    if not isinstance(given, Mapping):
        raise Fault(f"a correlation of type {kind} needs a condition", path, hint="for example 'gte: 10'")
    for name in given:
        if name not in (*OPERATORS, "field", "percentile"):
            raise Fault(f"unknown part {name!r} of a condition", path, hint=f"known: {', '.join(OPERATORS)}, field")
    conditions = tuple((name, _number(given[name], (*path, name))) for name in given if name in OPERATORS)
    if not conditions:
        raise Fault("the condition has no operator", path, hint=f"one or more of: {', '.join(OPERATORS)}")
    fields = _texts(given.get("field"), "field") if kind in VALUE_TYPES else ()
    if kind in VALUE_TYPES and not fields:
        raise Fault(f"a correlation of type {kind} needs a field", path, hint="add 'field:' to the condition")
    if len(fields) > 1 and kind != "value_count":
        raise Fault(f"a correlation of type {kind} looks at one field", (*path, "field"))
    return fields, _percentile(given, kind, path), conditions


def _percentile(given: Mapping[str, Any], kind: str, path: tuple[str, ...]) -> float | None:
    if kind != "value_percentile":
        return None
    if "percentile" not in given:
        raise Fault("value_percentile needs a percentile", path, hint="add 'percentile:', between 0 and 100")
    percentile = _number(given["percentile"], (*path, "percentile"))
    if not 0 <= percentile <= 100:
        raise Fault(f"the percentile is not between 0 and 100: {percentile}", (*path, "percentile"))
    return percentile


def _number(value: Any, path: tuple[str, ...]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise Fault(f"{path[-1]} is not a number: {value!r}", path)
    return value


def _aliases(given: Any) -> dict[str, dict[str, str]]:
    path = (*PATH, "aliases")
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise Fault("the aliases are not a map", path)
    for alias, fields in given.items():
        if not isinstance(fields, Mapping) or not all(isinstance(x, str) for pair in fields.items() for x in pair):
            raise Fault(f"alias {alias!r} does not map rules to fields", path)
    return {str(alias): dict(fields) for alias, fields in given.items()}


class Resolver:
    """Turns the names in drafts into ids.

    Parameters
    ----------
    rules : list of Rule
    drafts : list of Draft
    lost : mapping of str to str
        Id or name, lower case, of documents that cannot be used, to the reason's first words.
    """

    def __init__(self, rules: list[Rule], drafts: list[Draft], lost: Mapping[str, str]) -> None:
        self._names: dict[str, list[str]] = defaultdict(list)
        self._ids: dict[str, str] = {}
        self._lost = lost
        for meta in (*(rule.meta for rule in rules), *(draft.correlation.meta for draft in drafts)):
            self._ids[meta.id.lower()] = meta.id
            if meta.name:
                self._names[meta.name.lower()].append(meta.id)

    def resolve(self, draft: Draft) -> Correlation:
        """Return the correlation of a draft.

        Raises
        ------
        Fault
            A reference is missing, ambiguous, or to something that cannot be used.
        """
        correlation = draft.correlation
        ids = {name: self._id(name) for name in correlation.rules}
        for alias, fields in correlation.aliases.items():
            for name in fields:
                if name not in ids and self._id(name) not in ids.values():
                    what = f"alias {alias!r} names the rule {name!r}, which is not read"
                    raise Fault(what, (*PATH, "aliases", alias))
        return replace(
            correlation,
            rules=tuple(dict.fromkeys(ids.values())),
            aliases={
                alias: {self._id(name): field for name, field in fields.items()}
                for alias, fields in correlation.aliases.items()
            },
            expression=_logic(draft.logic, ids) if draft.logic is not None else None,
        )

    def _id(self, name: str) -> str:
        path = (*PATH, "rules")
        if name.lower() in self._ids:
            return self._ids[name.lower()]
        found = self._names.get(name.lower(), [])
        if len(found) == 1:
            return found[0]
        if found:
            raise Fault(f"the name {name!r} belongs to {len(found)} rules", path, hint="refer to the rule by its id")
        if name.lower() in self._lost:
            raise Fault(f"the rule {name!r} that it reads cannot be used: {self._lost[name.lower()]}", path)
        raise Fault(f"there is no rule {name!r}", path, hint="load it together with the correlation")


def _logic(text: str, ids: Mapping[str, str]) -> RuleLogic:
    try:
        tree = condition.parse(text, ids)
    except Fault as fault:
        raise Fault(fault.what.replace("detection", "rule"), (*PATH, "condition"), hint=fault.hint) from fault
    return _write(tree, ids)


def _write(tree: condition.Tree, ids: Mapping[str, str]) -> RuleLogic:
    match tree:
        case condition.Name(name):
            return ids[name]
        case condition.Negation(part):
            return ("not", (_write(part, ids),))
        case condition.Group(count, parts):
            written = tuple(_write(part, ids) for part in parts)
            if len(written) == 1:
                return written[0]
            if count not in (1, len(parts)):
                raise Fault("a condition over rules counts with 'and', 'or' and 'not' only", (*PATH, "condition"))
            return ("or" if count == 1 else "and", written)


def in_circle(correlations: Mapping[str, Correlation]) -> set[str]:
    """Return the ids of correlations that read themselves, directly or through others."""
    circle = set()
    for start, correlation in correlations.items():
        seen: set[str] = set()
        waiting = [*correlation.rules]
        while waiting:
            each = waiting.pop()
            if each not in seen:
                seen.add(each)
                waiting += correlations[each].rules if each in correlations else ()
        if start in seen:
            circle.add(start)
    return circle


def silence(rules: list[Rule], correlations: list[Correlation]) -> tuple[list[Rule], list[Correlation]]:
    """Stop rules from alerting by themselves that only serve correlations without ``generate``."""
    loud: dict[str, bool] = {}
    for correlation in correlations:
        for each in correlation.rules:
            loud[each] = loud.get(each, False) or correlation.generate
    return (
        [rule if loud.get(rule.meta.id, True) else replace(rule, generates=False) for rule in rules],
        [c if loud.get(c.meta.id, True) else replace(c, alerts=False) for c in correlations],
    )
