"""Measure the built-in pack on simulated enterprises: what it finds of intrusions, how often it cries wolf.

    python benchmarks/pack_report.py --seeds 3 --markdown
    python benchmarks/pack_report.py --smoke

For every seed and obfuscation level a small enterprise with one whole intrusion is simulated (`lotl.simulate`), written
as EVTX, and scanned with the pack. Words of the tables:

instance
    Records of one behaviour, each at most 30 s after the one before: what one step leaves behind on all machines. Steps
    that leave only records which cannot show the behaviour (the end of a process, say) do not count.
own
    A rule that is tagged with the behaviour hit one of its records.
alarm
    Any rule of the pack of level medium or above hit one of its records.
chain
    A correlation rule that is tagged with the chain fired, and at least one record of it belongs to the chain.
false alarm
    A hit of level high or critical on a record that no intrusion left, or a correlation of that level all of whose
    records are such.

The output depends on the arguments and the code only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import lotl
from lotl.hits import Hits
from lotl.hunt.behaviours import BEHAVIOURS, CHAINS, short_channel
from lotl.simulate import Event, simulate
from lotl.simulate.export import write_evtx

LEVELS: Final = (0, 1, 2, 3)
GAP: Final = 30_000_000
ALARM: Final = frozenset({"medium", "high", "critical"})
ALERT: Final = frozenset({"high", "critical"})

Key = tuple[str, str, int]
"""Host, channel, record id."""


@dataclass
class Instance:
    """One step of an intrusion, as its records tell it."""

    behaviour: str
    keys: list[Key] = field(default_factory=list)
    visible: list[Key] = field(default_factory=list)


@dataclass
class Tally:
    """What one or several simulations came to."""

    benign: int = 0
    attack: int = 0
    visible: int = 0
    hit: int = 0
    own: Counter[str] = field(default_factory=Counter)
    alarm: Counter[str] = field(default_factory=Counter)
    instances: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    unseen: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    chains: Counter[str] = field(default_factory=Counter)
    chains_due: Counter[str] = field(default_factory=Counter)
    alerts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    quiet: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Add another tally to this one."""
        for name, value in vars(other).items():
            if isinstance(value, Counter):
                getattr(self, name).update(value)
            else:
                setattr(self, name, getattr(self, name) + value)


# --- truth ------------------------------------------------------------------------------------------------------------


def key_of(event: Event) -> Key:
    """Name a record."""
    return event.host, event.channel, event.record_id


def instances_of(events: Sequence[Event]) -> list[Instance]:
    """Group the labelled records into steps."""
    found: list[Instance] = []
    latest: dict[str, tuple[int, Instance]] = {}
    for event in sorted((e for e in events if e.label.behaviour), key=lambda e: e.time):
        name = event.label.behaviour
        last, instance = latest.get(name, (-GAP * 2, Instance("")))
        if event.time - last > GAP:
            instance = Instance(name)
            found.append(instance)
        latest[name] = event.time, instance
        instance.keys.append(key_of(event))
        if BEHAVIOURS[name].shown_by(event.channel, event.kind.layout.event_id):
            instance.visible.append(key_of(event))
    return [instance for instance in found if instance.visible]


def describe(event: Event) -> str:
    """Say in a few words what a record is about."""
    values = dict(zip(event.kind.names, event.values, strict=True))
    names = (
        "CommandLine",
        "TargetFilename",
        "TargetObject",
        "RelativeTargetName",
        "ScriptBlockText",
        "Image",
        "ServiceName",
    )
    what = next((str(values[name]) for name in names if values.get(name)), "")
    return f"{event.channel.rpartition('-')[2].split('/')[0]} {event.kind.layout.event_id} {what}".strip()


# --- measuring --------------------------------------------------------------------------------------------------------


def measure(seed: int, level: int, rules: lotl.RuleSet, options: argparse.Namespace) -> Tally:
    """Simulate, scan, and compare."""
    simulation = simulate(
        seed=seed, hosts=options.hosts, days=options.days, users=options.users, intrusions=1, obfuscation=level,
        rate=options.rate,
    )  # fmt: skip
    events = list(simulation.events())
    with tempfile.TemporaryDirectory() as scratch:
        write_evtx(events, Path(scratch))
        hits = lotl.scan(scratch, rules, canonical=True, workers=1)
        return tally(events, hits, f"seed {seed}, level {level}")


def tally(events: Sequence[Event], hits: Hits, run: str) -> Tally:
    """Compare hits with labels."""
    truth = {key_of(event): event for event in events}
    result = Tally(benign=sum(not event.label.behaviour for event in events))
    result.attack = len(events) - result.benign
    places = dict(zip(hits.all.rows.tolist(), keys_of(hits.all), strict=True))
    fired = defaultdict(list)
    for key, rule in zip(keys_of(hits), hits.rule.tolist(), strict=True):
        fired[key].append(hits.rules[rule].meta)
    recall(result, instances_of(events), fired, truth, run)
    chains(result, events, hits, places, truth, run)
    for key, metas in fired.items():
        if not truth[key].label.behaviour:
            for meta in metas:
                count(result, meta.level, meta.title, [truth[key]])
    return result


def keys_of(hits: Hits) -> Iterator[Key]:
    """Yield the key of the event of every hit."""
    table = hits.table
    columns = (table[name].to_pylist() for name in ("computer", "channel", "event_record_id"))
    for computer, channel, number in zip(*columns, strict=True):
        yield computer.partition(".")[0], channel, number


def recall(
    result: Tally, instances: Iterable[Instance], fired: dict[Key, list[Any]], truth: dict[Key, Event], run: str
) -> None:
    """Count what was found of the steps."""
    for instance in instances:
        name = instance.behaviour
        metas = [meta for key in instance.keys for meta in fired.get(key, ())]
        own = any(BEHAVIOURS[name].tag in meta.tags for meta in metas)
        alarm = any(meta.level in ALARM for meta in metas)
        result.instances[name] += 1
        result.own[name] += own
        result.alarm[name] += alarm
        result.visible += len(instance.visible)
        result.hit += sum(key in fired for key in instance.visible)
        for event in (truth[key] for key in instance.visible if key not in fired):
            result.unseen[name, event.channel, f"{event.kind.layout.event_id}"] += 1
        if not own:
            first = truth[instance.visible[0]]
            others = ", ".join(sorted({meta.name for meta in metas})) or "nothing"
            result.missed.append(f"{name} ({run}): {describe(first)} — hit by {others}")


def chains(
    result: Tally, events: Sequence[Event], hits: Hits, places: dict[int, Key], truth: dict[Key, Event], run: str
) -> None:
    """Count the chains that were found, and the alarms of correlations without a cause."""
    due = {name for event in events for name in event.label.chain.split()}
    found = set()
    for row in hits.correlations.to_pylist():
        about = [truth[places[number]] for number in row["rows"]]
        tags = {tag.removeprefix("lotl.").upper() for tag in row["tags"]}
        found |= {name for event in about for name in event.label.chain.split()} & tags
        if not any(event.label.behaviour for event in about):
            count(result, row["level"], row["rule_title"], about)
    result.chains_due.update(due)
    result.chains.update(due & found)
    result.missed += [f"{name} ({run}): no correlation rule found it" for name in sorted(due - found)]


def count(result: Tally, level: str, title: str, about: Sequence[Event]) -> None:
    """Note an alert on ordinary activity: by rule and by what it was about."""
    kinds = ", ".join(sorted({event.label.benign or "ordinary" for event in about}))
    entry = title, level, f"{kinds}: {describe(about[0])[:90]}" if level in ALERT else kinds
    if level in ALERT:
        result.alerts[entry] += 1
    elif level == "medium":
        result.quiet[entry] += 1


# --- telling ----------------------------------------------------------------------------------------------------------


def share(part: int, whole: int) -> str:
    """Print a share with its numbers."""
    return f"{part}/{whole} ({100 * part / whole:.0f} %)" if whole else "–"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, markdown: bool) -> Iterator[str]:
    """Yield the lines of a table."""
    cells = [list(head), *(list(row) for row in rows)]
    if markdown:
        lines = ["| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in cells]
        yield from (lines[0], "|" + "---|" * len(head), *lines[1:])
        return
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    yield from ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells)


def report(tallies: dict[int, Tally], seeds: int, *, markdown: bool) -> Iterator[str]:
    """Yield the lines of the report."""
    total = Tally()
    for one in tallies.values():
        total.add(one)
    mark = "### " if markdown else ""
    yield f"{mark}Found and false, by obfuscation"
    yield ""
    yield from table(SUMMARY, [summary(level, one) for level, one in tallies.items()], markdown=markdown)
    yield ""
    yield f"{mark}Chains: intrusions ({seeds} per level) in which each was found"
    yield ""
    head = ("chain", "what", *(f"level {level}" for level in tallies))
    rows = [
        (n, CHAINS[n].title, *(share(t.chains[n], t.chains_due[n]) for t in tallies.values()))
        for n in sorted(total.chains_due)
    ]
    yield from table(head, rows, markdown=markdown)
    yield ""
    yield f"{mark}Behaviours: instances found by own rule / raised at medium or above"
    yield ""
    head = ("behaviour", "what", *(f"level {level}" for level in tallies))
    yield from table(head, [behaviour_row(name, tallies) for name in sorted(total.instances)], markdown=markdown)
    yield ""
    yield f"{mark}False alarms, high and critical"
    yield ""
    yield from alarms(total.alerts, markdown=markdown)
    yield ""
    yield f"{mark}Grey hits of level medium on ordinary activity"
    yield ""
    yield from alarms(total.quiet, markdown=markdown)
    yield ""
    yield f"{mark}Records that no rule hit, though records of their kind can show the behaviour"
    yield ""
    rows = [
        (str(number), name, BEHAVIOURS[name].title, short_channel(channel), event)
        for (name, channel, event), number in most(total.unseen)
    ]
    yield from table(("records", "behaviour", "what", "channel", "event"), rows, markdown=markdown)
    yield ""
    yield f"{mark}Missed"
    yield ""
    yield from ([f"- {line}" for line in total.missed] or ["nothing"])


def most(counts: Counter[tuple[str, str, str]]) -> list[tuple[tuple[str, str, str], int]]:
    """Sort by count, then by name."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


SUMMARY: Final = (
    "level", "events", "attack records", "instances: own rule", "instances: alarm", "records that can show it: hit",
    "chains", "high/critical per 100,000 benign",
)  # fmt: skip


def summary(level: int, one: Tally) -> tuple[str, ...]:
    """Return the row of one obfuscation level."""
    wrong = one.alerts.total()
    return (
        str(level),
        f"{one.benign + one.attack:,}",
        f"{one.attack:,}",
        share(one.own.total(), one.instances.total()),
        share(one.alarm.total(), one.instances.total()),
        share(one.hit, one.visible),
        share(one.chains.total(), one.chains_due.total()),
        f"{1e5 * wrong / one.benign:.1f} ({wrong})" if one.benign else "–",
    )


def behaviour_row(name: str, tallies: dict[int, Tally]) -> tuple[str, ...]:
    """Return the row of one behaviour."""
    cells = [f"{t.own[name]} / {t.alarm[name]} of {t.instances[name]}" for t in tallies.values()]
    return (name, BEHAVIOURS[name].title, *cells)


def alarms(counts: Counter[tuple[str, str, str]], *, markdown: bool) -> Iterator[str]:
    """Yield a table of alerts on ordinary activity."""
    if not counts:
        yield "none"
        return
    rows = [(str(number), *entry) for entry, number in most(counts)]
    yield from table(("hits", "rule", "level", "about"), rows, markdown=markdown)


def main() -> None:
    """Run the measurement."""
    about, _, rest = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3, help="simulations per obfuscation level")
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--hosts", type=int, default=4)
    parser.add_argument("--users", type=int, default=6)
    parser.add_argument("--days", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=1.0, help="amount of ordinary activity")
    parser.add_argument("--rules", default="lotl", help="pack name or folder")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    parser.add_argument("--smoke", action="store_true", help="one small enterprise per level, in seconds")
    options = parser.parse_args()
    if options.smoke:
        options.seeds, options.hosts, options.days, options.rate = 1, 3, 0.5, 0.2
    if options.seeds < 1:
        parser.error("at least one seed")
    sys.stdout.reconfigure(encoding="utf-8")
    rules = lotl.rules(options.rules)
    tallies = {level: Tally() for level in LEVELS}
    for level in LEVELS:
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            tallies[level].add(measure(seed, level, rules, options))
    print("\n".join(report(tallies, options.seeds, markdown=options.markdown)))


if __name__ == "__main__":
    main()
