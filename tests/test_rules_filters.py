"""Filters and pipelines: rewriting rules without changing what they say otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lotl.errors import InputError, RuleError
from lotl.plan.fold import Graph
from lotl.plan.ir import And, Atom, Leaf, Node, Not, Op, Or
from lotl.schema import SYSMON, Selector
from lotl.sigma.load import load
from lotl.sigma.model import State
from lotl.sigma.pipelines import Pipeline

RULE = r"""
title: Tool
name: tool
id: 5f0c1a52-0000-4000-8000-000000000001
logsource: {product: windows, category: process_creation}
detection:
    sel_img: {Image|endswith: '\a.exe'}
    sel_cli: {CommandLine|contains|all: [x, 'y*']}
    condition: all of sel_*
"""
FILTER = """
title: Ours
logsource: {product: windows, category: process_creation}
filter:
    rules: [tool]
    sel_admin: {User: admin}
    sel_svc: {User: svc}
    condition: not 1 of sel_*
"""
SAME = "name: same\ntransformations:\n  - {type: set_state, key: a, val: b}\n"


def leaf(field: str, value: str, op: Op = Op.EQUALS) -> Node:
    return Leaf(Atom(field, op, value))


OWN = And(
    (
        leaf("Image", r"\a.exe", Op.ENDSWITH),
        And((leaf("CommandLine", "x", Op.CONTAINS), leaf("CommandLine", "y", Op.CONTAINS))),
    )
)
FILTERED = And((OWN, Not(Or((leaf("User", "admin"), leaf("User", "svc"))))))


def equivalent(left: Node, right: Node) -> bool:
    graph = Graph()
    return graph.add(left) == graph.add(right)


def one(*sources: Any, **options: Any) -> Node:
    found = load(*sources, **options)
    assert not found.errors, [str(issue) for issue in found.errors]
    return found.rules[0].node


@pytest.mark.parametrize(
    "rules", ["[tool]", "tool", "any", "ANY", "[]", "5f0c1a52-0000-4000-8000-000000000001", "[TOOL]"]
)
def test_a_filter_is_anded_to_the_rules_it_names(rules: str) -> None:
    assert equivalent(one(RULE), OWN)
    assert equivalent(one(RULE, filters=[FILTER.replace("[tool]", rules)]), FILTERED)
    assert equivalent(one(RULE + "---" + FILTER.replace("[tool]", rules)), FILTERED)
    assert equivalent(one(FILTER.replace("[tool]", rules), RULE), FILTERED)


def test_patterns_of_rule_and_filter_do_not_mix() -> None:
    # Both sides have detections sel_*; the rule's 'all of sel_*' must not take in the filter's.
    found = load(RULE, filters=[FILTER, FILTER.replace("Ours", "More").replace("admin", "bob")])
    assert equivalent(found.rules[0].node, And((FILTERED, Not(Or((leaf("User", "bob"), leaf("User", "svc")))))))
    detection = found.rules[0].document["detection"]
    assert load(dict(found.rules[0].document)).rules[0].node == found.rules[0].node
    assert "_filter2_sel_svc" in detection


def test_hidden_detections_and_lists_of_conditions() -> None:
    rule = RULE.replace("condition: all of sel_*", "_x: {A: '1'}\n    condition: [1 of _*, sel_img]")
    expected = And((Or((leaf("A", "1"), leaf("Image", r"\a.exe", Op.ENDSWITH))), Not(leaf("User", "admin"))))
    found = one(rule, filters=[FILTER.replace("    sel_svc: {User: svc}\n", "")])
    assert equivalent(
        found,
        Or(
            (
                And((expected.children[0].children[0], expected.children[1])),
                And((expected.children[0].children[1], expected.children[1])),
            )
        ),
    )  # type: ignore[union-attr]


def test_a_filter_for_another_log_source_or_rule_is_reported_idle() -> None:
    for idle in (FILTER.replace("process_creation", "image_load"), FILTER.replace("[tool]", "[other]")):
        found = load(RULE, filters=[idle])
        assert equivalent(found.rules[0].node, OWN)
        assert ["applies to none" in issue.what for issue in found.warnings] == [True]
    assert equivalent(one(RULE, filters=[FILTER.replace(", category: process_creation", "")]), FILTERED)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    rules: [tool]\n", "", "which rules it is for"),
        ("[tool]", "5", "neither 'any' nor ids"),
        ("not 1 of sel_*", "[sel_svc, sel_admin]", "exactly one condition"),
        ("not 1 of sel_*", "not nothing", "no detection 'nothing'"),
        ("User: svc", "User|bogus: svc", "unknown modifier"),
        ("logsource: {product: windows, category: process_creation}\n", "", "no logsource"),
    ],
)
def test_bad_filters_are_reported_and_not_applied(old: str, new: str, says: str) -> None:
    assert old in FILTER
    found = load(RULE, filters=[FILTER.replace(old, new)])
    (issue,) = found.errors
    assert issue.state is State.INVALID and says in issue.what
    assert equivalent(found.rules[0].node, OWN)


def test_filters_may_hold_nothing_else() -> None:
    (issue,) = load(RULE, filters=[RULE]).errors
    assert "no Sigma filter" in issue.what


def test_a_pipeline_that_does_nothing_changes_nothing(shared: Path) -> None:
    lines = (shared / "conformance" / "semantics.jsonl").read_text(encoding="utf-8").splitlines()
    rules = {json.loads(line)["rule"]: json.loads(line).get("placeholders") for line in lines}
    for text, placeholders in rules.items():
        plain, piped = (load(text, placeholders=placeholders, pipelines=specs) for specs in ([], [SAME]))
        assert equivalent(plain.rules[0].node, piped.rules[0].node), text


def test_pipelines_rename_add_and_fill() -> None:
    pipeline = {
        "name": "x",
        "vars": {"u": ["bob", "al*"]},
        "transformations": [
            {"type": "field_name_mapping", "mapping": {"Image": "path", "CommandLine": ["c1", "c2"]}},
            {"type": "add_condition", "conditions": {"EventID": 1}},
            {"type": "change_logsource", "product": "windows", "service": "sysmon"},
            {"type": "value_placeholders"},
        ],
    }
    rule = RULE.replace("condition:", "sel_user: {User|expand: '%u%'}\n    condition:")
    found = load(rule, pipelines=[pipeline])
    assert not found.errors
    both = [And((leaf(name, "x", Op.CONTAINS), leaf(name, "y", Op.CONTAINS))) for name in ("c1", "c2")]
    user = Or((leaf("User", "bob"), leaf("User", "al", Op.STARTSWITH)))
    expected = And((Leaf(Atom("EventID", Op.NUMBER, 1)), leaf("path", r"\a.exe", Op.ENDSWITH), Or(tuple(both)), user))
    assert equivalent(found.rules[0].node, expected)
    assert found.rules[0].selectors == (Selector(SYSMON),)
    assert found.rules[0].document == load(rule, pipelines=[pipeline]).rules[0].document  # no random names


def test_pipelines_run_in_the_order_of_their_priority() -> None:
    def mapping(priority: int, old: str, new: str) -> dict[str, Any]:
        step = {"type": "field_name_mapping", "mapping": {old: new}}
        return {"name": old, "priority": priority, "transformations": [step]}

    rule = "title: t\nlogsource: {product: windows}\ndetection: {s: {A: x}, condition: s}\n"
    assert one(rule, pipelines=[mapping(20, "B", "C"), mapping(10, "A", "B")]) == leaf("C", "x")


def test_what_a_pipeline_drops_leaves_the_condition() -> None:
    drop = {
        "transformations": [
            {"type": "drop_detection_item", "field_name_conditions": [{"type": "include_fields", "fields": ["Image"]}]}
        ]
    }
    assert equivalent(one(RULE, pipelines=[drop]), OWN.children[1])
    (issue,) = load(RULE.replace("all of sel_*", "sel_img"), pipelines=[drop]).errors
    assert issue.state is State.UNSUPPORTED and "left nothing" in issue.what


def test_rules_that_a_pipeline_refuses_are_unsupported() -> None:
    refuse = {"transformations": [{"type": "rule_failure", "message": "not here"}]}
    (issue,) = load(RULE, pipelines=[refuse]).errors
    assert issue.state is State.UNSUPPORTED and "not here" in issue.what
    query = {"transformations": [{"type": "query_expression_placeholders", "expression": "{field} in {id}"}]}
    (issue,) = load(RULE.replace("Image|endswith: '\\a.exe'", "User|expand: '%u%'"), pipelines=[query]).errors
    assert issue.state is State.UNSUPPORTED


@pytest.mark.parametrize(
    "text",
    [
        "transformations:\n  - {type: command_placeholders, command: [touch, x]}\n",
        "transformations:\n  - {type: nest, items: [{type: http_placeholders, url: 'http://localhost'}]}\n",
        "transformations:\n  - {type: file_placeholders, path: /etc/hostname}\n",
        "postprocessing:\n  - {type: template, template: x, vars: /tmp/x.py}\n",
        "finalizers:\n  - {type: nested, finalizers: [{type: template, template: x}]}\n",
    ],
)
def test_pipelines_that_reach_outside_need_trust(text: str, tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="trust"):
        load(RULE, pipelines=[text])
    path = tmp_path / "p.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RuleError, match=r"p\.yml"):
        load(RULE, pipelines=[path])


def test_trusted_pipelines_may_read_files(tmp_path: Path) -> None:
    values = tmp_path / "users.txt"
    values.write_text("bob\nal*\n", encoding="utf-8")
    pipeline = {"transformations": [{"type": "file_placeholders", "path": str(values)}]}
    rule = RULE.replace("Image|endswith: '\\a.exe'", "User|expand: '%u%'").replace("all of sel_*", "sel_img")
    found = load(rule, pipelines=[pipeline], trust_pipelines=True)
    assert not found.errors and isinstance(found.rules[0].node, Or)


@pytest.mark.parametrize(
    "text", ["a: 1\nb: 2\n", "transformations: [{type: nonsense}]\nname: x\n", "- 1\n- 2\n", "a: [\n"]
)
def test_broken_pipelines_raise(text: str) -> None:
    with pytest.raises(RuleError):
        Pipeline([text])


def test_unknown_pipelines_raise() -> None:
    with pytest.raises(InputError, match="no such pipeline"):
        load(RULE, pipelines=["no_such_pipeline"])
