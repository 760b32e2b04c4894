"""``lotl why``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from lotl.cli.options import rule_options

if TYPE_CHECKING:
    from lotl.sigma.model import Correlation, Rule

EPILOG = """\b
Examples:
  lotl why my_rule.yml DC01.evtx              explain what it hits
  lotl why my_rule.yml logs/ --near           what it misses by one value: for tuning
  lotl why "Port Proxy" logs/ --row 1204      explain one event, hit or not
"""


@click.command("why", epilog=EPILOG)
@click.argument("rule", metavar="RULE")
@click.argument("logs", nargs=-1, required=True, metavar="EVENTS...")
@rule_options
@click.option("--near", is_flag=True, help="Events that one value keeps from being hits.")
@click.option("--row", type=click.IntRange(0), metavar="N", help="The event at this place in the input.")
@click.option(
    "--limit", type=click.IntRange(1), default=5, show_default=True, metavar="N", help="Show at most N events."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def command(
    rule: str, logs: tuple[str, ...], near: bool, row: int | None, limit: int, as_json: bool, **chosen: Any
) -> None:
    """Explain why RULE (a file, or an id, name or title) hits EVENTS, or does not.

    For each selection, field and value: matched and where in the text, or what was missing.
    """
    from pathlib import Path

    from lotl.cli.chosen import chosen_rules
    from lotl.reading import read
    from lotl.report.safe import printable
    from lotl.report.why import why
    from lotl.sigma.find import find

    if Path(rule).is_file():
        chosen["rules"] = (rule,)
        ruleset = chosen_rules(**chosen)
        picked: list[Rule | Correlation] = list(ruleset.by_id.values())
    else:
        ruleset = chosen_rules(**chosen)
        picked = [find(ruleset, rule)]
    shown, events = 0, read(logs)
    if row is not None:
        events.locate(row)
    named = ruleset.placeholders
    for found in (each for one in picked for each in why(one, events, near=near, row=row, placeholders=named)):
        shown += 1
        if as_json:
            click.echo(json.dumps(found.to_dict(), ensure_ascii=False, default=str))
        else:
            click.echo(f"event {found.row}, {found.rows:,} alike, {printable(found.source)}")
            click.echo("\n".join(printable(line) for line in str(found.explanation).splitlines()) + "\n")
        if shown == limit:
            break
    if not shown and not as_json:
        click.echo(_nothing(near, row))


def _nothing(near: bool, row: int | None) -> str:
    if row is not None:
        return "the rule does not read that event: it is of another log source (see `lotl rules show`)"
    return "no event misses by one value" if near else "no hit; --near lists what misses by one value"
