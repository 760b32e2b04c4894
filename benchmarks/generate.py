"""Make any amount of realistic logs for measurements: EVTX files, a Parquet file, or an Arrow file.

    python benchmarks/generate.py OUT --records 1_000_000 --distinct 0.3

A part (``--fresh``) is simulated event by event; the rest repeats its chunks or row groups with new record ids and
times, and with new numbers in the texts that are to be distinct, so that a reader finds no short cut. Channels are
mixed as on real machines: Sysmon and Security make up most of it. Of the command lines, the share ``--distinct`` is new
every time; the others come from some thousands, the first far more often than the last. What repetition does not keep:
the same number in the two events that tell of one process.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lotl.simulate import Simulation, simulate
from lotl.simulate.export import tables
from lotl.sources.evtx.clone import ChunkClone
from lotl.sources.evtx.encode import filetime
from lotl.sources.evtx.writer import EvtxWriter

MARKER = "5eedc0de5eed"
_NONCE = MARKER.encode("utf-16-le")
_PER_HOST_DAY = 6000
_STEP = 400_000  # 100 ns units between cloned records


def plan(records: int, *, hosts: int, days: float, distinct: float, fresh: int, seed: int) -> Simulation:
    """Set up the simulation of the fresh part: about `fresh` events over the hosts, `days` apart from rounding."""
    wanted = min(records, fresh)
    rate = min(max(wanted / (_PER_HOST_DAY * hosts * days), 0.05), 50.0)
    return simulate(
        seed=seed,
        hosts=hosts,
        days=days,
        users=hosts * 2,
        intrusions=max(hosts // 10, 1),
        rate=rate,
        distinct=distinct,
        marker=MARKER,
    )


def make_evtx(simulation: Simulation, folder: Path, records: int) -> int:
    """Write ``<host>/<channel>.evtx`` files with `records` records in all; return how many there are."""
    stamps, per_log = _stamps(simulation)
    total = sum(per_log.values())
    written = nonce = 0
    for number, (log, clones) in enumerate(sorted(stamps.items())):
        share = per_log[log] if total == 0 else round(records * per_log[log] / total)
        want = max(records - written, 0) if number == len(stamps) - 1 else min(share, records - written)
        path = folder / log[0] / (log[1].replace("/", "%4") + ".evtx")
        path.parent.mkdir(parents=True, exist_ok=True)
        nonce = _fill(path, clones, want, nonce)
        written += want
    return written


def _stamps(simulation: Simulation) -> tuple[dict[tuple[str, str], list[ChunkClone]], dict[tuple[str, str], int]]:
    """Simulate once; return the chunks of every log as stamps, and its number of records."""
    stamps: dict[tuple[str, str], list[ChunkClone]] = {}
    writers: dict[tuple[str, str], EvtxWriter] = {}
    counts: dict[tuple[str, str], int] = {}

    def collector(log: tuple[str, str]) -> Any:
        return lambda data, marks: stamps.setdefault(log, []).append(ChunkClone(data, marks, nonce=_NONCE))

    for event in simulation.events():
        log = event.host, event.channel
        if log not in writers:
            writers[log] = EvtxWriter(_Sink(), on_chunk=collector(log))
        counts[log] = counts.get(log, 0) + 1
        writers[log].write_row(
            event.kind.layout, event.time, event.computer, event.values, event.process_id, event.thread_id,
            event.user_sid, event.activity_id, event.record_id,
        )  # fmt: skip
    for writer in writers.values():
        writer.close()
    return stamps, counts


class _Sink(io.BytesIO):
    """A file that forgets what is written: only the chunks handed to `on_chunk` matter."""

    def write(self, data: Any) -> int:
        """Forget `data`."""
        return len(data)


def _fill(path: Path, clones: Sequence[ChunkClone], records: int, nonce: int) -> int:
    """Write a file of stamped chunks; return the next unused number."""
    ticks, record, left, turn = filetime(simulation_start()), 1, records, 0
    with EvtxWriter(path) as log:
        while left > 0:
            clone = clones[turn % len(clones)]
            size = min(left, len(clone))
            log.write_chunk(clone.stamp(record, ticks, _STEP, record, records=size, nonce=nonce), size)
            ticks, record, left = ticks + size * _STEP, record + size, left - size
            nonce, turn = nonce + clone.nonces, turn + 1
    return nonce


def simulation_start() -> int:
    """Start of all benchmark logs, microseconds since 1970 UTC."""
    return 1_715_558_400_000_000


# --- frames -----------------------------------------------------------------------------------------------------------


class FrameStamp:
    """A flat table as a stamp: where the markers are is found once.

    Parameters
    ----------
    table : pyarrow.Table
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table.combine_chunks()
        self._marked: list[tuple[int, pa.Array, list[list[str]]]] = []
        for index, field in enumerate(table.schema):
            column = self.table.column(index)
            if field.type != pa.string() or column.null_count == len(column):
                continue
            mask = pc.fill_null(pc.match_substring(column, MARKER), False).combine_chunks()
            if pc.any(mask).as_py():
                pieces = [text.split(MARKER) for text in column.filter(mask).to_pylist()]
                self._marked.append((index, mask, pieces))

    def stamp(self, lap: int, span: Any, nonce: int) -> tuple[pa.Table, int]:
        """Return the table `lap` times `span` later with other ids and numbers, and the next unused number."""
        table = self.table
        for name, move in (
            ("EventRecordID", lap * 10_000_000),
            ("TimeCreated", pa.scalar(span * lap, pa.duration("us"))),
        ):
            table = table.set_column(table.schema.get_field_index(name), name, pc.add(table[name], move))
        for index, mask, pieces in self._marked:
            last = nonce + len(pieces)
            numbers = (np.arange(nonce, last, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(16)
            texts = [f"{number:012x}".join(parts) for number, parts in zip(numbers.tolist(), pieces, strict=True)]
            column = pc.replace_with_mask(table.column(index).combine_chunks(), mask, pa.array(texts, pa.string()))
            table, nonce = table.set_column(index, table.schema.field(index), column), last
        return table, nonce


def frames(simulation: Simulation, records: int, scratch: Path) -> Iterator[pa.Table]:
    """Yield flat tables (see `lotl.simulate.export.tables`) with `records` rows in all."""
    stamps = [FrameStamp(table) for table in tables(simulation.events(), scratch / "frames", rows=100_000)]
    times = [pc.min_max(stamp.table["TimeCreated"]).as_py() for stamp in stamps]
    span = max(pair["max"] for pair in times) - min(pair["min"] for pair in times)
    made = turn = nonce = 0
    while made < records:
        table, nonce = stamps[turn % len(stamps)].stamp(turn // len(stamps), span, nonce)
        yield table.slice(0, records - made)
        made += min(table.num_rows, records - made)
        turn += 1


def make_frame(simulation: Simulation, path: Path, records: int) -> int:
    """Write one Parquet (``.parquet``) or Arrow IPC (``.arrow``) file; return the number of rows."""
    made = 0
    writer: Any = None
    path.parent.mkdir(parents=True, exist_ok=True)
    for table in frames(simulation, records, path.parent):
        if writer is None:
            writer = (
                pa.ipc.new_file(str(path), table.schema)
                if path.suffix == ".arrow"
                else pq.ParquetWriter(path, table.schema)
            )
        writer.write_table(table)
        made += table.num_rows
    if writer is not None:
        writer.close()
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for EVTX files; a .parquet or .arrow file for a frame")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--distinct", type=float, default=0.3, help="share of command lines that are new (default 0.3)")
    parser.add_argument("--hosts", type=int, default=8)
    parser.add_argument("--days", type=float, default=1.0)
    parser.add_argument("--fresh", type=int, default=100_000, help="events simulated one by one (default 100,000)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    simulation = plan(
        options.records,
        hosts=options.hosts,
        days=options.days,
        distinct=options.distinct,
        fresh=options.fresh,
        seed=options.seed,
    )
    start = time.perf_counter()
    make = make_frame if options.out.suffix in (".parquet", ".arrow") else make_evtx
    made = make(simulation, options.out, options.records)
    seconds = time.perf_counter() - start
    print(f"{made:,} records in {seconds:.1f} s: {made / seconds:,.0f} records/s")


if __name__ == "__main__":
    main()
