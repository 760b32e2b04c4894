"""Entries: the documents of all sources, told apart into rules, correlations and filters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from lotl.sigma import documents
from lotl.sigma.sources import Origin

MOST_PARTS = 300_000
"""Values in one document, those that YAML aliases repeat counted each time."""

_SIGMA = (b"detection:", b"logsource:", b"correlation:")


class Sort(Enum):
    """What a document is."""

    RULE = "rule"
    CORRELATION = "correlation"
    FILTER = "filter"
    UNKNOWN = "unknown"
    """Not Sigma, where Sigma was expected."""


@dataclass(frozen=True)
class Entry:
    """One document.

    Attributes
    ----------
    sort : Sort
    content : mapping
        Empty where it cannot be read.
    origin : Origin
    line : int
        Its first line.
    problem : str
        Why it cannot be read.
    remarks : tuple of str
        What is doubtful about its YAML.
    """

    sort: Sort
    content: Mapping[str, Any]
    origin: Origin
    line: int
    problem: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """File and line."""
        return f"{self.origin.name or 'text'}:{self.line}"


def read_entries(origins: list[Origin]) -> tuple[list[Entry], int]:
    """Return the entries of all origins, and how many documents found in folders are no Sigma."""
    entries: list[Entry] = []
    skipped = 0
    for origin in origins:
        found = list(_entries(origin))
        entries += [entry for entry in found if entry is not None]
        skipped += found.count(None)
    return entries, skipped


def _entries(origin: Origin) -> Iterator[Entry | None]:
    if origin.problem:
        yield Entry(Sort.UNKNOWN, {}, origin, 1, origin.problem)
        return
    if origin.content is not None:
        yield _entry(documents.Document(dict(origin.content), 1), origin)
        return
    merged: Mapping[str, Any] = {}  # Sigma 1 collections: 'action: global' gives later documents its parts
    previous: Mapping[str, Any] = {}
    for document in documents.read(origin.data):
        content = document.content
        action = content.get("action") if isinstance(content, Mapping) else None
        if action == "global":
            merged = _deep(merged, content)
        elif action == "reset":
            merged = {}
        if action in ("global", "reset") or not isinstance(content, Mapping):
            yield None if action else _entry(document, origin)
            continue
        if action == "repeat" or merged:
            base = previous if action == "repeat" else merged
            content = {name: value for name, value in _deep(base, content).items() if name != "action"}
        previous = content
        yield _entry(document._replace(content=content), origin)


def _deep(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = _deep(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def _entry(document: documents.Document, origin: Origin) -> Entry | None:
    content, line = document.content, document.line
    if document.problem:
        if not origin.sought and not any(word in origin.data for word in _SIGMA):
            return None
        return Entry(Sort.UNKNOWN, {}, origin, line, f"not readable as YAML: {document.problem}")
    sort = _sort(content)
    if sort is Sort.UNKNOWN:
        if not origin.sought and not _means_to_be_a_rule(content):
            return None
        content = content if isinstance(content, Mapping) else {}
        return Entry(sort, content, origin, line, "no Sigma: there is no detection, correlation or filter section")
    if document.shared and _size(content) > MOST_PARTS:
        return Entry(Sort.UNKNOWN, {}, origin, line, f"YAML aliases make more than {MOST_PARTS} values of it")
    return Entry(sort, content, origin, line, "", document.remarks)


def _sort(content: Any) -> Sort:
    if not isinstance(content, Mapping):
        return Sort.UNKNOWN
    if "correlation" in content:
        return Sort.CORRELATION
    if isinstance(content.get("filter"), Mapping) and "detection" not in content:
        return Sort.FILTER
    return Sort.RULE if "detection" in content or "logsource" in content else Sort.UNKNOWN


def _means_to_be_a_rule(content: Any) -> bool:
    return isinstance(content, Mapping) and "title" in content and ("level" in content or "status" in content)


def _size(content: Any) -> int:
    total, waiting = 0, [content]
    while waiting and total <= MOST_PARTS:
        value = waiting.pop()
        total += 1
        if isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
    return total
