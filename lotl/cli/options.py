"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lotl.sigma.model import LEVELS

Command = TypeVar("Command", bound=Callable[..., Any])

LEVEL = click.Choice(LEVELS, case_sensitive=False)


def log_options(command: Command) -> Command:
    """Add the options that say how to read logs."""
    for decorate in reversed(
        [
            click.option(
                "--format",
                default="",
                metavar="NAME",
                help="Read all files as evtx, json, xml, csv, parquet or arrow, whatever they look like.",
            ),
            click.option(
                "--mapping",
                metavar="FILE",
                help="YAML file: names of a house format to Windows' names (with --format).",
            ),
            click.option("--password", default="", metavar="TEXT", help="Password of encrypted archives."),
        ]
    ):
        command = decorate(command)
    return command


def rule_options(command: Command) -> Command:
    """Add the options that choose rules."""
    for decorate in reversed(
        [
            click.option(
                "-r",
                "--rules",
                multiple=True,
                metavar="RULES",
                help="Rule file, folder (a whole SigmaHQ checkout works) or pack name; repeat for more. "
                "Default: the built-in pack.",
            ),
            click.option("--level", type=LEVEL, help="Only rules of this level and above."),
            click.option(
                "--status", multiple=True, metavar="STATUS", help="Only rules of this status; repeat for more."
            ),
            click.option(
                "--tag",
                multiple=True,
                metavar="TAG",
                help="Only rules with this tag (attack.t1003, * for any run); repeat.",
            ),
            click.option(
                "--exclude",
                multiple=True,
                metavar="RULE",
                help="Leave out rules by id, title or tag (* for any run); repeat.",
            ),
            click.option(
                "-p", "--pipeline", multiple=True, metavar="NAME|FILE", help="pySigma pipeline for the rules."
            ),
            click.option(
                "--trust-pipelines", is_flag=True, help="Allow pipelines that run commands or fetch or render."
            ),
            click.option(
                "--filter",
                "filters",
                multiple=True,
                metavar="FILE",
                help="Sigma filters (local tuning): file or folder.",
            ),
            click.option(
                "--placeholders", metavar="FILE", help="YAML file with values for %name% placeholders (name: [values])."
            ),
        ]
    ):
        command = decorate(command)
    return command
