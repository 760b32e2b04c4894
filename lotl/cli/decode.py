"""``lotl decode``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from lotl.normalise.canonical import Canonical

EPILOG = """\b
Examples:
  lotl decode 'cmd /c "n^et^sh i p a v listenp=80 connecta=10.0.0.9"'
  lotl decode --script "&('i'+'ex') ('who'+'ami')"
  lotl decode - < command_lines.txt               one command line per line
  lotl decode --json - < command_lines.txt
"""


@click.command("decode", epilog=EPILOG)
@click.argument("command_lines", nargs=-1, required=True, metavar="COMMAND...")
@click.option("--script", is_flag=True, help="Read PowerShell text rather than a command line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def command(command_lines: tuple[str, ...], script: bool, as_json: bool) -> None:
    """Show what a command line comes to.

    Undoes carets, inserted quotes, look-alike signs, variables, nesting, encodings and abbreviations, and shows the
    command line as an administrator would have typed it, the commands inside it, and each step. "-" reads lines from
    standard input.
    """
    from lotl.normalise.canonical import canonical

    for number, text in enumerate(_texts(command_lines)):
        form = canonical(text, script=script)
        if as_json:
            click.echo(json.dumps(_plain(text, form), ensure_ascii=True))
        else:
            click.echo(("\n" if number else "") + _shown(form))


def _texts(arguments: tuple[str, ...]) -> Iterator[str]:
    for argument in arguments:
        if argument != "-":
            yield argument
            continue
        data = sys.stdin.buffer if hasattr(sys.stdin, "buffer") else None
        lines = (line.decode("utf-8", "replace") for line in data) if data is not None else sys.stdin
        yield from (text for line in lines if (text := line.rstrip("\r\n")))


def _plain(text: str, form: Canonical) -> dict[str, Any]:
    return {
        "raw": text,
        "canonical": form.text,
        "commands": list(form.commands),
        "steps": [vars(step) for step in form.steps],
        "cut": form.cut,
    }


def _shown(form: Canonical) -> str:
    from lotl.report.safe import printable

    lines = [printable(form.text, 4000)]
    if form.commands:
        lines += ["", "commands inside:", *(f"  {printable(held, 4000)}" for held in form.commands)]
    if form.steps:
        lines += ["", "undone:"]
        for step in form.steps:
            lines.append(f"  {step.what}: {printable(step.before, 120)}  →  {printable(step.after, 120)}")
    else:
        lines += ["", "nothing to undo"]
    if form.cut:
        lines.append("a bound was reached: some of it is left as it was")
    return "\n".join(lines)
