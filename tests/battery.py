"""The battery of semantics: tests/cases/*.yaml as (rule, event, expected) cases.

A case gives a whole ``detection``, or under ``when`` just one selection; then events that match and events that miss.
The files follow the order of the table of semantics.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FOLDER = Path(__file__).parent / "cases"


class Case(NamedTuple):
    """One event for one rule; unpacks in this order."""

    name: str
    rule: str
    event: dict[str, Any]
    expect: bool
    placeholders: dict[str, list[str]] | None


class InvalidCase(NamedTuple):
    """A rule that must be rejected with a reason that contains `says`."""

    name: str
    rule: str
    says: str


def cases() -> Iterator[Case]:
    """Yield every (name, rule as YAML text, event, expected, placeholders or None)."""
    for path in sorted(FOLDER.glob("[0-9]*.yaml")):
        for entry in _load(path):
            rule, name = _rule(entry), f"{path.stem}: {entry['case']}"
            for expect, key in ((True, "match"), (False, "miss")):
                for at, event in enumerate(entry[key]):
                    yield Case(f"{name} ({key} {at + 1})", rule, event, expect, entry.get("placeholders"))


def invalid_cases() -> Iterator[InvalidCase]:
    """Yield every (name, rule as YAML text, words of the reason)."""
    for entry in _load(FOLDER / "invalid.yaml"):
        yield InvalidCase(entry["case"], _rule(entry), entry["says"])


def _load(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load(path.read_text(encoding="utf-8")))


def _rule(entry: dict[str, Any]) -> str:
    detection = entry["detection"] if "detection" in entry else {"selection": entry["when"], "condition": "selection"}
    rule = {
        "title": entry["case"],
        "id": "00000000-0000-4000-8000-000000000000",
        "status": "test",
        "logsource": {"product": "windows", "category": "process_creation"},
        "detection": detection,
        "level": "low",
    }
    return yaml.safe_dump(rule, allow_unicode=False, sort_keys=False)
