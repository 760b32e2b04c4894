"""JSON lines: one object per hit or correlation result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TextIO

from lotl.hits import Hits
from lotl.report.rows import rows

BATCH = 1024


def write(hits: Hits, file: TextIO) -> None:
    """Write `hits` to an open text file."""
    for row in objects(hits):
        file.write(json.dumps(row, ensure_ascii=False, default=_plain) + "\n")


def objects(hits: Hits) -> Iterator[dict[str, Any]]:
    """Yield rows as plain dicts, nulls left out; ``file`` repeats ``source_file`` for tools that look for that name."""
    for batch in rows(hits).to_batches(max_chunksize=BATCH):
        for row in batch.to_pylist():
            kept = {name: value for name, value in row.items() if value is not None}
            if "source_file" in kept:
                kept["file"] = kept["source_file"]
            if "group" in kept:
                kept["group"] = {item["field"]: item["value"] for item in kept["group"]}
            yield kept


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(value)
