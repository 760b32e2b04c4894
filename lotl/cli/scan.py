"""``lotl scan``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from lotl.cli.options import LEVEL, log_options, rule_options
from lotl.cli.progress import progress
from lotl.sigma.model import LEVELS

EPILOG = """\b
Examples:
  lotl scan logs/                                    the built-in pack, a table on the screen
  lotl scan logs/ -o hits.csv -o hits.parquet        results to files, several at once
  lotl scan logs/ -r sigma/rules/windows --level high
  lotl scan DC01.evtx --from 2024-03-01 --to 2024-03-02T12:00
  lotl scan logs/ --fail-on high --quiet             exit code 1 on a high or critical hit
\b
Exit codes: 0 ran; 1 a hit at or above --fail-on; 2 wrong usage; 3 logs partly unreadable (--strict).
"""


@click.command("scan", epilog=EPILOG)
@click.argument("logs", nargs=-1, required=True, metavar="LOGS...")
@rule_options
@log_options
@click.option("--from", "start", metavar="TIME", help="Only events from this time on (UTC).")
@click.option("--to", "end", metavar="TIME", help="Only events before this time (UTC).")
@click.option(
    "-o", "--output", multiple=True, metavar="FILE", help="Write to .csv, .jsonl or .parquet; repeat for more."
)
@click.option("--rules-report", metavar="FILE", help="Write the state of every rule (.csv or .jsonl).")
@click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="Processes. Default: one per core, one for small logs."
)
@click.option("--engine", type=click.Choice(["lotl", "python-evtx"]), default="lotl", help="Who decodes EVTX.")
@click.option("--fail-on", type=LEVEL, help="Exit with 1 when a hit has this level or above.")
@click.option(
    "--canonical/--no-canonical",
    default=None,
    help="Match canonical command lines as well. Default: with the built-in pack.",
)
@click.option("--strict", is_flag=True, help="Exit with 3 when logs could not be read in full.")
@click.option("--profile", is_flag=True, help="Show the time of each stage and the costliest rules.")
@click.option("--all", "everything", is_flag=True, help="Show low and informational hits one by one, too.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
def command(
    logs: tuple[str, ...],
    start: str | None,
    end: str | None,
    output: tuple[str, ...],
    rules_report: str | None,
    workers: int | None,
    engine: str,
    fail_on: str | None,
    canonical: bool | None,
    strict: bool,
    profile: bool,
    everything: bool,
    quiet: bool,
    no_progress: bool,
    format: str,  # noqa: A002 - the name of the option
    mapping: str | None,
    password: str,
    **chosen: Any,
) -> int:
    """Run Sigma rules over LOGS: files, folders (recursive), patterns, @list.txt, or - (standard input).

    EVTX, JSON, XML, CSV, Parquet and Arrow of many exporters are told apart by content, and archives of them are read
    without unpacking. Without -o the result is a table on the screen, grouped by level and rule; with -o
    it goes to files, and the screen shows the summary. What could not be read, and which rules could not be evaluated,
    is always said.
    """
    from lotl.cli.chosen import chosen_rules
    from lotl.report import rules_report as states
    from lotl.report.write import check, write
    from lotl.scanning import scan

    for path in output:
        check(path)
    if rules_report:
        states.check(rules_report)
    ruleset = chosen_rules(**chosen)
    if canonical is None:
        canonical = set(chosen["rules"]) <= {"lotl"}
    timings = _profile() if profile else None
    with progress("reading", wanted=not (quiet or no_progress)) as update:
        hits = scan(
            logs, ruleset, start=start, end=end, workers=workers, engine=engine, progress=update, profile=timings,
            canonical=canonical,
            format=format, mapping=mapping, password=password,
        )  # fmt: skip
    for path in output:
        write(hits, path)
    if rules_report:
        states.write(hits, Path(rules_report))
    if not quiet:
        lowest = LEVELS[0] if everything else chosen["level"] or "medium"
        _print(hits, output, lowest)
    if timings is not None:
        click.echo(timings.table([rule.meta.title for rule in hits.rules]))
    return _exit_code(hits, fail_on, strict)


def _profile() -> Any:
    from lotl.match.profile import Profile

    return Profile(enabled=True)


def _print(hits: Any, output: tuple[str, ...], lowest: str) -> None:
    from rich.console import Console

    from lotl.report import terminal
    from lotl.report.summary import summarise

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    if not output:
        terminal.show(hits, console, lowest=lowest)
        return
    terminal.show_summary(summarise(hits), console)
    for path in output:
        console.print(f"written: {path}", markup=False, soft_wrap=True)


def _exit_code(hits: Any, fail_on: str | None, strict: bool) -> int:
    from lotl.report.summary import rank

    if strict and (hits.run.problems or any(account.damaged for account in hits.run.accounts)):
        return 3
    levels = [*hits.by_level(), *(row["level"] or "" for row in hits.correlations.to_pylist())]
    return int(fail_on is not None and any(rank(level) >= rank(fail_on) for level in levels))
