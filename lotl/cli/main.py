"""The command group. Subcommands are imported when they are called, so that ``lotl --help`` is instant."""

from __future__ import annotations

import importlib
import sys
from typing import Final

import click

from lotl._version import __version__
from lotl.errors import LotlError

COMMANDS: Final = {
    # name: (module, what it is for)
    "scan": ("lotl.cli.scan", "Run rules over logs."),
    "demo": ("lotl.cli.demo", "Make a small labelled intrusion, scan it, show the result."),
    "info": ("lotl.cli.info", "Show what is in logs: channels, event ids, times, damage."),
    "rules": ("lotl.cli.rules", "List, show and check rules."),
    "coverage": ("lotl.cli.coverage", "Show what the rules cover: behaviours, chains, ATT&CK techniques."),
    "decode": ("lotl.cli.decode", "Show what a command line comes to: undone, decoded, in parts."),
    "why": ("lotl.cli.why", "Explain why a rule hits an event, or does not."),
    "simulate": ("lotl.cli.simulate", "Write labelled synthetic logs: ordinary days and intrusions hidden in them."),
    "verify": ("lotl.cli.verify", "Compare two independent EVTX readers field by field."),
}
"""Order is the order of the help."""

EPILOG: Final = """\b
Examples:
  lotl demo
  lotl scan C:\\export\\logs
  lotl scan logs/ -r sigma/rules/windows --level medium -o hits.csv -o hits.jsonl
  lotl info logs/
"""


class Group(click.Group):
    """A click group whose commands live in modules of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.command(
    cls=Group, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="lotl")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def group(debug: bool) -> None:
    """Hunt living-off-the-land abuse in Windows event and Sysmon logs.

    lotl reads EVTX logs into columns, runs Sigma rules over them, and shows what hit, where, and why.
    """


def main() -> None:
    """Run the command line; errors become one line and an exit code.

    Exit codes: 0 ran; 1 a hit at or above ``--fail-on``; 2 wrong usage or input; 3 damaged input under ``--strict``;
    130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # consoles that are not UTF-8 show ? rather than end the run
    try:
        sys.exit(group.main(standalone_mode=False) or 0)
    except click.exceptions.Abort:
        click.echo("lotl: interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        click.echo("lotl: interrupted", err=True)
        sys.exit(130)
    except LotlError as error:
        if "--debug" in sys.argv:
            raise
        from lotl.report.safe import printable

        click.echo(f"lotl: {printable(str(error), 1000)}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
