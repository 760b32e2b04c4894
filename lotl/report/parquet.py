"""Parquet: the whole table, typed, zstd."""

from __future__ import annotations

from pathlib import Path

from lotl.hits import Hits
from lotl.report.rows import rows


def write(hits: Hits, path: Path) -> None:
    """Write `hits` to the file `path`."""
    import pyarrow.parquet as pq

    pq.write_table(rows(hits), path, compression="zstd")
