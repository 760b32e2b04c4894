"""``lotl coverage``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from lotl.cli.options import rule_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from lotl.hunt.coverage import Cover, Coverage

EPILOG = """\b
Examples:
  lotl coverage                            behaviours and chains of the built-in pack
  lotl coverage --by technique
  lotl coverage -o layer.json              a layer for the ATT&CK Navigator (format 4.5)
  lotl coverage -o matrix.csv              one row per behaviour, rule and event
  lotl coverage -r my-rules/ --level high
"""


@click.command("coverage", epilog=EPILOG)
@rule_options
@click.option(
    "--by",
    type=click.Choice(["behaviour", "chain", "technique"]),
    multiple=True,
    help="What to list; repeat for more. Default: behaviours and chains.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("-o", "--output", multiple=True, metavar="FILE", help="Write .csv (matrix) or .json (Navigator layer).")
def command(by: tuple[str, ...], as_json: bool, output: tuple[str, ...], **chosen: Any) -> None:
    """Show what the rules cover: documented behaviours, chains and ATT&CK techniques, by rule, sample and event.

    Behaviours are the 107 of the catalogue (VT-001 to VT-107), chains C-01 to C-19; rules name what they show in their
    tags. Behaviours without a rule are listed with the reason.
    """
    from lotl.cli.chosen import chosen_rules
    from lotl.hunt.coverage import coverage
    from lotl.report import coverage as report

    for path in output:
        report.check(path)
    found = coverage(chosen_rules(**chosen))
    for path in output:
        report.write(found, path)
        click.echo(f"written: {path}", err=as_json)
    if as_json:
        click.echo(json.dumps(report.document(found), ensure_ascii=False, indent=2))
    elif not output or by:
        _show(found, by or ("behaviour", "chain"))


def _show(found: Coverage, by: tuple[str, ...]) -> None:
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    parts = {"behaviour": found.behaviours, "chain": found.chains, "technique": found.techniques}
    for name in by:
        _table(name, parts[name], console)
        console.print()
    _sums(found, console)


def _table(name: str, covers: Mapping[str, Cover], console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from lotl.report.coverage import events_of
    from lotl.report.safe import printable

    words = "Behaviours" if name == "technique" else "What"
    table = Table(name.capitalize(), words, "Level", "Rules", "Samples", "Events", box=None, pad_edge=False)
    for column in (3, 4):
        table.columns[column].justify = "right"
    for cover in covers.values():
        yes, no = cover.samples
        row = (
            cover.id,
            cover.title,
            cover.level or "–",
            len(cover.rules),
            f"{yes}+{no}",
            events_of(cover) or cover.reason,
        )
        table.add_row(*(Text(printable(str(cell), 110)) for cell in row), style=None if cover.rules else "yellow")
    console.print(table)


def _sums(found: Coverage, console: Console) -> None:
    for words, covers in (("behaviours", found.behaviours), ("chains", found.chains), ("techniques", found.techniques)):
        shown = sum(bool(cover.rules) for cover in covers.values())
        console.print(f"{shown} of {len(covers)} {words} have a rule", markup=False)
    yes, no = (sum(counts) for counts in zip(*((r.samples.yes, r.samples.no) for r in found.rules), strict=True))
    console.print(f"{len(found.rules)} rules, {yes:,} samples that must fire, {no:,} that must not", markup=False)
    for cover in (*found.behaviours.values(), *found.chains.values()):
        if not cover.rules:
            console.print(f"no rule: {cover.id} {cover.title}: {cover.reason}", markup=False, soft_wrap=True)
