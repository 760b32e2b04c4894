"""CSV for spreadsheets: UTF-8 with a byte order mark, no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from typing import Any, TextIO

from lotl.hits import Hits
from lotl.report.rows import rows
from lotl.report.safe import csv_cell

BATCH = 1024


def write(hits: Hits, file: TextIO) -> None:
    """Write `hits` to an open text file (opened with ``newline=""``)."""
    table = rows(hits)
    writer = csv.writer(file)
    writer.writerow(table.schema.names)
    for batch in table.to_batches(max_chunksize=BATCH):
        for row in batch.to_pylist():
            writer.writerow([csv_cell(_text(name, value)) for name, value in row.items()])


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "evidence":
        return " | ".join(f"{item['field']}: {item['value']}" for item in value)
    if name == "group":
        return " | ".join(f"{item['field']}: {item['value']}" for item in value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, list):
        return " ".join(map(str, value))
    return json.dumps(value) if isinstance(value, float) else str(value)
