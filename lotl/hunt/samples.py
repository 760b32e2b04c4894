"""Samples beside rules: ``<rule>.yes.jsonl`` must fire it, ``<rule>.no.jsonl`` must not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from lotl.errors import InputError
from lotl.sigma.sources import PACKS, pack_folder


class Samples(NamedTuple):
    """How many samples a rule has.

    Attributes
    ----------
    yes, no : int
        Samples that must fire it, and that must not.
    kinds : tuple of (channel, event id, number)
        What the former are.
    """

    yes: int = 0
    no: int = 0
    kinds: tuple[tuple[str, int, int], ...] = ()


@cache
def samples_of(path: str) -> Samples:
    """Count the samples beside a rule file.

    Parameters
    ----------
    path : str
        As `Meta.path` has it: a file, or a path below the name of a built-in pack. "" for text: no samples.
    """
    file = rule_file(path)
    if file is None:
        return Samples()
    kinds = Counter(_kind(sample) for sample in _lines(file.with_suffix(".yes.jsonl")))
    no = sum(1 for _ in _lines(file.with_suffix(".no.jsonl")))
    return Samples(kinds.total(), no, tuple((*kind, number) for kind, number in sorted(kinds.items())))


def rule_file(path: str) -> Path | None:
    """Return the file of a rule, or None where there is none."""
    pack, _, rest = path.partition("/")
    file = Path(path)
    if pack in PACKS and rest and not file.exists():
        try:
            file = pack_folder(pack) / rest
        except InputError:
            return None
    return file if path and file.is_file() else None


def _kind(sample: dict[str, Any]) -> tuple[str, int]:
    number = str(sample.get("EventID", ""))
    return str(sample.get("Channel", "")), int(number) if number.isdecimal() else 0


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the samples of a file; lines that are no JSON objects are none."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            sample = json.loads(line)
        except ValueError:
            continue
        if isinstance(sample, dict):
            yield sample
