"""The cache: the same result warm as cold, whatever happens to its files."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lotl.plan.build import Plan
from lotl.plan.cache import plan_for
from lotl.sigma import diskcache
from lotl.sigma.load import load
from lotl.sigma.ruleset import RuleSet

from .conftest import ROOT

RULE = r"""
title: rule {number}
id: 00000000-0000-4000-9000-0000000000{number}
level: high
tags: [attack.t1059]
author: "\U0001F600 \xe9"
logsource: {{product: windows, category: {category}}}
detection:
    a: {{Image|endswith|cased: ['\x{number}.exe', 'a*b?c'], F: null, H|re|i: 'x+', J|gte: 1.5, K|fieldref|contains: L}}
    b: {{T|hour|lt: 6, ProcessId: 18446744073709551615, M|exists: false, '|all': [p, q], N|cidr: 10.0.0.0/8}}
    c: {{U|expand: '%u%'}}
    condition: 2 of them or not a
"""
CORRELATION = """
title: c
correlation:
    {type: temporal, rules: [00000000-0000-4000-9000-000000000010, 00000000-0000-4000-9000-000000000011], timespan: 5m,
     group-by: [A], aliases: {A: {00000000-0000-4000-9000-000000000010: B}},
     condition: 00000000-0000-4000-9000-000000000010 and not 00000000-0000-4000-9000-000000000011}
"""


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOTL_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "rules"
    folder.mkdir()
    for number in range(10, 20):
        category = "registry_add" if number % 2 else "nonsense" if number == 14 else "process_creation"
        (folder / f"{number}.yml").write_text(RULE.format(number=number, category=category), encoding="utf-8")
    (folder / "bad.yml").write_text("title: bad\ndetection: {}\nlogsource: {product: windows}\n", encoding="utf-8")
    (folder / "ci.yml").write_text("on: push\n", encoding="utf-8")
    (folder / "corr.yml").write_text(CORRELATION, encoding="utf-8")
    return folder


def loaded(folder: Path) -> RuleSet:
    return load(folder, placeholders={"u": ["x", "y*"]})


def files(kind: str = "") -> list[Path]:
    return sorted(diskcache.directory().glob(f"{kind}*.bin"))


def same_rules(left: RuleSet, right: RuleSet) -> None:
    assert list(left.rules) == list(right.rules)
    for name in ("correlations", "filters", "errors", "warnings", "skipped", "placeholders", "metas"):
        assert getattr(left, name) == getattr(right, name), name
    assert left.counts() == right.counts()


def same_plans(left: Plan, right: Plan) -> None:
    for name in ("fields", "atom_value", "atoms"):
        assert getattr(left, name) == getattr(right, name), name
    for name in (
        "atom_field",
        "atom_op",
        "atom_cased",
        "atom_hexed",
        "node_kind",
        "node_count",
        "child_start",
        "child",
    ):
        assert np.array_equal(getattr(left, name), getattr(right, name)), name
    assert np.array_equal(left.roots, right.roots)
    assert [s for s, _, _ in left.routing] == [s for s, _, _ in right.routing]
    for (_, rules, roots), (_, others, nodes) in zip(left.routing, right.routing, strict=True):
        assert np.array_equal(rules, others) and np.array_equal(roots, nodes)


def test_warm_equals_cold(rules: Path) -> None:
    cold = loaded(rules)
    cold_plan = plan_for(cold)
    assert len(files("rules")) == len(files("plan")) == 1
    warm = loaded(rules)
    assert type(warm.rules) is not type(cold.rules)
    same_rules(cold, warm)
    same_plans(cold_plan, plan_for(warm))
    same_plans(plan_for(cold, ignore_logsource=True), plan_for(warm, ignore_logsource=True))
    assert warm.rules[-1] == cold.rules[-1] and cold.rules[1:3] == warm.rules[1:3]
    assert pickle.loads(pickle.dumps(warm)).rules[0] == cold.rules[0]
    assert replace(warm.rules[5], generates=False) == replace(cold.rules[5], generates=False) != cold.rules[5]
    chosen = [each.select(exclude="rule 11") for each in (cold, warm)]
    same_rules(*chosen)
    same_plans(plan_for(chosen[0]), plan_for(chosen[1]))


def test_any_change_of_a_rule_or_option_is_seen(rules: Path) -> None:
    keys = {loaded(rules).digest, load(rules).digest, load(rules, placeholders={"u": ["x"]}).digest}
    (rules / "10.yml").write_text(RULE.format(number=10, category="image_load"), encoding="utf-8")
    changed = loaded(rules)
    assert changed.rules[0].logsource.category == "image_load"
    (rules / "10.yml").rename(rules / "20.yml")
    moved = loaded(rules)
    assert moved.metas[-1].path.endswith("20.yml")
    assert len(keys | {changed.digest, moved.digest}) == 5


def test_small_sets_and_trusted_pipelines_are_not_cached(rules: Path) -> None:
    pipeline = {"transformations": [{"type": "set_state", "key": "a", "val": "b"}]}
    load(rules / "11.yml")
    load(rules, pipelines=[pipeline], trust_pipelines=True)
    assert files() == []
    load(rules, pipelines=[pipeline])
    assert len(files("rules")) == 1


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "cut": data[: len(data) // 2],
            "flipped": data[:-100] + bytes([data[-100] ^ 1]) + data[-99:],
            "other": b"something else entirely" * 100,
            "header": data[:30] + b"\xff" * 20 + data[50:],
        }[how]
    )


@pytest.mark.parametrize("how", ["empty", "cut", "flipped", "other", "header"])
def test_damaged_files_are_as_good_as_none(rules: Path, how: str) -> None:
    cold = loaded(rules)
    plan = plan_for(cold)
    for path in files():
        damage(path, how)
    again = loaded(rules)
    same_rules(cold, again)
    same_plans(plan, plan_for(again))
    assert type(loaded(rules).rules) is not type(cold.rules)  # mended


def test_well_formed_nonsense_is_refused(rules: Path) -> None:
    cold = loaded(rules)
    plan = plan_for(cold)
    (stored,) = files("plan")
    key = stored.stem.partition("-")[2]
    blobs = {name: bytes(blob) for name, blob in (diskcache.read("plan", key) or {}).items()}
    for name, wrong in {
        "child": np.full(len(plan.child), 2**30, "<i4").tobytes(),
        "child_start": np.zeros(len(plan.child_start), "<i4").tobytes(),
        "roots": np.full(len(plan.roots), -1, "<i4").tobytes(),
        "atom_op": np.full(len(plan), 250, "|u1").tobytes(),
        "atom_field": b"",
        "values": b"[]",
        "rest": b"{}",
    }.items():
        assert diskcache.write("plan", key, {**blobs, name: wrong})
        same_plans(plan, plan_for(cold))


def test_a_directory_that_cannot_be_written_costs_only_time(
    rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("LOTL_CACHE_DIR", str(tmp_path / "file" / "below"))
    first, second = loaded(rules), loaded(rules)
    same_rules(first, second)
    same_plans(plan_for(first), plan_for(second))


def test_processes_may_race(rules: Path) -> None:
    code = (
        "import sys\nfrom lotl.sigma.load import load\nfrom lotl.plan.cache import plan_for\n"
        "for _ in range(3):\n"
        "    found = load(sys.argv[1], placeholders={'u': ['x', 'y*']})\n"
        "    print(len(found), len(plan_for(found)), len(found.errors))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(rules)], stdout=subprocess.PIPE, env=environment, text=True)
        for _ in range(3)
    ]
    outputs = {process.communicate(timeout=120)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    (output,) = outputs
    assert len(set(output.split("\n"))) == 2
    assert not list(diskcache.directory().glob("*.part"))


def test_a_warm_start_needs_neither_yaml_nor_pysigma(rules: Path) -> None:
    code = (
        "import sys\nfrom lotl.sigma.load import load\nfrom lotl.plan.cache import plan_for\n"
        "plan_for(load(sys.argv[1]))\nprint('yaml' in sys.modules, 'sigma' in sys.modules)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, str(rules)]
    results = [subprocess.run(command, capture_output=True, env=environment, text=True, check=True) for _ in range(2)]
    assert [each.stdout.split() for each in results] == [["True", "True"], ["False", "False"]]


def test_old_files_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTL_CACHE_DIR", str(tmp_path))
    for number in range(diskcache.KEPT + 5):
        assert diskcache.write("x", f"{number:03}", {"a": b"1"})
        os.utime(diskcache.directory() / f"x-{number:03}.bin", (number, number))
    assert diskcache.write("x", "last", {"a": b"1"})
    assert len(files()) == diskcache.KEPT
    assert diskcache.read("x", "000") is None and diskcache.read("x", "last") is not None
