"""``lotl demo``."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("demo")
@click.argument("folder", default="lotl-demo", metavar="[FOLDER]")
def command(folder: str) -> None:
    """Write a small labelled intrusion as EVTX files to FOLDER, scan it, show the result.

    An ordinary day on three hosts of a small company, and an intruder among it who uses nothing but Windows' own
    tools. The files are made here, by lotl's own EVTX writer; labels.csv says which record belongs to which step.
    """
    from rich.console import Console

    from lotl.cli.progress import progress
    from lotl.errors import OutputError
    from lotl.report import terminal
    from lotl.scanning import scan
    from lotl.simulate import demo_set

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        demo_set(target)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=folder) from error
    with progress("reading") as update:
        hits = scan(str(target), progress=update)
    terminal.show(hits, console)
    console.print()
    console.print(
        f"The logs are in {target}; labels.csv there says what each attack record is.", markup=False, soft_wrap=True
    )
    console.print(f"Next: lotl info {target}   or   lotl scan {target} -o hits.csv", markup=False, soft_wrap=True)
