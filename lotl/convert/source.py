"""The log source of a rule as part of its condition."""

from __future__ import annotations

from dataclasses import replace

from lotl.plan.ir import And, Atom, Leaf, Node, Op, Or
from lotl.schema import Selector
from lotl.sigma.logsource import selectors
from lotl.sigma.model import Rule


def with_log_source(rule: Rule) -> Rule:
    """Return the rule with its log source as conditions on Channel, Provider_Name and EventID.

    Where lotl renames fields of an event for a log source (process creation from the Security log), the data must have
    the names that the rule uses, as ``Events.view`` gives them.

    Raises
    ------
    UnsupportedRule
        No event log has the log source.

    Examples
    --------
    >>> from lotl.sigma.load import load
    >>> [rule] = load('''
    ... title: Blocked
    ... logsource: {product: windows, service: system}
    ... detection: {a: {F: x}, condition: a}
    ... ''')
    >>> with_log_source(rule).node.children[0].atom.value
    'System'
    """
    kinds = [_condition(selector) for selector in selectors(rule.logsource)]
    if not all(kinds):
        return rule
    source = _any([parts[0] if len(parts) == 1 else And(tuple(parts)) for parts in kinds])
    return replace(rule, node=And((source, rule.node)))


def _condition(selector: Selector) -> list[Node]:
    """Return the conditions of a selector; none where it selects everything."""
    found: list[Node] = []
    if selector.channel is not None:
        found.append(Leaf(Atom("Channel", Op.EQUALS, selector.channel)))
    if selector.provider is not None:
        found.append(Leaf(Atom("Provider_Name", Op.EQUALS, selector.provider)))
    if selector.event_ids is not None:
        found.append(_any([Leaf(Atom("EventID", Op.NUMBER, number)) for number in sorted(selector.event_ids)]))
    for field, values in selector.where:
        found.append(_any([Leaf(Atom(field, Op.EQUALS, value)) for value in values]))
    return found


def _any(nodes: list[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))
