"""The pack on simulated intrusions: every chain is found, nothing ordinary is alarming, and the report can tell."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from typing import Any

import pytest

import lotl
from tests.conftest import ROOT

SMALL = argparse.Namespace(hosts=3, users=2, days=0.5, rate=0.15)


@pytest.fixture(scope="module")
def report() -> Any:
    path = ROOT / "benchmarks" / "pack_report.py"
    spec = importlib.util.spec_from_file_location("pack_report", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["pack_report"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("level", [0, 3])
def test_every_chain_is_found_and_nothing_ordinary_is_alarming(report: Any, level: int) -> None:
    found = report.measure(100, level, lotl.rules("lotl"), SMALL)
    assert found.chains == found.chains_due and len(found.chains_due) >= 14
    assert not found.missed
    assert not found.alerts
    assert found.own.total() == found.instances.total() > 50
    assert found.hit > 0.85 * found.visible


def test_missing_rules_and_false_alarms_are_told(report: Any) -> None:
    everything = """
    title: Any Process
    id: 9a3c1f60-6b0e-4f6c-9f0e-0d5b1d8a7c11
    logsource: {product: windows, category: process_creation}
    detection: {selection: {Image|contains: '\\'}, condition: selection}
    tags: [lotl.vt-041]
    level: high
    """
    found = report.measure(100, 0, lotl.rules(everything), SMALL)
    assert found.alerts.total() > 50
    assert not found.chains and found.chains_due
    assert found.own["VT-016"] == 0 and found.alarm["VT-016"] == found.instances["VT-016"] > 0
    lines = "\n".join(report.report({0: found}, 1, markdown=True))
    assert "| Any Process | high |" in lines and "no correlation rule found it" in lines
    assert f"0/{found.chains_due.total()} (0 %)" in lines


def test_the_report_depends_on_its_arguments_only(report: Any) -> None:
    rules = lotl.rules("lotl")
    texts = {
        "\n".join(report.report({1: report.measure(5, 1, rules, SMALL)}, 1, markdown=markdown))
        for markdown in (False, False)
    }
    assert len(texts) == 1
