"""``lotl verify``."""

from __future__ import annotations

import json
from typing import Any

import click


@click.command("verify")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(files: tuple[str, ...], as_json: bool) -> int:
    """Read EVTX files with two independent readers and compare every field of every record.

    lotl's own reader is held against python-evtx. Known differences in how the two write a value are counted by kind;
    anything else is listed, and makes the exit code 1.
    """
    from lotl.sources.discover import discover
    from lotl.sources.evtx.verify import verify

    paths = [account.path for account in discover(files).accounts if account.format == "evtx"]
    result = verify(paths)
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=2, ensure_ascii=False))
    else:
        _print(result)
    return int(bool(result.undocumented))


def _print(result: Any) -> None:
    from lotl.report.safe import printable

    click.echo(
        f"{result.files:,} files, {result.records:,} records, "
        f"{result.fields:,} fields compared, {result.equal:,} equal; "
        f"{result.documented:,} documented and {result.undocumented:,} undocumented differences"
    )
    unread = result.records - result.python_evtx_records
    if result.lost or unread:
        click.echo(f"lost by lotl: {result.lost:,}; read by lotl and not by python-evtx: {unread:,}")
    for kind in sorted(result.kinds.values(), key=lambda kind: (kind.documented, -kind.count)):
        word = "documented" if kind.documented else "UNDOCUMENTED"
        click.echo(f"\n{word}: {kind.kind}, {kind.count:,}: {kind.meaning}")
        for seen in kind.examples[: 2 if kind.documented else 10]:
            place = f"{seen.file} record {seen.record} {seen.field}"
            values = f"lotl {seen.lotl!r}, python-evtx {seen.python_evtx!r}"
            click.echo(f"  {printable(place, 200)}: {printable(values, 300)}")
    for file, problems in result.problems:
        for problem in problems:
            click.echo(f"{printable(file, 100)}: {problem.where}: {printable(problem.what, 200)}", err=True)
