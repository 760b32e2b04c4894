"""The reference: one rule, one event, evaluated in the plainest way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from lotl.errors import RuleError
from lotl.match.reference.condition import WHERE, parse_condition
from lotl.match.reference.detection import DetectionParser
from lotl.match.reference.explain import Explanation, Result
from lotl.match.reference.leaves import Evidence, Leaf
from lotl.match.reference.nodes import Group, Item, Negation, Node, either
from lotl.match.reference.values import Event, lookup


class Reference:
    r"""A Sigma rule, ready to be evaluated on single events.

    This is the executable form of lotl's semantics: slow, and meant to be read. The engine is tested to agree with it.

    Parameters
    ----------
    rule : mapping or str
        The rule as loaded from YAML, or YAML text.
    placeholders : mapping of str to sequence of str, optional
        Values for the `expand` modifier.

    Raises
    ------
    RuleError
        The rule is invalid; the error says where and why.
    UnsupportedRule
        A placeholder has no values.

    Examples
    --------
    >>> rule = Reference(r'''
    ... title: Discovery
    ... detection:
    ...   tool: {Image|endswith: ['\whoami.exe', '\nltest.exe']}
    ...   ours: {User: null}
    ...   condition: tool and not ours
    ... ''')
    >>> rule.matches({"Image": r"C:\Windows\System32\WhoAmI.exe", "User": "bob"})
    True
    >>> rule.near_misses({"Image": r"C:\nltest.exe"})
    1
    """

    def __init__(self, rule: Mapping[str, Any] | str, placeholders: Mapping[str, Sequence[str]] | None = None) -> None:
        document = load_rule(rule) if isinstance(rule, str) else rule
        if not isinstance(document, Mapping):
            raise RuleError("a rule is a map")
        self.title = str(document.get("title") or "")
        detection = document.get("detection")
        if not isinstance(detection, Mapping):
            raise RuleError("the rule has no detection section", where="detection")
        conditions = _conditions(detection)
        parser = DetectionParser(placeholders or {})
        named = {str(name): parser.parse(str(name), value) for name, value in detection.items() if name != "condition"}
        self.condition = " | ".join(conditions)
        self.root: Node = either([parse_condition(text, named) for text in conditions], "condition")

    def matches(self, event: Event) -> bool:
        """Say whether the rule matches `event` (field name to value)."""
        return evaluate(self.root, event, full=False).matched

    def explain(self, event: Event) -> Explanation:
        """Evaluate every part of the rule on `event` and keep what each saw."""
        return Explanation(self.title, self.condition, evaluate(self.root, event, full=True))

    def near_misses(self, event: Event) -> int:
        """Return how many single values keep the rule from matching; 0 means that it matches."""
        return evaluate(self.root, event, full=True).missing()


def load_rule(text: str) -> Any:
    """Load one YAML document.

    Raises
    ------
    RuleError
        It is not YAML, holds several documents, or has a key twice in one map.
    """
    try:
        return yaml.load(text, _UniqueKeyLoader)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise RuleError(f"not valid YAML: {' '.join(str(error).split())}") from error


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML says that keys are unique; PyYAML would let the last one win, silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} occurs twice", key.start_mark)
            seen.add(key.value if isinstance(key.value, str) else id(key))
        return super().construct_mapping(node, deep)


def _conditions(detection: Mapping[Any, Any]) -> list[str]:
    value = detection.get("condition")
    conditions = value if isinstance(value, list) else [value]
    if value is None or not conditions:
        raise RuleError("the condition is missing", where=WHERE)
    for text in conditions:
        if not isinstance(text, str | int) or isinstance(text, bool):
            raise RuleError(f"a condition is text, not {text!r}", where=WHERE)
    if len(detection) == 1:
        raise RuleError("there is nothing to detect", where="detection")
    return [str(text) for text in conditions]


def evaluate(node: Node, event: Event, *, full: bool) -> Result:
    """Evaluate a node.

    Parameters
    ----------
    full : bool
        Evaluate every part. Otherwise stop as soon as the answer is known; the answer is the same.
    """
    if isinstance(node, Negation):
        child = evaluate(node.child, event, full=full)
        return Result("not", "" if node.label == "not" else node.label, not child.matched, 1, (child,))
    if isinstance(node, Group):
        return _count(node.kind, node.label, node.children, node.need, event, full)
    return _count("item", node.label, [(node, leaf) for leaf in node.leaves], node.need, event, full)


def _count(
    kind: str, label: str, parts: Sequence[Node | tuple[Item, Leaf]], need: int, event: Event, full: bool
) -> Result:
    """Evaluate parts until at least `need` match, or too few are left."""
    results: list[Result] = []
    matched = 0
    for at, part in enumerate(parts):
        result = _leaf(*part, event) if isinstance(part, tuple) else evaluate(part, event, full=full)
        results.append(result)
        matched += result.matched
        if not full and (matched >= need or matched + len(parts) - at - 1 < need):
            break
    return Result(kind, label, matched >= need, need, tuple(results))


def _leaf(item: Item, leaf: Leaf, event: Event) -> Result:
    if item.field is not None:
        evidence = leaf.on_field(lookup(event, item.field), event)
    else:
        evidence = _anywhere(leaf, event)
    return Result("value", leaf.wanted, evidence.matched, evidence=evidence)


def _anywhere(leaf: Leaf, event: Event) -> Evidence:
    """Try a keyword on every value of the event; field names are not searched."""
    for found in event.items():
        evidence = leaf.on_field(found, event)
        if evidence.matched:
            return evidence
    return Evidence(False, reason="no value of the event has it")
