"""What pySigma does otherwise than the specification or SEMANTICS, and lotl does right: one test each.

Where pySigma's own behaviour is shown, it is the installed version's; should it be mended there, that half goes.
"""

from __future__ import annotations

import base64

import pytest
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from lotl.plan.ir import Atom, Leaf, Op
from lotl.sigma.load import load
from lotl.sigma.values import Text  # noqa: F401 - the module must not import pySigma

RULE = """
title: t
logsource: {{product: windows, category: process_creation}}
detection:
    {detection}
    condition: {condition}
"""


def text(detection: str, condition: str = "s") -> str:
    return RULE.format(detection=detection, condition=condition)


def atoms(detection: str, condition: str = "s") -> list[Atom]:
    found = load(text(detection, condition))
    assert not found.errors, [str(issue) for issue in found.errors]
    node = found.rules[0].node
    leaves = [node] if isinstance(node, Leaf) else node.children  # type: ignore[union-attr]
    return [leaf.atom for leaf in leaves]  # type: ignore[union-attr]


def theirs(detection: str) -> list[str]:
    (item,) = SigmaRule.from_yaml(text(detection)).detection.detections["s"].detection_items
    (value,) = item.value  # type: ignore[union-attr]
    return [str(each) for each in getattr(value, "values", [value])]


def test_utf16le_is_unknown_to_pysigma() -> None:
    with pytest.raises(SigmaError):
        theirs("s: {F|utf16le|base64: cmd}")
    assert atoms("s: {F|utf16le|base64: cmd}")[0].value == base64.b64encode("cmd".encode("utf-16-le")).decode()


def test_utf16_byte_order_mark_is_utf8_in_pysigma() -> None:
    right = base64.b64encode(b"\xff\xfe" + "cmd".encode("utf-16-le")).decode()
    assert theirs("s: {F|utf16|base64: cmd}") != [right]
    assert atoms("s: {F|utf16|base64: cmd}")[0].value == right


def test_wide_refuses_text_beyond_ascii_in_pysigma() -> None:
    with pytest.raises(SigmaError):
        theirs("s: {F|wide|base64: grün}")
    assert atoms("s: {F|wide|base64: grün}")[0].value == base64.b64encode("grün".encode("utf-16-le")).decode()


def test_base64offset_is_cut_by_characters_in_pysigma() -> None:
    ours = [str(atom.value) for atom in atoms("s: {F|base64offset|contains: straße}")]
    wholes = [base64.b64encode(b"x" * shift + "straße".encode() + b"yyy").decode() for shift in range(3)]
    assert all(any(each in whole for each in ours) for whole in wholes)
    assert not all(any(each in whole for each in theirs("s: {F|base64offset: straße}")) for whole in wholes)


def test_base64_of_an_escaped_star() -> None:
    right = base64.b64encode(b"a*b").decode()
    assert theirs(r"s: {F|base64: 'a\*b'}") != [right]
    assert atoms(r"s: {F|base64: 'a\*b'}")[0].value == right


def test_integers_above_two_to_the_53_become_floats_in_pysigma() -> None:
    assert theirs("s: {F: 18446744073709551615}") != ["18446744073709551615"]
    assert atoms("s: {F: 18446744073709551615}")[0].value == 18446744073709551615


def test_identifiers_that_begin_with_not() -> None:
    rule = SigmaRule.from_yaml(text("notepad: {F: x}", "notepad"))
    with pytest.raises(SigmaError):
        _ = rule.detection.parsed_condition[0].parsed
    assert atoms("notepad: {F: x}", "notepad") == [Atom("F", Op.EQUALS, "x")]


def test_windash_knows_five_dashes_in_the_rule_too() -> None:
    assert len(theirs("s: {F|windash: ' –s'}")) == 1
    assert len(atoms("s: {F|windash: ' –s'}")) == 5


def test_correlation_conditions_may_have_two_operators_and_fractions() -> None:
    correlation = """---
title: c
correlation: {type: value_avg, rules: t, timespan: 5m, condition: {field: F, gt: 1.5, lte: 4}}
"""
    from sigma.collection import SigmaCollection

    rules = text("s: {F: 1}").replace("title: t", "title: t\nname: t") + correlation
    with pytest.raises(SigmaError):
        SigmaCollection.from_yaml(rules)
    assert load(rules).correlations[0].conditions == (("gt", 1.5), ("lte", 4))


def test_an_n_of_quantifier() -> None:
    rule = SigmaRule.from_yaml(text("s1: {A: x}\n    s2: {B: x}\n    s3: {C: x}", "2 of s*"))
    with pytest.raises(SigmaError):
        _ = rule.detection.parsed_condition[0].parsed
    assert len(load(text("s1: {A: x}\n    s2: {B: x}\n    s3: {C: x}", "2 of s*")).rules) == 1
