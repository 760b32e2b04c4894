"""``lotl info``."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from lotl.cli.options import log_options
from lotl.cli.progress import progress

EPILOG = """\b
Examples:
  lotl info logs/
  lotl info DC01.evtx --json
"""


@click.command("info", epilog=EPILOG)
@click.argument("logs", nargs=-1, required=True, metavar="LOGS...")
@log_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
def command(logs: tuple[str, ...], as_json: bool, no_progress: bool, **how: Any) -> None:
    """Show what is in LOGS: per file and per channel the records, times, computers, event ids, and the damage."""
    from lotl.report.info import info

    with progress("reading", wanted=not no_progress) as update:
        result = info(logs, progress=update, **how)
    if as_json:
        click.echo(json.dumps(result.to_dict(), default=lambda value: vars(value), indent=2))
    else:
        _print(result)


def _print(result: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    from lotl.report.safe import printable

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    files = Table(
        "File", "Format", "Records", "First (UTC)", "Last (UTC)", "Chunks", "Damage", box=None, pad_edge=False
    )
    for account in result.accounts:
        files.add_row(
            printable(account.name, 90),
            account.format,
            f"{account.records:,}",
            _time(account.first),
            _time(account.last),
            f"{account.chunks:,}",
            _damage(account),
        )
    console.print(files, markup=False)
    channels = Table(
        "Channel", "Records", "First (UTC)", "Last (UTC)", "Computers", "Event ids", box=None, pad_edge=False
    )
    for channel in result.channels:
        channels.add_row(
            printable(channel.name, 60),
            f"{channel.records:,}",
            _time(channel.first),
            _time(channel.last),
            _most(channel.computers, 3),
            _most(channel.event_ids, 8),
        )
    console.print()
    console.print(channels, markup=False)
    _problems(result, console)


def _time(micros: int | None) -> str:
    from lotl.columns import format_time

    return "" if micros is None else format_time(int(micros))[:19].replace("T", " ")


def _most(counts: Any, limit: int) -> str:
    from lotl.report.safe import printable

    names = [f"{printable(str(name), 40)} ({count:,})" for name, count in counts.most_common(limit)]
    return ", ".join(names) + (f" and {len(counts) - limit} more" if len(counts) > limit else "")


def _damage(account: Any) -> str:
    counts = {
        "records lost": account.lost,
        "bad chunks": account.bad_chunks,
        "wrong checksums": account.flagged_chunks,
        "bytes cut off": account.truncated,
    }
    words = [f"{count:,} {name}" for name, count in counts.items() if count]
    if account.lossy:
        words.append("the format does not keep all of an event")
    return ", ".join(words) or ("; ".join(p.what for p in account.problems[:1]))


def _problems(result: Any, console: Any) -> None:
    from lotl.report.safe import printable

    for account in result.accounts:
        for problem in account.problems[:10]:
            line = f"{account.name}: {problem.where}: {problem.what}"
            console.print(printable(line, 300), style="yellow", markup=False, soft_wrap=True)
        more = len(account.problems[10:]) + account.more_problems
        if more:
            console.print(f"{printable(account.name, 90)}: {more:,} more problems", style="yellow", markup=False)
    if result.skipped:
        names = ", ".join(printable(name, 60) for name in result.skipped[:10])
        console.print(f"skipped, no logs: {len(result.skipped):,} files ({names} …)", markup=False, soft_wrap=True)
