"""Between rule documents and pySigma's objects, for the sake of pySigma's processing pipelines.

Modifiers are applied by lotl on the way there, so that a pipeline sees values without pySigma's mistakes in them
(encodings of non-ASCII text, numbers above 2**53, `utf16le`). On the way back each value is written as a plain item.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigma.conditions import ConditionAND, ConditionOR
from sigma.modifiers import modifier_mapping
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections, SigmaLogSource, SigmaRule
from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
    TimestampPart,
)

from lotl.plan.ir import Wild
from lotl.sigma import condition
from lotl.sigma.condition import Group, Name, Negation, Tree
from lotl.sigma.fault import Fault
from lotl.sigma.lower import conditions_of, modified
from lotl.sigma.model import State
from lotl.sigma.patterns import Dash, Pattern, join, spellings
from lotl.sigma.values import Comparison, Network, Presence, Reference, Regex, Text, TimePart, Value, as_text

_STUB = {"logsource": {"product": "windows"}, "detection": {"selection": {"F": "x"}, "condition": "selection"}}
"""Stands for the parts of a rule that are put in afterwards."""
_WILDS = {Wild.RUN: SpecialChars.WILDCARD_MULTI, Wild.ONE: SpecialChars.WILDCARD_SINGLE}
_SIGNS = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}
_FLAGS = {
    "i": SigmaRegularExpressionFlag.IGNORECASE,
    "m": SigmaRegularExpressionFlag.MULTILINE,
    "s": SigmaRegularExpressionFlag.DOTALL,
}
_ENDS = {"equals": (False, False), "startswith": (True, False), "endswith": (False, True), "contains": (True, True)}
_RELATIONS = {ends: f"|{name}" if name != "equals" else "" for name, ends in _ENDS.items()}


def to_sigma(document: Mapping[str, Any], placeholders: Mapping[str, list[str]]) -> SigmaRule:
    """Return a document as a pySigma rule with all modifiers applied.

    Raises
    ------
    Fault
        The document is invalid.
    """
    rule = SigmaRule.from_dict({**{k: v for k, v in document.items() if isinstance(k, str)}, **_STUB}, True)
    source = document["logsource"]
    rule.logsource = SigmaLogSource(source.get("category"), source.get("product"), source.get("service"))
    detection = document["detection"]
    rule.detection = SigmaDetections(
        {
            name: _detection(definition, placeholders, ("detection", name))
            for name, definition in detection.items()
            if name != "condition"
        },
        conditions_of(detection),
    )
    return rule


def _detection(definition: Any, placeholders: Mapping[str, list[str]], path: tuple[str | int, ...]) -> SigmaDetection:
    if isinstance(definition, Mapping):
        items: list[SigmaDetectionItem | SigmaDetection] = [
            _item(key, value, placeholders, (*path, key)) for key, value in definition.items()
        ]
        return SigmaDetection(items, item_linking=ConditionAND)
    values = definition if isinstance(definition, list) else [definition]
    if any(isinstance(value, Mapping | list) for value in values):
        parts: list[SigmaDetectionItem | SigmaDetection] = [
            _detection(value, placeholders, (*path, at)) for at, value in enumerate(values)
        ]
        return SigmaDetection(parts, item_linking=ConditionOR)
    return SigmaDetection([_item("", values, placeholders, path)], item_linking=ConditionAND)


def _item(
    key: str, given: Any, placeholders: Mapping[str, list[str]], path: tuple[str | int, ...]
) -> SigmaDetectionItem:
    field, *chain = key.split("|")
    values = given if isinstance(given, list) else [given]
    try:
        made = [_sigma(field or None, modified(field or None, tuple(chain), value, placeholders)) for value in values]
    except Fault as fault:
        if "expand" in chain and fault.state is State.UNSUPPORTED:  # the pipeline may know the placeholder
            return SigmaDetectionItem.from_mapping(key, given)
        raise Fault(fault.what, path, hint=fault.hint, state=fault.state) from fault
    return SigmaDetectionItem(
        field or None,
        [modifier_mapping[name] for name in chain if name in modifier_mapping],
        made,
        ConditionAND if "all" in chain else ConditionOR,
        "neq" in chain,
        auto_modifiers=False,
    )


def _sigma(field: str | None, value: Value) -> SigmaType:
    match value:
        case str():
            return _sigma(field, as_text(value))
        case Text(forms):
            strings: list[SigmaType] = [_string(form, value) for each in forms for form in _spelled(each)]
            return strings[0] if len(strings) == 1 else SigmaExpansion(strings)
        case Regex(patterns, flags):
            chosen = {_FLAGS[flag] for flag in flags}
            made: list[SigmaType] = [SigmaRegularExpression(pattern, set(chosen)) for pattern in patterns]
            return made[0] if len(made) == 1 else SigmaExpansion(made)
        case Network(network):
            return SigmaCIDRExpression(network)
        case Reference(other, relation):
            return SigmaFieldReference(other, *_ENDS[relation])
        case Comparison(relation, bound):
            return SigmaCompareExpression(_number(bound), CompareOperators[relation.upper()])
        case TimePart(part, relation, unit):
            time = SigmaTimestampPart(TimestampPart[part.upper()], unit)
            return time if relation == "eq" else SigmaCompareExpression(time, CompareOperators[relation.upper()])
        case Presence(wanted):
            return SigmaExists(wanted)
        case bool():
            return SigmaBool(value)
        case None:
            return SigmaNull()
        case _:
            return _number(value)


def _spelled(form: Pattern) -> list[Pattern]:
    if form.count(Dash.ANY) > 5:
        raise Fault("the value has too many dashes for a pipeline", state=State.UNSUPPORTED)
    return spellings(form)


def _string(form: Pattern, text: Text) -> SigmaString:
    pattern = join((Wild.RUN, *form, Wild.RUN)) if text.floating and not text.placed else form
    string = SigmaCasedString() if text.cased else SigmaString()
    string.s = [part if isinstance(part, str) else _WILDS[part] for part in pattern if not isinstance(part, Dash)]
    string.original = _plain(string)
    return string


def _number(value: int | float) -> SigmaNumber:
    number = SigmaNumber(0)
    number.number = value  # its constructor goes through float
    return number


def from_sigma(rule: SigmaRule, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return `document` with the log source and the detections that `rule` has now.

    Raises
    ------
    Fault
        The rule holds what only a query language can express, or nothing is left of it.
    """
    writer = _Writer()
    names = list(rule.detection.detections)
    trees = {}
    for number, (name, part) in enumerate(rule.detection.detections.items()):
        # pySigma gives the detections that a pipeline adds random names; results must not depend on them.
        trees[name] = writer.detection(f"_pipeline{number}" if name.startswith("_cond_") else name, part)
    conditions = []
    for each in rule.detection.parsed_condition:  # what pipelines change; `condition` keeps the author's text
        tree = _filled(condition.parse(each.condition, names), trees)
        if tree is not None:
            conditions.append(condition.pinned(tree))
    if not conditions:
        raise Fault("the pipeline left nothing of the condition", condition.PATH, state=State.UNSUPPORTED)
    source = {part: getattr(rule.logsource, part) for part in ("category", "product", "service")}
    return {
        **document,
        "logsource": {part: value for part, value in source.items() if value},
        "detection": {**writer.detections, "condition": conditions[0] if len(conditions) == 1 else conditions},
    }


def _filled(tree: Tree, trees: Mapping[str, Tree | None]) -> Tree | None:
    """Put trees in the place of names; what the pipeline dropped falls out of the condition, as in pySigma."""
    match tree:
        case Name(name):
            return trees[name]
        case Negation(part):
            below = _filled(part, trees)
            return None if below is None else Negation(below)
        case Group(count, parts):
            kept = [below for below in (_filled(part, trees) for part in parts) if below is not None]
            return _group(len(kept) if count == len(parts) else min(count, len(kept)), kept)


def _group(count: int, parts: list[Tree]) -> Tree | None:
    return Group(count, tuple(parts)) if len(parts) > 1 else parts[0] if parts else None


class _Writer:
    """Writes pySigma detections as plain named detections."""

    def __init__(self) -> None:
        self.detections: dict[str, Any] = {}

    def detection(self, name: str, detection: SigmaDetection) -> Tree | None:
        """Write a detection under `name`, or in parts; return the condition that stands for it."""
        parts: list[Tree] = []
        for item in detection.detection_items:
            part = self.detection(name, item) if isinstance(item, SigmaDetection) else self._item(name, item)
            if part is not None:
                parts.append(part)
        return _group(len(parts) if detection.item_linking is ConditionAND else 1, parts)

    def _item(self, name: str, item: SigmaDetectionItem) -> Tree | None:
        parts = []
        values = item.value or [SigmaNull()]
        for group in [[value] for value in values] if item.value_linking is ConditionAND else [values]:
            written: dict[str, list[Any]] = {}
            for value in group:
                for suffix, plain in _plains(value):
                    written.setdefault(suffix, []).append(plain)
            names: list[Tree] = [self._store(name, item.field, suffix, each) for suffix, each in written.items()]
            tree = _group(1, names)
            if tree is not None:
                parts.append(tree)
        tree = _group(len(parts), parts)
        return Negation(tree) if item.negated and tree is not None else tree

    def _store(self, name: str, field: str | None, suffix: str, values: list[Any]) -> Tree:
        number, unique = 1, name
        while unique in self.detections:
            number += 1
            unique = f"{name}_part{number}"
        value = values[0] if len(values) == 1 else values
        self.detections[unique] = values if field is None and not suffix else {f"{field or ''}{suffix}": value}
        return Name(unique)


def _plains(value: SigmaType) -> list[tuple[str, Any]]:
    """Return the alternatives of a value as (modifiers, plain value)."""
    match value:
        case SigmaExpansion():
            return [each for part in value.values for each in _plains(part)]
        case SigmaString():
            return [("|cased" if isinstance(value, SigmaCasedString) else "", _plain(value))]
        case SigmaTimestampPart():
            return [(f"|{value.timestamp_part.name.lower()}", value.number)]
        case SigmaNumber():
            return [("", value.number)]
        case SigmaBool():
            return [("", value.boolean)]
        case SigmaNull():
            return [("", None)]
        case SigmaExists():
            return [("|exists", value.exists)]
        case SigmaRegularExpression():
            flags = "".join(f"|{letter}" for letter, flag in _FLAGS.items() if flag in value.flags)
            return [(f"|re{flags}", str(value.regexp))]
        case SigmaCIDRExpression():
            return [("|cidr", value.cidr)]
        case SigmaFieldReference():
            return [(f"|fieldref{_RELATIONS[value.starts_with, value.ends_with]}", _escaped(value.field))]
        case SigmaCompareExpression():
            ((suffix, plain),) = _plains(value.number)
            return [(f"{suffix}|{value.op.name.lower()}", plain)]
    raise Fault(
        f"the pipeline made a {type(value).__name__} of a value, which only a query language can express",
        state=State.UNSUPPORTED,
    )


def _plain(string: SigmaString) -> str:
    text = ""
    for part in string.s:
        if isinstance(part, Placeholder):
            raise Fault(f"placeholder %{part.name}% has no values", state=State.UNSUPPORTED)
        text += _escaped(part) if isinstance(part, str) else _SIGNS[part]
    return text


def _escaped(literal: str) -> str:
    return literal.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
