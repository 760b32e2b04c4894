"""Who reads whom: order of evaluation, and the fields that each rule's hits must bring along."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from lotl.errors import RuleError, UnsupportedRule
from lotl.sigma.model import Correlation, Issue, RuleLogic, State

TYPES = ("event_count", "value_count", "temporal", "temporal_ordered")
NUMERIC_TYPES = ("value_sum", "value_avg", "value_percentile", "value_median")
OPERATORS = ("gt", "gte", "lt", "lte", "eq", "neq")
TEMPORAL_TYPES = ("temporal", "temporal_ordered")


DEEPEST = 64
"""How many correlations may read each other in a row, and how deep a boolean condition may be nested."""


MOST_ALTERNATIVES = 64
"""Sets of rules that a boolean condition over rules in order may be satisfied by."""


def field_of(correlation: Correlation, rule: str, name: str) -> str:
    """Return the field of `rule`'s events that `name` means in the correlation."""
    return correlation.aliases.get(name, {}).get(rule, name)


def needed_fields(correlation: Correlation, rules: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Say which fields the hits of each base rule must bring along.

    Parameters
    ----------
    correlation : Correlation
    rules : dict of id to rule
        Every known rule; those that are `Correlation` are chains and are followed.

    Returns
    -------
    dict of rule id to tuple of str
        Base rules in the order of their first mention. Names as rules write them, without duplicates.

    Raises
    ------
    RuleError
        A reference that `rules` does not have, or correlations that read each other in a circle.

    Examples
    --------
    >>> from lotl.sigma.model import Meta
    >>> many = Correlation(Meta("c", "many"), "value_count", ("r",), ("User",), 60, (("gte", 3),), ("Ip",))
    >>> needed_fields(many, {"r": "a rule"})
    {'r': ('User', 'Ip')}
    """
    _visit(correlation, {rule.meta.id: rule for rule in (*_chained(rules), correlation)}, rules, {})
    needed: dict[str, dict[str, None]] = {}
    _collect(correlation, (*correlation.group_by, *correlation.fields), rules, needed)
    return {rule: tuple(fields) for rule, fields in needed.items()}


def evaluation_order(correlations: Sequence[Correlation], rules: Collection[str] | None = None) -> list[Correlation]:
    """Sort correlations so that each comes after those that it reads.

    Parameters
    ----------
    correlations : sequence of Correlation
    rules : collection of str, optional
        Known rule ids. None: whatever is not a correlation is a rule.

    Raises
    ------
    RuleError
        See `needed_fields`; also a correlation that cannot be evaluated as it stands.
    """
    known = {correlation.meta.id: correlation for correlation in correlations}
    ordered: dict[str, Correlation] = {}
    for correlation in known.values():
        _visit(correlation, known, rules, ordered)
    return list(ordered.values())


def usable(correlations: Sequence[Correlation], issues: list[Issue]) -> list[Correlation]:
    """Return the correlations that can be evaluated, with all that they read; the others become `issues`."""
    known = {correlation.meta.id: correlation for correlation in correlations}
    found = []
    for correlation in known.values():
        try:
            _visit(correlation, known, None, {})
            found.append(correlation)
        except RuleError as error:
            state = State.UNSUPPORTED if isinstance(error, UnsupportedRule) else State.INVALID
            issues.append(Issue(state, correlation.meta.id, error.where, error.what, error.hint))
    return found


def check(correlation: Correlation) -> None:
    """Raise RuleError for a correlation that has no meaning."""
    where = place(correlation)
    if correlation.type not in (*TYPES, *NUMERIC_TYPES):
        raise RuleError(f"unknown correlation type '{correlation.type}'", where=where)
    if not correlation.rules:
        raise RuleError("a correlation needs at least one rule", where=where)
    if correlation.type in NUMERIC_TYPES and len(correlation.fields) != 1:
        raise RuleError(f"{correlation.type} looks at exactly one field", where=f"{where} condition.field")
    if any(operator not in OPERATORS for operator, _ in correlation.conditions):
        raise RuleError(f"a condition knows the operators {', '.join(OPERATORS)}", where=f"{where} condition")
    if correlation.type == "value_count" and not correlation.fields:
        raise RuleError("value_count needs a field", where=f"{where} condition.field")
    if correlation.type == "value_percentile" and not _is_percentile(correlation.percentile):
        raise RuleError("value_percentile needs a percentile of 0 to 100", where=f"{where} condition.percentile")
    if correlation.expression is not None:
        _check_expression(correlation, where)


def place(correlation: Correlation) -> str:
    """Return where a correlation stands, for messages."""
    meta = correlation.meta
    return f"{meta.path}:{meta.line} correlation {meta.id}" if meta.path else f"correlation {meta.id}"


def mentioned(logic: RuleLogic) -> Iterator[str]:
    """Iterate over the rule ids of a boolean condition."""
    if isinstance(logic, str):
        yield logic
    else:
        for operand in logic[1]:
            yield from mentioned(operand)


def negates(logic: RuleLogic) -> bool:
    """Say whether a boolean condition has a ``not``."""
    return not isinstance(logic, str) and (logic[0] == "not" or any(map(negates, logic[1])))


def _is_percentile(number: float | None) -> bool:
    return number is not None and 0 <= number <= 100


def _check_expression(correlation: Correlation, where: str) -> None:
    assert correlation.expression is not None
    if _depth(correlation.expression) > DEEPEST:
        raise RuleError(f"the condition is nested deeper than {DEEPEST}", where=f"{where} condition")
    if correlation.type not in TEMPORAL_TYPES:
        raise RuleError(f"{correlation.type} takes no boolean condition", where=f"{where} condition")
    unknown = sorted(set(mentioned(correlation.expression)) - set(correlation.rules))
    if unknown:
        raise RuleError(f"the condition names rules that are not in 'rules': {', '.join(unknown)}", where=where)
    if correlation.type == "temporal_ordered":
        if negates(correlation.expression):
            raise UnsupportedRule("'not' has no place in an order of events", where=f"{where} condition")
        if alternatives(correlation.expression) is None:
            raise UnsupportedRule(f"the condition has more than {MOST_ALTERNATIVES} alternatives", where=where)


def alternatives(logic: RuleLogic) -> list[frozenset[str]] | None:
    """Return the smallest sets of rules that satisfy a boolean condition without ``not``; None for too many.

    Examples
    --------
    >>> [sorted(rules) for rules in alternatives(("and", ("a", ("or", ("b", "c"))))) or ()]
    [['a', 'b'], ['a', 'c']]
    """
    if isinstance(logic, str):
        return [frozenset((logic,))]
    found: list[frozenset[str]] = [frozenset()] if logic[0] == "and" else []
    for operand in logic[1]:
        more = alternatives(operand)
        if more is None:
            return None
        found = [one | other for one in found for other in more] if logic[0] == "and" else found + more
        found = list(dict.fromkeys(found))
        if len(found) > MOST_ALTERNATIVES:
            return None
        found = [one for one in found if not any(other < one for other in found)]
    return found


def _depth(logic: RuleLogic) -> int:
    """Return how deep a boolean condition is nested, without recursion."""
    depth, level = 0, [logic]
    while level and depth <= DEEPEST:
        depth += 1
        level = [operand for part in level if not isinstance(part, str) for operand in part[1]]
    return depth


def _chained(rules: Mapping[str, Any]) -> list[Correlation]:
    return [rule for rule in rules.values() if isinstance(rule, Correlation)]


def _visit(
    correlation: Correlation,
    known: Mapping[str, Correlation],
    rules: Collection[str] | None,
    ordered: dict[str, Correlation],
) -> None:
    """Add a correlation after those that it reads; a stack, since a chain may be longer than Python's."""
    path: dict[str, Iterator[str]] = {}
    pending = [correlation]
    while pending:
        current = pending[-1]
        identity = current.meta.id
        if identity in ordered:
            pending.pop()
            continue
        if identity not in path:
            check(current)
            path[identity] = iter(current.rules)
        below = next((rule for rule in path[identity] if _open(rule, current, known, rules, ordered)), None)
        if below is None:
            ordered[identity] = current
            del path[identity]
            pending.pop()
        elif below in path:
            circle = " → ".join([*list(path)[list(path).index(below) :], below])
            raise RuleError(f"correlations read each other in a circle: {circle}", where=place(current))
        elif len(path) >= DEEPEST:
            raise RuleError(f"more than {DEEPEST} correlations read each other in a row", where=place(current))
        else:
            pending.append(known[below])


def _open(
    rule: str,
    reader: Correlation,
    known: Mapping[str, Correlation],
    rules: Collection[str] | None,
    ordered: Mapping[str, Correlation],
) -> bool:
    """Say whether `rule` is a correlation that is not yet in order."""
    if rule in known:
        return rule not in ordered
    if rules is not None and rule not in rules:
        raise RuleError(f"no rule has the id or name '{rule}'", where=f"{place(reader)} rules")
    return False


def _collect(
    correlation: Correlation, names: Sequence[str], rules: Mapping[str, Any], needed: dict[str, dict[str, None]]
) -> None:
    """Add what `names` mean in the base rules; a chained correlation passes on what its readers ask for."""
    pending = [(correlation, tuple(names))]
    seen = set[tuple[str, tuple[str, ...]]]()
    while pending:
        reader, wanted = pending.pop(0)
        for rule in reader.rules:
            fields = tuple(dict.fromkeys(field_of(reader, rule, name) for name in wanted))
            below = rules[rule]
            if not isinstance(below, Correlation):
                needed.setdefault(rule, {}).update(dict.fromkeys(fields))
                continue
            step = (rule, tuple(dict.fromkeys((*below.group_by, *below.fields, *fields))))
            if step not in seen:
                seen.add(step)
                pending.append((below, step[1]))
