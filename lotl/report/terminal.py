"""The result as a person reads it in a terminal: grouped by level and rule, then a summary."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lotl.columns import format_time
from lotl.hits import Hits
from lotl.report.safe import printable
from lotl.report.summary import RuleLine, Summary, rank, summarise
from lotl.sigma.model import State

STYLES: Final = {
    "critical": "bold white on red",
    "high": "bold red",
    "medium": "yellow",
    "low": "cyan",
    "informational": "dim",
}
DAMAGED: Final = 5
"""Damaged files that the summary names."""
EXAMPLES: Final = 3
"""Events shown for each rule."""

STATE_WORDS: Final = {
    State.HIT: "hit",
    State.EVALUATED: "evaluated without a hit",
    State.BLIND: "blind (a field they need never occurs)",
    State.NO_DATA: "without data (their channel or event id does not occur)",
    State.UNSUPPORTED: "unsupported",
    State.INVALID: "invalid",
}
"""How states are called in the summary, in its order."""


def show(hits: Hits, console: Console, *, lowest: str = "medium") -> None:
    """Print a result to `console`: rules from level `lowest` on one by one, those below as a count."""
    summary = summarise(hits)
    by_title: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for result in summary.correlations:
        by_title.setdefault((-rank(result["level"]), result["rule_title"]), []).append(result)
    for (height, _), results in sorted(by_title.items()):
        if -height >= rank(lowest):
            _chain(results, console)
    level = ""
    table = hits.table
    shown = [line for line in summary.lines if rank(line.level) >= rank(lowest)]
    for line in shown:
        if line.level != level:
            level = line.level
            console.print()
            console.print(Text(f" {level.upper()} ", STYLES.get(level, "")))
        _rule(hits, table, line, console)
    _collapsed(summary.lines[len(shown) :], console)
    show_summary(summary, console)


def _collapsed(lines: list[RuleLine], console: Console) -> None:
    """Print one line per level for rules that are not shown one by one."""
    for level in dict.fromkeys(line.level for line in lines):
        rules = [line for line in lines if line.level == level]
        count = sum(len(line.hits) for line in rules)
        titles = ", ".join(printable(line.meta.title, 50) for line in rules[:3]) + (" …" if len(rules) > 3 else "")
        console.print()
        head = Text(f" {level.upper()} ", STYLES.get(level, ""))
        head.append(f"  {count:,} hits of {len(rules):,} rules: {titles}  (--all shows them)", "dim")
        console.print(head, soft_wrap=True)


def _rule(hits: Hits, table: Any, line: RuleLine, console: Console) -> None:
    where = ", ".join(printable(name, 40) for name in line.computers[:3]) or "unknown host"
    more = f" and {len(line.computers) - 3} more" if len(line.computers) > 3 else ""
    head = Text("  ")
    head.append(printable(line.meta.title, 100), "bold")
    head.append(f"  {len(line.hits):,} {'hit' if len(line.hits) == 1 else 'hits'} on {where}{more}", "dim")
    console.print(head, soft_wrap=True)
    shown = table.take(list(line.hits[:EXAMPLES])).to_pylist()
    for hit, row in zip(line.hits, shown, strict=False):
        console.print(_example(hits, hit, row, console.width, len(line.computers) > 1), soft_wrap=True)
    if len(line.hits) > EXAMPLES:
        console.print(Text(f"      … and {len(line.hits) - EXAMPLES:,} more until {_time(line.last)}", "dim"))


def _example(hits: Hits, hit: int, row: dict[str, Any], width: int, several: bool) -> Text:
    when = row["time"].strftime("%Y-%m-%d %H:%M:%S") if row["time"] else "no time"
    who = printable(row["user"] or "", 40)
    what = row["command_line"] or _telling(hits, hit) or row["image"] or ""
    text = Text("      ")
    text.append(when, "dim")
    if several:
        text.append(f"  {printable(row['computer'] or '', 30)}")
    if who:
        text.append(f"  {who}")
    room = max(40, width - len(text.plain) - 3)
    text.append(f"  {printable(what, room)}", "green")
    if row["canonical"]:
        text.append(f"\n        that is  {printable(row['canonical'], room)}", "yellow")
    return text


def _telling(hits: Hits, hit: int) -> str:
    """Return the evidence in one line, without what the log source says anyway."""
    seen = [item for item in hits.evidence(hit) if item.field not in ("EventID", "Channel", "Provider_Name")]
    return "; ".join(dict.fromkeys(map(str, seen or hits.evidence(hit))))


def _chain(results: list[dict[str, Any]], console: Console) -> None:
    """Print what one correlation rule found."""
    level = results[0]["level"] or "informational"
    console.print()
    head = Text(f" {level.upper()} ", STYLES.get(level, ""))
    head.append(f"  chain: {printable(results[0]['rule_title'], 100)}", "bold")
    console.print(head, soft_wrap=True)
    for result in results[:EXAMPLES]:
        group = ", ".join(f"{name}={printable(str(value), 60)}" for name, value in result["group"].items())
        span = f"{result['first']:%Y-%m-%d %H:%M:%S} to {result['last']:%Y-%m-%d %H:%M:%S}"
        console.print(Text(f"      {span}  {group}  {len(result['rows'])} events", "dim"), soft_wrap=True)
    if len(results) > EXAMPLES:
        console.print(Text(f"      … and {len(results) - EXAMPLES:,} more", "dim"))


def _time(micros: int | None) -> str:
    return "no time" if micros is None else format_time(micros)[:19].replace("T", " ")


def show_summary(summary: Summary, console: Console) -> None:
    """Print what was read, what was evaluated and what was found."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    span = f", {_time(summary.first)} to {_time(summary.last)} UTC" if summary.first is not None else ""
    table.add_row("Logs", f"{summary.files:,} files, {summary.events:,} events{span}")
    for note in _damage(summary):
        table.add_row("", Text(note, "yellow"))
    states = [f"{summary.states[state]:,} {words}" for state, words in STATE_WORDS.items() if state in summary.states]
    table.add_row("Rules", "; ".join(states) or "none")
    table.add_row("Hits", _by_level(summary.levels) if summary.levels else "none")
    if summary.correlations:
        counts = Counter(chain["level"] or "informational" for chain in summary.correlations)
        table.add_row("Chains", _by_level(dict(counts)))
    table.add_row("Time", f"{summary.seconds:.1f} s")
    console.print()
    console.print(table)


def _by_level(counts: dict[str, int]) -> Text:
    ordered = sorted(counts.items(), key=lambda item: -rank(item[0]))
    return Text("; ").join(Text(f"{count:,} {level}", STYLES.get(level, "")) for level, count in ordered)


def _damage(summary: Summary) -> list[str]:
    notes = [printable(problem, 200) for problem in summary.problems]
    if summary.damaged:
        lost = f", {summary.lost:,} records lost" if summary.lost else ""
        notes.append(f"{summary.damaged:,} damaged or unreadable{lost}: `lotl info` says where")
        notes += [f"  {printable(name, 60)}: {printable(what, 100)}" for name, what in summary.damage[:DAMAGED]]
        if len(summary.damage) > DAMAGED:
            notes.append(f"  … and {len(summary.damage) - DAMAGED:,} more")
    if summary.skipped:
        files = "file" if summary.skipped == 1 else "files"
        notes.append(f"{summary.skipped:,} other {files} skipped: no logs")
    return notes
