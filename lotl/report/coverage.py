"""Coverage as CSV, JSON, and an ATT&CK Navigator layer."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from lotl.errors import OutputError
from lotl.hunt.behaviours import short_channel
from lotl.hunt.coverage import Cover, Coverage, RuleCover
from lotl.report.safe import csv_cell
from lotl.sigma.model import LEVELS

CSV_COLUMNS: Final = (
    "kind", "id", "title", "rule_id", "rule", "rule_title", "level", "correlation", "channel", "event_id",
    "samples_of_event", "samples_yes", "samples_no", "reason",
)  # fmt: skip

ATTACK_VERSION: Final = "19"
_SCORES: Final = {level: 20 * (rank + 1) for rank, level in enumerate(LEVELS)}
_COLOURS: Final = ("#f2f2f2", "#8ec6e6", "#f5c542", "#e8743b", "#b3202a")
"""For the levels, rising."""


def rows(found: Coverage) -> Iterator[tuple[str, ...]]:
    """Yield the matrix: one row per behaviour (chain, technique), rule and event; one without a rule says why."""
    for kind, covers in _kinds(found).items():
        for cover in covers:
            if not cover.rules:
                yield (kind, cover.id, cover.title, *[""] * (len(CSV_COLUMNS) - 4), cover.reason)
            for rule in cover.rules:
                yield from _rule_rows((kind, cover.id, cover.title), rule)


def _kinds(found: Coverage) -> dict[str, list[Cover]]:
    return {
        "behaviour": list(found.behaviours.values()),
        "chain": list(found.chains.values()),
        "technique": list(found.techniques.values()),
    }


def _rule_rows(head: tuple[str, ...], rule: RuleCover) -> Iterator[tuple[str, ...]]:
    meta, samples = rule.meta, rule.samples
    by_event = {(channel.lower(), number): count for channel, number, count in samples.kinds}
    about = (meta.id, meta.name, meta.title, meta.level, "yes" if rule.correlation else "no")
    end = (str(samples.yes), str(samples.no), "")
    for source in rule.sources:
        for number in source.event_ids or (None,):
            count = by_event.get((source.channel.lower(), number or 0), 0)
            yield (*head, *about, source.channel, "" if number is None else str(number), str(count), *end)
    if not rule.sources:
        yield (*head, *about, "", "", "", *end)


def document(found: Coverage) -> dict[str, Any]:
    """Return everything as one JSON document."""
    return {
        **{f"{kind}s": [_cover(cover) for cover in covers] for kind, covers in _kinds(found).items()},
        "rules": [_rule(rule) for rule in found.rules],
    }


def _cover(cover: Cover) -> dict[str, Any]:
    yes, no = cover.samples
    return {
        "id": cover.id,
        "title": cover.title,
        "level": cover.level,
        "rules": [rule.meta.id for rule in cover.rules],
        "samples": {"yes": yes, "no": no},
        "watched": [_source(source) for source in cover.watched],
        "unwatched": [_source(source) for source in cover.unwatched],
        "limit": cover.limit,
        "reason": cover.reason,
    }


def _source(source: Any) -> dict[str, Any]:
    return {"channel": source.channel, "event_ids": list(source.event_ids)}


def _rule(rule: RuleCover) -> dict[str, Any]:
    meta = rule.meta
    kinds = [{"channel": channel, "event_id": number, "count": count} for channel, number, count in rule.samples.kinds]
    return {
        "id": meta.id,
        "name": meta.name,
        "title": meta.title,
        "level": meta.level,
        "path": meta.path,
        "correlation": rule.correlation,
        "tags": list(meta.tags),
        "sources": [_source(source) for source in rule.sources],
        "samples": {"yes": rule.samples.yes, "no": rule.samples.no, "kinds": kinds},
    }


def layer(found: Coverage, *, name: str = "lotl") -> dict[str, Any]:
    """Return an ATT&CK Navigator layer (layer format 4.5): techniques scored by the highest level of their rules.

    Score 20 stands for informational, 100 for critical. Techniques of the catalogue without a rule are in it without
    a score, and say so.

    References
    ----------
    https://github.com/mitre-attack/attack-navigator/blob/master/layers/LAYERFORMATv4_5.md
    """
    covers = found.techniques.values()
    return {
        "name": name,
        "versions": {"attack": ATTACK_VERSION, "navigator": "5.1.0", "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": f"{sum(bool(one.rules) for one in covers)} techniques, {len(found.rules)} rules, by level",
        "filters": {"platforms": ["Windows"]},
        "sorting": 3,
        "layout": {
            "layout": "side", "aggregateFunction": "max", "showID": True, "showName": True,
            "showAggregateScores": True, "countUnscored": False, "expandedSubtechniques": "annotated",
        },
        "hideDisabled": False,
        "techniques": [_technique(one) for one in covers],
        "gradient": {"colors": list(_COLOURS), "minValue": 20, "maxValue": 100},
        "legendItems": [{"label": level, "color": colour} for level, colour in zip(LEVELS, _COLOURS, strict=True)],
        "metadata": [{"name": "rules", "value": str(len(found.rules))}],
        "showTacticRowBackground": False,
        "tacticRowBackground": "#dddddd",
        "selectTechniquesAcrossTactics": True,
        "selectSubtechniquesWithParent": False,
        "selectVisibleTechniques": False,
    }  # fmt: skip


def _technique(cover: Cover) -> dict[str, Any]:
    titles = [f"{rule.meta.level}: {rule.meta.title}" for rule in cover.rules]
    shown = "\n".join(titles[:20]) + (f"\nand {len(titles) - 20} more" if len(titles) > 20 else "")
    entry: dict[str, Any] = {"techniqueID": cover.id, "comment": shown or cover.reason, "enabled": True}
    if cover.rules:
        entry["score"] = _SCORES.get(cover.level, _SCORES[LEVELS[0]])
    about = {
        "rules": str(len(titles)),
        "behaviours": cover.title,
        "events": "; ".join(map(str, cover.watched)),
        "not watched": "; ".join(map(str, cover.unwatched)),
    }
    entry["metadata"] = [{"name": key, "value": value} for key, value in about.items() if value]
    return entry


def write(found: Coverage, path: str) -> None:
    """Write coverage to a file: ``.csv`` the matrix, ``.json`` a Navigator layer.

    Raises
    ------
    OutputError
        The file has another ending, or cannot be written.
    """
    check(path)
    target = Path(path)
    try:
        with target.open("w", encoding="utf-8", newline="") as file:
            if target.suffix.lower() == ".csv":
                table = csv.writer(file, lineterminator="\n")
                table.writerow(CSV_COLUMNS)
                table.writerows([csv_cell(cell) for cell in row] for row in rows(found))
            else:
                file.write(json.dumps(layer(found, name=target.stem), indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=path) from error


def check(path: str) -> None:
    """Refuse a path whose ending stands for no form of coverage.

    Raises
    ------
    OutputError
    """
    if Path(path).suffix.lower() not in (".csv", ".json"):
        raise OutputError(
            "the ending says no form of coverage", where=path, hint=".csv: matrix; .json: Navigator layer"
        )


def events_of(cover: Cover) -> str:
    """Return the events that the rules read, on one line."""
    return "; ".join(
        " ".join((short_channel(source.channel), ",".join(map(str, source.event_ids)))).strip()
        for source in cover.watched
    )
