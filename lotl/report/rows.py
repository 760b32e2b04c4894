"""Everything a run found, as one table: hits in input order, then what the correlation rules found."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from lotl.hits import Hits

EVIDENCE: Final = pa.list_(pa.struct([(name, pa.string()) for name in ("part", "field", "value", "matched")]))
GROUP: Final = pa.list_(pa.struct([("field", pa.string()), ("value", pa.string())]))
EVENTS: Final = pa.list_(pa.int64())


def rows(hits: Hits) -> pa.Table:
    """Return one row per hit and per correlation result.

    Returns
    -------
    pyarrow.Table
        ``kind`` ("hit" or "correlation"), the columns of ``hits.table``, ``evidence`` (list of part, field, value,
        matched), and for correlations ``group`` (list of field, value), ``count``, ``last`` (``time`` is the first
        event's), and ``rows`` (places of all events that took part).
    """
    evidence = [[vars(item) for item in seen] for seen in hits.all_evidence()]
    table = hits.table.append_column("evidence", pa.array(evidence, EVIDENCE))
    table = table.add_column(0, "kind", pa.array(["hit"] * len(hits), pa.string()))
    found = [_correlation(row) for row in hits.correlations.to_pylist()]
    extra = pa.schema(
        [("group", GROUP), ("count", pa.float64()), ("last", pa.timestamp("us", "UTC")), ("rows", EVENTS)]
    )
    schema = pa.schema([*table.schema, *extra])
    return pa.concat_tables([table, pa.Table.from_pylist(found, schema=schema)], promote_options="default").cast(schema)


def _correlation(row: dict[str, Any]) -> dict[str, Any]:
    group = [{"field": name, "value": None if v is None else str(v)} for name, v in row["group"].items()]
    return {**row, "kind": "correlation", "time": row["first"], "group": group}
