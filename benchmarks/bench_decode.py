"""EVTX decoding: records per CPU second against raw `evtx` iteration and python-evtx, same files, same run.

    python benchmarks/bench_decode.py [--records N] [--tiny FILES] [--repeat N] [--logs FOLDER] [--compile] [--smoke]

Corpora: *dense* logs from `generate.py` (full chunks, mixed channels), and a folder of *tiny* logs, 20 records each.
The readers take turns; a figure is the median of the rounds, in CPU seconds of this process (all its threads). `lotl`
decodes to typed Arrow columns; `evtx` only makes JSON text, and throws it away; python-evtx makes XML, of a sample,
since it needs minutes for what the others do in seconds. What does not transfer: the ratio depends on how many fields
a record has and how many values are distinct; a cold disk hides all differences.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path

import generate

from lotl.sources.base import Account, Block, Extent
from lotl.sources.evtx.blocks import cut
from lotl.sources.evtx.columnar import decode
from lotl.sources.evtx.writer import EvtxWriter, Record

BLOCK = 16 << 20
SAMPLE = 400
"""Records that python-evtx reads."""


def blocks_of(paths: Sequence[Path]) -> list[Block]:
    """Cut files into blocks of about 16 MiB; small files share one."""
    blocks: list[list[Extent]] = [[]]
    for source, path in enumerate(paths):
        for extent in cut(source, path, Account(path.name, str(path)), BLOCK):
            if sum(e.length for e in blocks[-1]) + extent.length > BLOCK and blocks[-1]:
                blocks.append([])
            blocks[-1].append(extent)
    return [Block(tuple(extents)) for extents in blocks if extents]


def read_lotl(paths: Sequence[Path]) -> int:
    """Decode to Arrow columns, finding the blocks included."""
    return sum(len(part) for block in blocks_of(paths) for part in decode(block).partitions)


def read_evtx(paths: Sequence[Path]) -> int:
    """Iterate over JSON text, one thread."""
    from evtx import PyEvtxParser

    return sum(sum(1 for _ in PyEvtxParser(str(path), number_of_threads=1).records_json()) for path in paths)


def read_python_evtx(paths: Sequence[Path]) -> int:
    """Print a sample of the records as XML."""
    from Evtx.Evtx import Evtx

    count = 0
    for path in paths:
        with Evtx(str(path)) as log, redirect_stdout(io.StringIO()):  # it prints about tokens that it does not know
            for record in islice(log.records(), SAMPLE - count):
                record.xml()
                count += 1
        if count >= SAMPLE:
            break
    return count


READERS: dict[str, tuple[str, Callable[[Sequence[Path]], int]]] = {
    # name: (package, reader)
    "lotl": ("lotl-hunt", read_lotl),
    "evtx, JSON text": ("evtx", read_evtx),
    "python-evtx, XML": ("python-evtx", read_python_evtx),
}


def make_dense(folder: Path, records: int) -> list[Path]:
    """Generate dense logs."""
    simulation = generate.plan(records, hosts=4, days=1.0, distinct=0.3, fresh=min(records, 20_000), seed=0)
    generate.make_evtx(simulation, folder, records)
    return sorted(folder.rglob("*.evtx"))


def make_tiny(folder: Path, files: int) -> list[Path]:
    """Write logs of 20 records of 4 kinds, each on its own host."""
    folder.mkdir(parents=True)
    for number in range(files):
        with EvtxWriter(folder / f"{number:05}.evtx") as log:
            for index in range(20):
                fields = [
                    (f"Field{n}", f"{'text ' * n}{number}-{index}" if n % 3 else index) for n in range(index % 4 + 8)
                ]
                log.write(
                    Record(
                        provider=f"Provider-{index % 4}",
                        event_id=index % 4,
                        channel="Tiny/Operational",
                        computer=f"pc-{number}",
                        time=1_700_000_000_000_000 + index,
                        data=fields,
                    )
                )
    return sorted(folder.glob("*.evtx"))


def measure(paths: Sequence[Path], repeat: int) -> dict[str, tuple[int, float, float]]:
    """Return records, CPU seconds and wall seconds (medians) by reader."""
    taken: dict[str, list[tuple[int, float, float]]] = {}
    for turn in range(repeat + 1):
        for name, (package, read) in READERS.items():
            if name != "lotl" and not installed(package):
                continue
            cpu, wall = time.process_time(), time.perf_counter()
            count = read(paths)
            if turn:  # the first round warms caches
                taken.setdefault(name, []).append((count, time.process_time() - cpu, time.perf_counter() - wall))
    return {
        name: (rounds[0][0], statistics.median(r[1] for r in rounds), statistics.median(r[2] for r in rounds))
        for name, rounds in taken.items()
    }


def installed(package: str) -> str:
    """Return the version of a package, "" if it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def report(title: str, paths: Sequence[Path], results: dict[str, tuple[int, float, float]]) -> None:
    """Print a table, and stop if the readers do not agree on the number of records."""
    size = sum(path.stat().st_size for path in paths)
    records, cpu, _ = results["lotl"]
    print(f"\n{title}: {len(paths):,} files, {size / 1e6:,.0f} MB, {records:,} records")
    print(f"{'reader':20}{'records':>10}{'CPU s':>10}{'wall s':>10}{'records/CPU s':>16}{'lotl CPU : its CPU':>22}")
    for name, (count, seconds, wall) in results.items():
        ratio = (cpu / records) / (seconds / count)
        print(f"{name:20}{count:>10,}{seconds:>10.3f}{wall:>10.3f}{count / seconds:>16,.0f}{ratio:>21.4f}x")
        if name != "python-evtx, XML" and count != records:
            sys.exit(f"{name} read {count:,} records, lotl {records:,}")


def compile_times(path: Path) -> None:
    """Print what a first start costs, when kernels compile, and a second one, when they come from the cache."""
    code = (
        "import sys, time; t = time.process_time()\n"
        "from pathlib import Path; from lotl.sources.base import *; from lotl.sources.evtx.blocks import cut\n"
        "from lotl.sources.evtx.columnar import decode\n"
        "decode(Block(tuple(cut(0, Path(sys.argv[1]), Account('', ''), 1 << 24)))); print(time.process_time() - t)"
    )
    with tempfile.TemporaryDirectory() as cache:
        for name in ("cold (kernels compile)", "warm (kernels cached)"):
            environment = {**os.environ, "LOTL_CACHE_DIR": cache}
            command = [sys.executable, "-c", code, str(path)]
            run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            print(f"first block, {name}: {float(run.stdout):.2f} CPU s with imports")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--tiny", type=int, default=2000, help="number of tiny files")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--logs", type=Path, help="a folder of logs to measure too")
    parser.add_argument("--compile", action="store_true", help="also measure a start with an empty cache of kernels")
    parser.add_argument("--smoke", action="store_true", help="small and quick, to see that it runs")
    options = parser.parse_args(arguments)
    records, tiny, repeat = (3000, 20, 1) if options.smoke else (options.records, options.tiny, options.repeat)
    versions = ", ".join(f"{package} {installed(package) or 'absent'}" for package, _ in READERS.values())
    print(f"{platform.platform()}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    print(f"Python {platform.python_version()}, numba {installed('numba')}, pyarrow {installed('pyarrow')}, {versions}")
    with tempfile.TemporaryDirectory() as scratch:
        corpora = {
            "dense logs": make_dense(Path(scratch, "dense"), records),
            "tiny logs": make_tiny(Path(scratch, "tiny"), tiny),
        }
        if options.logs:
            corpora[f"logs in {options.logs.name}"] = sorted(options.logs.rglob("*.evtx"))
        if options.compile:
            compile_times(corpora["tiny logs"][0])
        for title, paths in corpora.items():
            report(title, paths, measure(paths, repeat))


if __name__ == "__main__":
    main()
