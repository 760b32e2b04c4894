"""Converted rules: the same rows as the reference, refusals with a reason, and the sigma command itself."""

from __future__ import annotations

import ipaddress
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError
from sigma.plugins import InstalledSigmaPlugins
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaRule

from lotl.convert import FORMATS, convert
from lotl.convert.addresses import network_regex
from lotl.convert.linear import to_re2
from lotl.convert.sigma_rules import read_rule
from lotl.errors import InputError, UnsupportedRule
from lotl.match.reference import Reference
from lotl.sigma.load import load
from lotl.sigma.model import Rule

from .conftest import ROOT
from .converted import columns, events, run_arrow, run_pandas

RUNNERS = {"arrow": run_arrow, "pandas": run_pandas}


def rule(detection: str, title: str = "A rule") -> Rule:
    text = f"title: {title}\nlogsource: {{product: windows}}\ndetection:\n{detection}"
    [found] = load(text, strict=True).rules
    return found


def one(item: str) -> Rule:
    return rule(f"  one:\n    {item}\n  condition: one\n")


# --- against the reference --------------------------------------------------------------------------------------

VALUES = [
    None,
    "",
    "-",
    "abc",
    "ABC",
    "aXc",
    "xabcx",
    "a\nc",
    "ab",
    "é",
    "É",
    "ΟΔΟΣ",
    "οδοσ",
    "İ",
    "K",
    "s ſ",
    "a*c",
    "a\\c",
]
TEXTS = [
    "F: abc", "F|cased: abc", "F: ''", "F: null", "F|exists: true", "F|exists: false", "F: a?c", "F: a*c", "F: '*'",
    "F: '?'", r"F: a\*c", "F|contains: B", "F|contains|cased: B", "F|startswith: A", "F|endswith: C", "F|contains: ΔΟΣ",
    "F: k", "F|contains|all: [a, b]", "F|endswith: [b, x]", "F: [abc, null]", "F|re: b", "F|re|i: ^ab?", "F|re: 'b$'",
    "F|re: '^.{2}$'", r"F|re: '\w'", r"F|re|i: 's\s\S'", "F|re: '[^a-c]'", "F|fieldref: G", "F|neq: abc", "F: '*a*c*'",
    "F|re: '(?i)B'", "F|windash|contains: '-'", "Missing: abc", "Missing: null", "Missing|exists: false", "f: abc",
    "F|base64offset|contains: a", "F|re: 'É'", "F|contains: ['', zzz]",
]  # fmt: skip
NUMBERS = [
    None,
    "1",
    "01",
    "0x3e7",
    "0X3E7",
    "999",
    "-5",
    "+5",
    "5.0",
    ".5",
    "1e3",
    "1e999",
    "x",
    "",
    "7" * 30,
    "9007199254740993",
]
NUMERIC = [
    "LogonId: 999", "LogonId: '0x3e7'", "F: 999", "F: 1", "F|gt: 4", "F|gte: 5", "F|lt: 1", "F|lte: -5", "F|gt: 998.5",
    "F|gte: 9007199254740991",
]  # fmt: skip
ADDRESSES = [
    None, "10.1.2.3", "::ffff:10.1.2.3", "::FFFF:0a01:203", "0:0:0:0:0:ffff:a01:203", "10.1.2", "010.1.2.3",
    "fe80::1%eth0", "FE80:0:0:0:0:0:0:1", "::1", "0::1", "fc00::", "::", "1:2:3:4:5:6:7::",
    "172.16.0.1 ", "::10.1.2.3", "0x0a010203",
]  # fmt: skip
CIDR = ["10.0.0.0/8", "10.1.2.3/32", "0.0.0.0/0", "::1/128", "fe80::/10", "fc00::/7", "::/0", "::/96", "10.1.2.2/31"]


def cases() -> list[tuple[str, list[Any]]]:
    found = [(text, VALUES) for text in TEXTS] + [(text, NUMBERS) for text in NUMERIC]
    found += [(f"F|cidr: '{network}'", ADDRESSES) for network in CIDR]
    return found


@pytest.mark.parametrize("form", RUNNERS)
@pytest.mark.parametrize(("item", "values"), cases(), ids=[item for item, _ in cases()])
@pytest.mark.parametrize("negated", [False, True], ids=["", "not"])
def test_one_test_of_one_field(item: str, values: list[Any], form: str, negated: bool) -> None:
    converted = rule(f"  one:\n    {item}\n  condition: {'not ' * negated}one\n")
    field = "LogonId" if "LogonId" in item else "F"
    rows = [{name: v for name, v in {field: value, "G": "abc"}.items() if v is not None} for value in values]
    wanted = [Reference(converted.document).matches(row) for row in rows]
    assert RUNNERS[form](convert(converted, form), columns(rows)) == wanted


@pytest.mark.parametrize("form", RUNNERS)
@pytest.mark.parametrize(
    "condition",
    ["2 of s*", "all of s*", "1 of them", "a and not (s1 or s2)", "not 1 of s*", "keys", "not keys", "both"],
)
def test_conditions(condition: str, form: str) -> None:
    converted = rule(
        "  a: {A: x}\n  s1: {B: x}\n  s2: {C: x}\n  s3: {D|contains: x}\n  keys: [Xy, zz]\n"
        f"  both:\n    '|all': [x, y]\n  condition: {condition}\n"
    )
    rows = [{name: v for name, v in zip("ABCD", case, strict=True) if v} for case in np.ndindex(2, 2, 2, 2)]
    rows = [dict.fromkeys(row, "x") for row in rows] + [{"D": "axyb"}, {"A": "zz"}, {"A": "x", "D": "Y"}]
    wanted = [Reference(converted.document).matches(row) for row in rows]
    assert RUNNERS[form](convert(converted, form), columns(rows)) == wanted


def test_public_rules(shared: Path) -> None:
    folder = shared / "data" / "sigma" / "rules" / "windows"
    rules = load(folder).rules[::23]
    hits = checked = 0
    for seed, known in enumerate(rules):
        converted = read_rule(SigmaRule.from_dict(dict(known.document)))
        rows = events(known.node, 6, seed)
        wanted = [Reference(known.document).matches(row) for row in rows]
        for form, run in RUNNERS.items():
            try:
                code = convert(converted, form)
            except UnsupportedRule:
                continue
            assert run(code, columns(rows)) == wanted, (form, known.meta.path)
            checked += 1
        hits += sum(wanted)
    assert checked > 1.9 * len(rules) > 150
    assert hits > len(rules)


def test_lists_typed_columns_and_other_indices() -> None:
    frame = pd.DataFrame(
        {
            "F": [["a", "b"], [], None, "B"],
            "L": [["xa", "by"], ["ab"], None, "a"],
            "N": [5.0, None, 7.0, 7.5],
            "T": [True, False, None, None],
        },
        index=["w", "x", "x", "z"],
    )
    scope: dict[str, Any] = {}
    for name, item in {
        "lists": "F: b",
        "nothing": "F: null",
        "there": "F|exists: true",
        "number": "N: 5",
        "truth": "T: true",
    }.items():
        exec(convert(rule(f"  one:\n    {item}\n  condition: one\n", name), "pandas"), scope)
    masks = {name: scope[name](frame) for name in ("lists", "nothing", "there", "number", "truth")}
    assert masks["lists"].tolist() == [True, False, False, True]
    assert masks["nothing"].tolist() == [False, True, True, False]
    assert masks["there"].tolist() == [True, True, False, True]
    assert masks["number"].tolist() == [True, False, False, False]
    assert masks["truth"].tolist() == [True, False, False, False]
    assert masks["lists"].index.equals(frame.index)
    table = pa.table(
        {"F": [["a"]], "N": pa.array([5]), "D": pa.array(["Ab"]).dictionary_encode(), "T": pa.array([True])}
    )
    for item, count in {"N: 5": 1, "D: aB": 1, "D|contains: b": 1, "T: true": 1, "N|gt: 5": 0}.items():
        exec(convert(one(item), "arrow"), scope)
        assert table.filter(scope["a_rule"](table.schema)).num_rows == count, item
    exec(convert(one("F: a"), "arrow"), scope)
    with pytest.raises(TypeError, match="column 'F' has several values"):
        scope["a_rule"](table.schema)


def test_a_parquet_file_is_filtered(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"Image": ["C:\\whoami.exe", None, "x"], "EventID": [1, 1, 2]}), tmp_path / "events.parquet"
    )
    scope: dict[str, Any] = {}
    exec(convert(rule("  a: {Image|endswith: WHOAMI.exe, EventID: 1}\n  condition: a\n"), "arrow"), scope)
    dataset = ds.dataset(tmp_path / "events.parquet")
    assert dataset.to_table(filter=scope["a_rule"](dataset.schema))["EventID"].to_pylist() == [1]


# --- regular expressions and addresses in RE2 --------------------------------------------------------------------

PIECES = st.sampled_from(
    ["a", "K", "s", "i", ".", r"\d", r"\w", r"\s", r"\S", "[a-f]", "[^k]", "é", "(?:ab|c)", "x?", "b*", "c+?", "a{1,2}",
     "^", "$", r"\A", r"\Z", r"\.", "[\\w-]", r"\n", "(?i:q)", "[K-m]"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.lists(PIECES, min_size=1, max_size=5),
    st.sampled_from(["", "i", "m", "s", "ims"]),
    st.lists(st.text("abckKsSiIſıİ\u212aéÉ19_ .-\n\tqQ\x1c\u2003٣ß", max_size=6), min_size=1, max_size=8),
)
def test_regular_expressions_mean_the_same(pieces: list[str], flags: str, texts: list[str]) -> None:
    pattern = "".join(pieces)
    bits = sum({"i": re.I, "m": re.M, "s": re.S}[flag] for flag in flags)
    try:
        wanted = [re.search(pattern, text, bits) is not None for text in texts]
        rewritten = to_re2(pattern, flags)
    except (re.error, UnsupportedRule):
        return
    assert pc.match_substring_regex(pa.array(texts), rewritten).to_pylist() == wanted, rewritten


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [("(?=a)b", "look-ahead"), (r"(a)\1", "back-reference"), (r"\ba", "word boundaries"), ("a++", "possessive"),
     ("(?:a{500}){500}", "1000 times"), ("(?>a)b", "atomic")],
)  # fmt: skip
def test_what_re2_lacks_is_named(pattern: str, reason: str) -> None:
    with pytest.raises(UnsupportedRule, match=reason):
        convert(one(f"F|re: '{pattern}'"), "arrow")


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*CIDR, "10.128.0.0/9", "2001:db8::/33", "::fffe:0:0/95", "a00::/8", "192.168.1.64/27"]),
    st.one_of(st.integers(0, 2**128 - 1), st.integers(0, 2**48 - 1), st.integers(0xFC << 120, 2**128 - 1)),
    st.sampled_from(["compressed", "exploded", "dotted", "v4", "scope", "upper", "broken"]),
)
def test_networks_as_expressions(network: str, number: int, form: str) -> None:
    address: Any = ipaddress.IPv6Address(number)
    text = {
        "compressed": str(address), "exploded": address.exploded, "scope": f"{address}%1",
        "upper": str(address).upper(),
        "dotted": f"{address.exploded[:30]}{ipaddress.IPv4Address(number & 0xFFFFFFFF)}",
        "v4": str(ipaddress.IPv4Address(number & 0xFFFFFFFF)), "broken": f"{address}:",
    }[form]  # fmt: skip
    wanted = Reference({"detection": {"a": {"F|cidr": network}, "condition": "a"}}).matches({"F": text})
    pattern, exception = network_regex(network)
    found = bool(re.fullmatch(pattern, text)) and not (exception and re.fullmatch(exception, text))
    assert found == wanted, text


# --- refusals and hostile rules -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("F|fieldref|contains: G", "fieldref.*contains.*field F"),
        ("F|hour: 3", "timepart.*field F"),
        ("F|gt: 9007199254740992", r"2\*\*53"),
    ],
)
def test_what_arrow_lacks_is_named(item: str, reason: str) -> None:
    with pytest.raises(UnsupportedRule, match=reason):
        convert(one(item), "arrow")


@pytest.mark.parametrize(
    "item", ["F|hour: 3", "F|hour|gte: 3", "F|week: 53", "F|year|lt: 2021", "F|fieldref|contains: G"]
)
def test_pandas_has_what_arrow_lacks(item: str) -> None:
    rows = [
        {"F": text, "G": "01"} for text in ["2021-01-01T03:04:05Z", "2020-02-30 03:00:00", "2020-12-31", "x", "2021"]
    ]
    converted = one(item)
    wanted = [Reference(converted.document).matches(row) for row in rows]
    assert run_pandas(convert(converted, "pandas"), columns(rows)) == wanted
    assert any(wanted)


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_in_a_rule_becomes_code(form: str) -> None:
    evil = "x'\"\n'''\"\"\"\nraise SystemExit(1)\r\x85\u2028\x00{name}%s\\"
    known = rule("  a: {F: x}\n  condition: a\n")
    document = {"title": evil, "id": evil, "author": evil, "level": evil}
    meta = type(known.meta)(**{**vars(known.meta), **document, "tags": (evil,)})
    from lotl.plan.ir import And, Atom, Leaf, Op, Wild

    leaves = tuple(Leaf(Atom(evil, op, evil)) for op in (Op.EQUALS, Op.CONTAINS, Op.STARTSWITH, Op.ENDSWITH))
    node = And(
        (*leaves, Leaf(Atom(evil, Op.GLOB, (evil, Wild.RUN, evil))), Leaf(Atom(evil, Op.REGEX, (re.escape(evil), ""))))
    )
    text = convert(Rule(meta, known.logsource, (), node, {}), form)
    if form == "plan":
        assert all(line.startswith(("# ", "all of", "  ")) for line in text.splitlines())
        return
    assert RUNNERS[form](text, {evil: [evil, "x"]}) == [False, False]
    assert RUNNERS[form](convert(Rule(meta, known.logsource, (), leaves[1], {}), form), {evil: [evil, "x"]}) == [
        True,
        False,
    ]


@pytest.mark.parametrize("form", RUNNERS)
def test_long_and_deep_rules_run(form: str) -> None:
    many = rule("  a:\n    F|contains: [" + ", ".join(f"v{n}" for n in range(3000)) + "]\n  condition: a\n")
    assert RUNNERS[form](convert(many, form), {"F": ["xv2999x", "w"]}) == [True, False]
    deep = rule("  a: {F: x}\n  b: {G: x}\n  condition: " + "a and not (b or not (" * 40 + "a" + "))" * 40 + "\n")
    rows = [{"F": "x"}, {"F": "x", "G": "x"}, {}]
    wanted = [Reference(deep.document).matches(row) for row in rows]
    assert RUNNERS[form](convert(deep, form), columns(rows)) == wanted


def test_unknown_form() -> None:
    with pytest.raises(InputError, match="one of arrow, pandas, plan"):
        convert(one("F: x"), "splunk")


# --- pySigma and sigma-cli ----------------------------------------------------------------------------------------

CORRELATION = """
title: Base
id: 00000000-0000-4000-8000-000000000001
name: base
logsource: {category: test}
detection:
    sel: {A: b}
    condition: sel
---
title: Many
correlation: {type: event_count, rules: [base], group-by: [A], timespan: 1m, condition: {gte: 2}}
"""


def backend(**options: Any) -> Any:
    return InstalledSigmaPlugins.autodiscover(include_pipelines=False, include_validators=False).backends["lotl"](
        **options
    )


def test_originals_survive_pysigma(shared: Path) -> None:
    rules = load(shared / "data" / "sigma" / "rules" / "windows" / "builtin").rules
    from lotl.plan.fold import Graph

    for known in rules:
        graph = Graph()
        again = read_rule(SigmaRule.from_dict(dict(known.document)))
        assert graph.add(again.node) == graph.add(known.node), known.meta.path


def test_pipelines_are_applied() -> None:
    names = "name: names\npriority: 10\ntransformations:\n- {id: a, type: field_name_mapping, mapping: {A: B}}\n"
    collection = SigmaCollection.from_yaml(CORRELATION.split("---")[0])
    [code] = backend(processing_pipeline=ProcessingPipeline.from_yaml(names)).convert(collection, "pandas")
    assert run_pandas(code, {"A": ["b", None], "B": [None, "B"]}) == [False, True]


@pytest.mark.parametrize("form", RUNNERS)
def test_log_sources_become_conditions_when_asked_for(form: str) -> None:
    text = "title: T\nlogsource: {category: registry_delete, product: windows}\ndetection: {a: {F: x}, condition: a}\n"
    collection = SigmaCollection.from_yaml(text)
    sysmon = "microsoft-windows-sysmon/operational"
    rows = [
        {"Channel": sysmon, "EventID": "12", "EventType": "DeleteKey", "F": "x"},
        {"Channel": sysmon, "EventID": "12", "EventType": "CreateKey", "F": "x"},
        {"Channel": "Security", "EventID": "12", "EventType": "DeleteKey", "F": "x"},
        {"F": "x"},
    ]
    for options, hits in (({}, [True] * 4), ({"logsource": "true"}, [True, False, False, False])):
        [code] = backend(**options).convert(collection, form)
        assert RUNNERS[form](code, columns(rows)) == hits
    nowhere = SigmaCollection.from_yaml(text.replace("registry_delete", "file_access"))
    with pytest.raises(SigmaError, match="file_access"):
        backend(logsource=True).convert(nowhere, form)


def test_correlations_are_refused() -> None:
    with pytest.raises(SigmaError, match=r"Many .*correlation \(event_count\).*lotl scan"):
        backend().convert(SigmaCollection.from_yaml(CORRELATION))
    collecting = backend(collect_errors=True)
    assert collecting.convert(SigmaCollection.from_yaml(CORRELATION)) == []
    assert len(collecting.errors) == 1


def sigma(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from sigma.cli.main import main; sys.argv[0] = 'sigma'; main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, timeout=120)


def test_the_sigma_command(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(
        "title: Wide\nstatus: test\nlogsource: {category: test}\n"
        "detection:\n    sel:\n        A|endswith: \\é.exe\n    condition: not sel\n",
        encoding="utf-8",
    )
    (tmp_path / "bad.yml").write_text(
        "title: Look\nstatus: test\nlogsource: {category: test}\n"
        "detection:\n    sel:\n        A|re: (?=x)\n    condition: sel\n",
        encoding="utf-8",
    )
    targets = sigma("list", "targets")
    assert re.search(r"\| lotl\s", targets.stdout), targets.stderr
    formats = sigma("list", "formats", "lotl").stdout
    assert all(re.search(rf"\| {form}\s", formats) for form in FORMATS)
    for form, run in RUNNERS.items():
        done = sigma("convert", "-t", "lotl", "-f", form, tmp_path / "rule.yml")
        assert done.returncode == 0, done.stderr
        assert run(done.stdout, {"A": ["C:\\É.EXE", "x", None]}) == [False, True, True]
    refused = sigma("convert", "-t", "lotl", tmp_path / "bad.yml")
    assert refused.returncode != 0
    assert "Look" in refused.stderr and "look-ahead" in refused.stderr
    scoped = sigma("convert", "-t", "lotl", "-f", "plan", "-O", "logsource=true", tmp_path / "rule.yml")
    assert "unknown category 'test'" in scoped.stderr
    skipped = sigma("convert", "-s", "-t", "lotl", "-f", "plan", tmp_path)
    assert "not: A endswith" in skipped.stdout and "A regex '(?=x)'" in skipped.stdout
