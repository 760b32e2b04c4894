"""Laws that hold for every rule and event, whatever they are."""

from __future__ import annotations

import random
import re
import unicodedata
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lotl.match.reference import Reference
from lotl.match.reference.patterns import Pattern, parse
from lotl.match.reference.regexes import compile_regex, search
from lotl.match.text import fold
from tests.strategies import World, events, rule_of, texts, worlds

laws = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _with_condition(world: World, condition: Any) -> Reference:
    return Reference(rule_of({**world.rule["detection"], "condition": condition}), world.placeholders)


def _condition(world: World) -> str:
    condition = world.rule["detection"]["condition"]
    return f"({' or '.join(f'({one})' for one in condition)})" if isinstance(condition, list) else f"({condition})"


@laws
@given(worlds())
def test_matching_is_the_explanation(world: World) -> None:
    rule = Reference(world.rule, world.placeholders)
    for event in world.events:
        explanation = rule.explain(event)
        assert rule.matches(event) is explanation.matched
        assert (rule.near_misses(event) == 0) is explanation.matched
        str(explanation)


@laws
@given(worlds())
def test_negation_and_double_negation(world: World) -> None:
    rule, text = Reference(world.rule, world.placeholders), _condition(world)
    nay, yea = _with_condition(world, f"not {text}"), _with_condition(world, f"not not {text}")
    for event in world.events:
        assert rule.matches(event) is not nay.matches(event)
        assert rule.matches(event) is yea.matches(event)


@laws
@given(worlds())
def test_and_or_and_lists_of_conditions(world: World) -> None:
    names = [name for name in world.rule["detection"] if name != "condition"]
    first, last = names[0], names[-1]
    for event in world.events:
        a, b = (_with_condition(world, name).matches(event) for name in (first, last))
        assert _with_condition(world, f"{first} and {last}").matches(event) is (a and b)
        assert _with_condition(world, f"{first} or {last}").matches(event) is (a or b)
        assert _with_condition(world, [first, last]).matches(event) is (a or b)
        assert _with_condition(world, f"not ({first} or {last})").matches(event) is (not a and not b)


def _shuffled(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: _shuffled(value[key], order) for key in keys}
    if isinstance(value, list):
        return order.sample([_shuffled(entry, order) for entry in value], len(value))
    return value


@laws
@given(worlds(), st.randoms(use_true_random=False))
def test_order_means_nothing(world: World, order: random.Random) -> None:
    rule = Reference(world.rule, world.placeholders)
    other = Reference(_shuffled(world.rule, order), world.placeholders)
    for event in world.events:
        fields = list(event.items())
        order.shuffle(fields)
        assert rule.matches(event) is other.matches(dict(fields))


@laws
@given(worlds(), texts)
def test_fields_that_no_rule_names_mean_nothing(world: World, text: str) -> None:
    detection = world.rule["detection"]
    if any(not isinstance(value, dict) or "|all" in value for value in detection.values() if value is not detection):
        detection = {
            name: value for name, value in detection.items() if isinstance(value, dict) and "|all" not in value
        }
        if not detection:
            return
        detection = {**detection, "condition": " or ".join(detection)}
    rule = Reference(rule_of(detection), world.placeholders)
    for event in world.events:
        assert rule.matches(event) is rule.matches({**event, "Unrelated": text, "Another": None})


@laws
@given(worlds())
def test_a_rule_survives_yaml(world: World) -> None:
    text = yaml.safe_dump(world.rule, sort_keys=False)
    assert yaml.safe_load(text) == world.rule
    rule, again = Reference(world.rule, world.placeholders), Reference(text, world.placeholders)
    assert [rule.matches(event) for event in world.events] == [again.matches(event) for event in world.events]


@laws
@given(texts, st.sampled_from(["", "|contains", "|startswith", "|endswith", "|cased", "|windash", "|contains|cased"]))
def test_an_escaped_text_finds_itself(text: str, chain: str) -> None:
    escaped = "".join("\\" + sign if sign in "\\*?" else sign for sign in text)
    rule = Reference(rule_of({"s": {f"F{chain}": escaped}, "condition": "s"}))
    assert rule.matches({"F": text})
    if "cased" not in chain:
        assert rule.matches({"F": fold(text)})


@laws
@given(events())
def test_null_and_exists_are_opposite_for_values(event: dict[str, Any]) -> None:
    null = Reference(rule_of({"s": {"Image": None}, "condition": "s"}))
    exists = Reference(rule_of({"s": {"Image|exists": True}, "condition": "s"}))
    assert exists.matches(event) is ("Image" in event)
    assert null.matches(event) or exists.matches(event)


@laws
@given(st.text("ab*?\\\nA", max_size=8), st.text("abAB\\*?\n", max_size=10))
def test_patterns_mean_what_an_obvious_matcher_says(pattern: str, text: str) -> None:
    assert (Pattern(parse(pattern)).span(text) is not None) is _plain_match(pattern, fold(text))


def _plain_match(pattern: str, text: str) -> bool:
    """Match one character at a time, trying everything."""
    if not pattern:
        return not text
    if pattern[0] == "\\" and pattern[1:2] in ("\\", "*", "?"):
        return text[:1] == pattern[1] and _plain_match(pattern[2:], text[1:])
    if pattern[0] == "*":
        return any(_plain_match(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", *(text[0],), text[0].upper()) and _plain_match(pattern[1:], text[1:])


@laws
@given(texts, texts, st.sampled_from(["", "i", "s", "m", "ims"]))
def test_stoppable_searches_find_what_re_finds(piece: str, text: str, flags: str) -> None:
    bits = sum({"i": re.I, "m": re.M, "s": re.S}[flag] for flag in flags)
    for pattern in (re.escape(piece), f"^{re.escape(piece)}", f"{re.escape(piece)}$", f".{re.escape(piece[:3])}.*"):
        for subject in (text, piece, piece + "\n", piece.upper(), "x" + piece + "y\n" + text):
            found = re.search(pattern, subject, bits)
            assert search(compile_regex(pattern, flags), subject) == (None if found is None else found.span())


def test_rules_fire_about_as_often_as_not() -> None:
    fired = [0, 0]

    @settings(max_examples=200, database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(worlds())
    def count(world: World) -> None:
        rule = Reference(world.rule, world.placeholders)
        for event in world.events:
            fired[rule.matches(event)] += 1

    count()
    assert 0.2 < fired[True] / sum(fired) < 0.8


def test_classes_mean_what_they_mean_in_re() -> None:
    letters = "".join(char for char in map(chr, range(0x3100)) if unicodedata.category(char) not in ("Cn", "Cs"))
    for pattern in (r"\w", r"\W", r"\d", r"\s", r"\S", r"[\w]", r"[^\w-]", r"[\s\w]", r"[]\w{]", r"\w\b\W", r"\W\B\W"):
        spans = [found.span() for found in re.finditer(pattern, letters)]
        assert [found.span() for found in compile_regex(pattern, "").finditer(letters)] == spans, pattern
