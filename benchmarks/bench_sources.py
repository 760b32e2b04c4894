"""How fast each format is read, beside the raw reader of the format: events per CPU-second of one process.

    python benchmarks/bench_sources.py [--records 100_000] [--smoke]

The same simulated events are written in every shape. "raw" is what the parser alone needs to hand over its own objects
(no names, no types, no kinds): orjson per line, pyarrow for CSV, Parquet and Arrow, expat for XML.
"""

from __future__ import annotations

import argparse
import io
import itertools
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat

import orjson
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import lotl  # noqa: E402
from lotl.reading import decode_all, find  # noqa: E402
from lotl.simulate import simulate  # noqa: E402
from lotl.simulate.export import write_evtx  # noqa: E402
from tests.exporters import FORMATS  # noqa: E402

MESSAGE = "A rendered message, as long as those of Windows are. " * 22


def clock(work: Callable[[], Any]) -> float:
    """Return the CPU seconds of the best of three runs."""
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def read(path: Path) -> int:
    return sum(len(part) for _, decoded in decode_all(find(path)) for part in decoded.partitions)


def raw(name: str, path: Path) -> Callable[[], Any]:
    data = path.read_bytes()
    if path.suffix == ".parquet":
        return lambda: pq.read_table(path, use_threads=False)
    if path.suffix == ".arrow":
        return lambda: pa.ipc.open_file(pa.py_buffer(data)).read_all()
    if name.endswith("csv"):
        options = pa_csv.ReadOptions(use_threads=False), pa_csv.ParseOptions(newlines_in_values=True)
        return lambda: pa_csv.read_csv(io.BytesIO(data), *options)
    if data.lstrip(b"\xef\xbb\xbf")[:1] == b"<" or data[:2] == b"\xff\xfe":
        text = data.decode("utf-16") if data[:2] == b"\xff\xfe" else f"<Events>{data.decode()}</Events>"
        body = text.partition("?>")[2].encode() if text.startswith("<?xml") else text.encode()

        def parse() -> None:
            parser = expat.ParserCreate()
            parser.StartElementHandler = lambda name, attributes: None
            parser.CharacterDataHandler = lambda text: None
            parser.Parse(body, True)

        return parse
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.startswith(b"["):
        return lambda: orjson.loads(data)
    split = b"\r\n" if b"}\r\n{" in data else b"\n{"
    objects = [piece if piece.startswith(b"{") else b"{" + piece for piece in data.split(split) if piece]
    return lambda: list(map(orjson.loads, objects))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--only", help="Only formats with this in their name.")
    parser.add_argument("--smoke", action="store_true", help="Few records: whether it runs at all.")
    chosen = parser.parse_args()
    fresh = 500 if chosen.smoke else 5_000
    copies = 1 if chosen.smoke else max(chosen.records // fresh, 1)
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder, "evtx")
        write_evtx(itertools.islice(simulate(seed=3, hosts=3, days=1, intrusions=["ntds"]).events(), fresh), logs)
        events = lotl.read(logs)
        rows = [events.raw(row) for row in range(len(events))] * copies
        print(f"{'format':<20}{'bytes/event':>12}{'events/CPU-s':>14}{'raw reader':>14}")
        shapes: dict[str, Callable[[], Path]] = {
            name: (lambda name=name: _write(Path(folder, name), FORMATS[name](rows))) for name in FORMATS
        }
        shapes["otrf, 2 kB lines"] = lambda: _write(
            Path(folder, "wide"), FORMATS["otrf"](rows).replace(b'"Message": "x"', f'"Message": "{MESSAGE}"'.encode())
        )
        shapes["parquet"] = lambda: _columns(events, Path(folder, "x.parquet"), copies)
        shapes["arrow"] = lambda: _columns(events, Path(folder, "x.arrow"), copies)
        for name, write in shapes.items():
            if chosen.only and chosen.only not in name:
                continue
            path = write()
            count = read(path)
            assert count == len(rows), (name, count, len(rows))
            ours, theirs = count / clock(lambda path=path: read(path)), count / clock(raw(name, path))
            print(f"{name:<20}{path.stat().st_size / count:>12,.0f}{ours:>14,.0f}{theirs:>14,.0f}", flush=True)
            path.unlink()


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _columns(events: lotl.Events, path: Path, copies: int) -> Path:
    table = pa.concat_tables([events.to_arrow().drop_columns(["source_file", "record_id"])] * copies).combine_chunks()
    if path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=100_000)
    else:
        with pa.ipc.new_file(path, table.schema) as sink:
            sink.write_table(table.unify_dictionaries(), max_chunksize=100_000)
    return path


if __name__ == "__main__":
    main()
