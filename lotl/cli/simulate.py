"""``lotl simulate``."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from lotl.errors import InputError, OutputError

if TYPE_CHECKING:
    from lotl.simulate import Simulation

FORMATS: Final = {"evtx": "", "jsonl": ".jsonl", "parquet": ".parquet"}
"""Formats with the ending of their one file; EVTX is a folder."""

EPILOG = """\b
Examples:
  lotl simulate logs/                                       a day of six machines, one whole intrusion, EVTX
  lotl simulate logs/ --intrusions ntds --obfuscation 3     one theft of the directory, well disguised
  lotl simulate quiet/ --intrusions 0 --days 5              five ordinary days
  lotl simulate events.parquet --hosts 20 --seed 7          one flat table
\b
Then: lotl scan logs/
"""


@click.command("simulate", epilog=EPILOG)
@click.argument("out", metavar="OUT")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed and options give the same bytes.")
@click.option("--hosts", type=click.IntRange(1, 5000), default=6, show_default=True, help="Machines, one of them a DC.")
@click.option("--days", type=click.FloatRange(0, 3660, min_open=True), default=1.0, show_default=True, help="Length.")
@click.option("--users", type=click.IntRange(0, 100_000), default=8, show_default=True, help="Ordinary users.")
@click.option(
    "--intrusions",
    multiple=True,
    metavar="N|NAME",
    help="How many whole intrusions (default 1), or which: full, ntds, tunnel, credentials, remote; repeat for more.",
)
@click.option(
    "--obfuscation",
    type=click.IntRange(0, 3),
    default=0,
    show_default=True,
    help="0 plain; 1 case, spaces, abbreviations; 2 carets, quotes, variables, paths; 3 nested shells, Base64.",
)
@click.option(
    "--rate", type=click.FloatRange(0, 1000), default=1.0, show_default=True, help="Multiplies ordinary activity."
)
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), help="Default: by the ending of OUT; a folder gets EVTX."
)
def command(
    out: str,
    seed: int,
    hosts: int,
    days: float,
    users: int,
    intrusions: tuple[str, ...],
    obfuscation: int,
    rate: float,
    form: str | None,
) -> None:
    """Write labelled synthetic logs to OUT: a small enterprise's ordinary days, and intrusions hidden in them.

    EVTX goes to a folder, one file per machine and channel; JSON lines and Parquet to one file. labels.csv beside the
    logs says of every attack record which behaviour and chain it belongs to, and of noisy but ordinary records what
    they are. Everything is made up here; nothing is a recording, and nothing that is written can run.
    """
    from lotl.simulate import simulate

    form = form or next((name for name, ending in FORMATS.items() if ending and out.lower().endswith(ending)), "evtx")
    target = Path(out)
    labels = (target if form == "evtx" else target.parent) / "labels.csv"
    _refuse_old(target, labels)
    logs = simulate(
        seed=seed, hosts=hosts, days=days, users=users, intrusions=_wanted(intrusions), obfuscation=obfuscation,
        rate=rate,
    )  # fmt: skip
    try:
        written = _write(logs, target, form)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=out) from error
    _tell(written, labels, out)


def _wanted(names: tuple[str, ...]) -> int | list[str]:
    """Read ``--intrusions``: one number, or names."""
    parts = [part.strip() for name in names for part in name.split(",")]
    if not parts:
        return 1
    if len(parts) == 1 and parts[0].isdecimal():
        return int(parts[0])
    return parts


def _refuse_old(target: Path, labels: Path) -> None:
    """Old logs beside new labels would make the labels wrong."""
    for path in (labels, *([target] if target.is_file() else sorted(target.glob("*"))[:1])):
        if path.exists():
            raise InputError(
                "is there already", where=str(path), hint="choose a new place: labels belong to one set of logs"
            )


def _write(logs: Simulation, target: Path, form: str) -> str:
    """Write the logs; return what was written, in words."""
    if form == "evtx":
        paths = logs.to_evtx(target)
        hosts = len({path.parent for path in paths})
        return f"{len(paths):,} EVTX files of {hosts:,} machines, {sum(path.stat().st_size for path in paths):,} bytes"
    count = logs.to_jsonl(target) if form == "jsonl" else logs.to_parquet(target)
    return f"{count:,} events, {target.stat().st_size:,} bytes"


def _tell(written: str, labels: Path, out: str) -> None:
    attack, benign, behaviours = 0, Counter[str](), set[str]()
    with labels.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            attack += bool(row["behaviour"])
            behaviours |= {row["behaviour"]} - {""}
            benign[row["benign"]] += bool(row["benign"])
    click.echo(f"written: {out}: {written}")
    click.echo(f"labels:  {labels}: {attack:,} attack records of {len(behaviours)} behaviours", nl=False)
    click.echo(f", {benign.total():,} records of noisy ordinary activity")
    click.echo(f"next:    lotl scan {out}")
