"""The state of every rule after a run: nothing that was asked for disappears."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from lotl.errors import OutputError
from lotl.hits import Hits
from lotl.report.safe import csv_cell
from lotl.sigma.model import State

COLUMNS = ("state", "rule_id", "title", "level", "hits", "path", "reason")


def check(path: str) -> None:
    """Raise OutputError when `path` has no known suffix."""
    if Path(path).suffix.lower() not in (".csv", ".jsonl"):
        raise OutputError("a rules report is .csv or .jsonl", where=path)


def lines(hits: Hits) -> Iterator[dict[str, str | int]]:
    """Yield one line per rule: evaluated ones in rule order, then those that could not be loaded."""
    counts = hits.all.by_rule()
    for rule in hits.ruleset.rules:
        meta = rule.meta
        state = hits.run.states.get(meta.id, State.LOADED)
        fields = hits.run.blind.get(meta.id, ())
        reason = f"never seen: {', '.join(fields)}" if fields else ""
        values = (state.value, meta.id, meta.title, meta.level, counts.get(meta.id, 0), meta.path, reason)
        yield dict(zip(COLUMNS, values, strict=True))
    for issue in hits.run.issues:
        values = (issue.state.value, issue.rule, "", "", 0, issue.where, f"{issue.what} {issue.hint}".strip())
        yield dict(zip(COLUMNS, values, strict=True))


def write(hits: Hits, path: Path) -> None:
    """Write the report to `path`.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            if path.suffix.lower() == ".jsonl":
                file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines(hits))
                return
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows([csv_cell(str(value)) for value in line.values()] for line in lines(hits))
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=str(path)) from error
