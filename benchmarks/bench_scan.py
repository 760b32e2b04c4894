"""Whole runs of ``lotl scan``: EVTX in, hits on disk out, against raw `evtx` iteration of the same files, same run.

    python benchmarks/bench_scan.py [--records N] [--distinct SHARE] [--workers N ...] [--repeat N] [--logs DIR] [--smoke]

Every figure is a whole process as its user starts it: imports, rules, plan, decoding, matching, evidence, writing JSON
lines. CPU seconds are user and system time of the process and its workers; memory is the largest resident set of any
one of them, counted by the system. Rules are those of SigmaHQ where LOTL_SHARED (or ../shared) has them, else the
built-in pack. What does not transfer: the share of events that hit decides how much evidence is written.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import generate

RAW = """
import sys
from pathlib import Path
from evtx import PyEvtxParser
print(sum(sum(1 for _ in PyEvtxParser(str(path), number_of_threads=1).records_json())
          for path in sorted(Path(sys.argv[1]).rglob('*.evtx'))))
"""
WATCHED = """
import os, subprocess, sys, time
begun = os.times()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
ended = os.times()
try:
    import resource
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 << 20 if sys.platform == 'darwin' else 1 << 10)
except ImportError:
    peak = float('nan')
used = ended.children_user + ended.children_system - begun.children_user - begun.children_system
print(code, used, ended.elapsed - begun.elapsed, peak)
"""
"""Runs a command and prints its exit code, CPU seconds, wall seconds and peak memory in MiB, workers included."""


def rule_options() -> list[str]:
    """Return ``-r`` options for SigmaHQ's Windows rules, or none: the built-in pack."""
    root = Path(__file__).resolve().parent.parent
    sigma = Path(os.environ.get("LOTL_SHARED") or root.parent / "shared") / "data" / "sigma"
    folders = [sigma / name for name in ("rules/windows", "rules-emerging-threats", "rules-threat-hunting/windows")]
    return [option for folder in folders if folder.is_dir() for option in ("-r", str(folder))]


def run(command: Sequence[str]) -> tuple[float, float, float]:
    """Run a command; return CPU seconds, wall seconds, peak MiB."""
    out = subprocess.run([sys.executable, "-c", WATCHED, *command], check=True, capture_output=True, text=True).stdout
    code, used, wall, peak = out.split()
    if code != "0":
        raise SystemExit(f"failed with {code}: {' '.join(command)}")
    return float(used), float(wall), float(peak)


def median_run(command: Sequence[str], repeat: int) -> tuple[float, float, float]:
    """Return the medians of several runs."""
    figures = [run(command) for _ in range(repeat)]
    cpu, wall, peak = (statistics.median(column) for column in zip(*figures, strict=True))
    return cpu, wall, peak


def main(arguments: Sequence[str] | None = None) -> None:
    """Generate logs, run, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--distinct", type=float, default=0.3)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--logs", type=Path)
    parser.add_argument("--smoke", action="store_true", help="a few thousand records, once")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.records, options.repeat = 5_000, 1
    with tempfile.TemporaryDirectory() as scratch:
        logs = options.logs or Path(scratch, "logs")
        if options.logs is None:
            generate.main([str(logs), "--records", str(options.records), "--distinct", str(options.distinct)])
        measure(logs, Path(scratch), options)


def measure(logs: Path, scratch: Path, options: argparse.Namespace) -> None:
    """Measure and print."""
    size = sum(path.stat().st_size for path in logs.rglob("*.evtx"))
    print(f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(
        f"{options.records:,} records, {size / 2**20:,.0f} MiB, {time.strftime('%Y-%m-%d')}, median of {options.repeat}"
    )
    print(f"{'':28}{'CPU s':>9}{'wall s':>9}{'records/CPU s':>15}{'peak MiB':>10}{'CPU ratio to raw':>18}")
    raw = None
    try:
        import evtx  # noqa: F401

        raw = median_run([sys.executable, "-c", RAW, str(logs)], options.repeat)
        show("raw evtx iteration", raw, options.records, raw)
    except ImportError:
        print("raw evtx iteration: the package evtx is not installed")
    digests = set()
    for workers in options.workers:
        hits = scratch / f"hits-{workers}.jsonl"
        command = [sys.executable, "-m", "lotl", "scan", str(logs), *rule_options(), "-o", str(hits)]
        command += ["--workers", str(workers)]
        run(command)  # warm: caches of kernels, rules and files
        show(f"lotl scan, {workers} workers", median_run(command, options.repeat), options.records, raw)
        digests.add(hashlib.sha256(hits.read_bytes()).hexdigest())
    print(f"hits are {'equal' if len(digests) == 1 else 'DIFFERENT'} for every number of workers")
    if len(digests) != 1:
        raise SystemExit(1)


def show(name: str, figures: tuple[float, float, float], records: int, raw: tuple[float, float, float] | None) -> None:
    """Print one line."""
    cpu, wall, peak = figures
    ratio = f"{cpu / raw[0]:.2f}x" if raw else ""
    print(f"{name:28}{cpu:9.2f}{wall:9.2f}{records / cpu:15,.0f}{peak:10,.0f}{ratio:>18}")


if __name__ == "__main__":
    main()
