"""``lotl rules``: list, show, check."""

from __future__ import annotations

import json
from typing import Any

import click

from lotl.cli.options import rule_options


@click.group("rules")
def command() -> None:
    """List, show and check rules.

    \b
    Examples:
      lotl rules list --level high
      lotl rules list -r sigma/rules/windows --tag attack.t1003 --json
      lotl rules show 3f2b…
      lotl rules check my-rules/
    """


@command.command("list")
@rule_options
@click.option("--state", type=click.Choice(["loaded", "invalid", "unsupported"]), help="Only rules in this state.")
@click.option("--logsource", metavar="NAME", help="Only rules of this category, product or service.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def list_rules(state: str | None, logsource: str | None, as_json: bool, **chosen: Any) -> None:
    """List rules with level, status, state and log source."""
    from lotl.cli.chosen import chosen_rules
    from lotl.report.safe import printable

    ruleset = chosen_rules(**chosen).select(logsource=logsource)
    lines = [line for line in _lines(ruleset) if state is None or line["state"] == state]
    for line in lines:
        if as_json:
            click.echo(json.dumps(line, ensure_ascii=False))
        else:
            head = f"{line['state']:<12}{line['level']:<14}{line['status']:<13}{line['id']:<37}"
            click.echo(
                printable(
                    f"{head} {line['title']}  [{line['logsource']}]" + (f": {line['why']}" if line["why"] else "")
                )
            )
    if not as_json:
        counts = ", ".join(f"{number:,} {what}" for what, number in ruleset.counts().items() if number)
        click.echo(f"{len(lines):,} listed; {counts}")


def _lines(ruleset: Any) -> list[dict[str, str]]:
    from lotl.sigma.model import Correlation, State

    # Several documents may claim one id, and some have none: every issue gets its line.
    unsupported = {issue.rule: issue for issue in ruleset.errors if issue.state is State.UNSUPPORTED}
    told = []
    lines = []
    for rule in (*ruleset.rules, *ruleset.correlations):
        meta = rule.meta
        issue = unsupported.get(meta.id)
        told.append(issue)
        source = f"correlation {rule.type}" if isinstance(rule, Correlation) else str(rule.logsource)
        state = "loaded" if issue is None else issue.state.value
        lines.append(
            _line(state, meta.level, meta.status, meta.id, meta.title, source, "" if issue is None else issue.what)
        )
    rest = [issue for issue in ruleset.errors if not any(issue is each for each in told)]
    lines += [_line(issue.state.value, "", "", issue.rule, issue.where, "", issue.what) for issue in rest]
    return lines


def _line(*values: str) -> dict[str, str]:
    return dict(zip(("state", "level", "status", "id", "title", "logsource", "why"), values, strict=True))


@command.command("show")
@click.argument("rule", metavar="ID")
@rule_options
def show_rule(rule: str, **chosen: Any) -> None:
    """Show one rule (by id, name or title): what it says, what it reads, and its plan as a tree."""
    from lotl.cli.chosen import chosen_rules
    from lotl.report.safe import printable_lines
    from lotl.sigma.find import find
    from lotl.sigma.show import render_rule

    click.echo(printable_lines(render_rule(find(chosen_rules(**chosen), rule))))


@command.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATHS...")
@click.option("--warnings-fail", is_flag=True, help="Exit with 1 on warnings, too.")
def check_rules(paths: tuple[str, ...], warnings_fail: bool) -> int:
    """Check rules: lotl's own checks and sigma-cli's validators. Exit code 1 when a rule is invalid."""
    from lotl.report.safe import printable
    from lotl.sigma.check import check
    from lotl.sigma.model import State

    issues = check(paths)
    for issue in issues:
        click.echo(printable(f"{'warning' if issue.state is State.LOADED else issue.state.value}: {issue}"))
    invalid = sum(issue.state is State.INVALID for issue in issues)
    warnings = sum(issue.state is State.LOADED for issue in issues)
    click.echo(f"{invalid:,} invalid, {len(issues) - invalid - warnings:,} unsupported, {warnings:,} warnings")
    return int(bool(invalid or (warnings_fail and warnings)))
