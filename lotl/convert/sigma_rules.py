"""pySigma's rules back to documents that lotl lowers by itself.

pySigma has read the YAML and applied modifiers by the time a backend sees a rule. What the author wrote is still in the
detection items, and is taken from there; what a pipeline or filter made of it is taken as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigma.conditions import ConditionAND
from sigma.modifiers import modifier_mapping
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaRule
from sigma.types import SigmaBool, SigmaNull, SigmaNumber, SigmaString, SigmaType

from lotl.errors import RuleError, UnsupportedRule
from lotl.sigma import condition
from lotl.sigma.condition import Group, Name, Negation, Tree
from lotl.sigma.fault import Fault, spell
from lotl.sigma.lower import lower
from lotl.sigma.meta import logsource_of, metadata
from lotl.sigma.model import Rule, State

_NAMES = {modifier: name for name, modifier in reversed(modifier_mapping.items())}


def read_rule(rule: SigmaRule, pipeline: ProcessingPipeline | None = None) -> Rule:
    """Return a rule that pySigma has parsed as lotl's own.

    Parameters
    ----------
    rule : sigma.rule.SigmaRule
    pipeline : sigma.processing.pipeline.ProcessingPipeline, optional
        Applied after lotl has applied the modifiers.

    Raises
    ------
    RuleError
        The rule is invalid, or (`UnsupportedRule`) lotl cannot express what the pipeline made of it.
    """
    document = _document(rule)
    try:
        if pipeline is not None and pipeline.items:
            from lotl.sigma.bridge import from_sigma, to_sigma

            changed = to_sigma(document, {})
            pipeline.apply(changed)
            document = from_sigma(changed, document)
        node = lower(document["detection"])
    except Fault as fault:
        kind = UnsupportedRule if fault.state is State.UNSUPPORTED else RuleError
        raise kind(fault.what, where=spell(fault.path), hint=fault.hint) from fault
    return Rule(metadata(document, "", 1), logsource_of(document), (), node, document)


def _document(rule: SigmaRule) -> dict[str, Any]:
    source = rule.logsource
    parts = {"category": source.category, "product": source.product, "service": source.service}
    found: dict[str, Any] = {
        "title": rule.title,
        "id": str(rule.id) if rule.id else None,
        "level": rule.level.name.lower() if rule.level else None,
        "status": rule.status.name.lower() if rule.status else None,
        "author": rule.author,
        "license": rule.license,
        "tags": [f"{tag.namespace}.{tag.name}" for tag in rule.tags],
    }
    document = {name: value for name, value in found.items() if value}
    document["logsource"] = {name: value for name, value in parts.items() if value}
    document["detection"] = _detections(rule)
    return document


def _detections(rule: SigmaRule) -> dict[str, Any]:
    items: dict[str, Any] = {}
    trees = {name: _tree(name, part, items) for name, part in rule.detection.detections.items()}
    conditions = [condition.parse(text, trees) for text in rule.detection.condition]
    return {**items, "condition": [condition.pinned(_filled(tree, trees)) for tree in conditions]}


def _tree(name: str, part: SigmaDetection | SigmaDetectionItem, items: dict[str, Any]) -> Tree:
    """Store the items of a detection, each under a name of its own, and return the condition over them."""
    if isinstance(part, SigmaDetection):
        below = tuple(_tree(name, each, items) for each in part.detection_items)
        if len(below) == 1:
            return below[0]
        return Group(len(below) if part.item_linking is ConditionAND else 1, below)
    number, unique = 1, name
    while unique in items:
        number += 1
        unique = f"{name}_{number}"
    items[unique] = _item(part)
    return Name(unique)


def _item(item: SigmaDetectionItem) -> Any:
    if item.original_value is None:
        raise UnsupportedRule(f"what a pipeline made of field {item.field} cannot be read back")
    values = [_plain(value) for value in item.original_value]
    chain = "".join(f"|{_NAMES[modifier]}" for modifier in item.modifiers)
    if item.field is None and not chain:
        return values
    # One value and a list of one are the same; an empty list is a value of its own.
    return {f"{item.field or ''}{chain}": values[0] if len(values) == 1 else values}


def _plain(value: SigmaType) -> str | int | float | bool | None:
    match value:
        case SigmaString():
            return str(value.original)
        case SigmaBool():
            return bool(value.boolean)
        case SigmaNumber():
            return value.number
        case SigmaNull():
            return None
    raise UnsupportedRule(f"{type(value).__name__} has no plain form")


def _filled(tree: Tree, trees: Mapping[str, Tree]) -> Tree:
    match tree:
        case Name(name):
            return trees[name]
        case Negation(part):
            return Negation(_filled(part, trees))
        case Group(count, parts):
            return Group(count, tuple(_filled(part, trees) for part in parts))
