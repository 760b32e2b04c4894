"""Measure matching: all rules against process events, beside the ways that people write first.

    python benchmarks/bench_match.py --events 1_000_000

Rules come from the folders of ``--rules``; without it from the SigmaHQ checkout under ``LOTL_SHARED`` or ``../shared``,
else from the built-in pack. Events are Sysmon process creations of a simulated estate (`lotl.simulate`). Yardsticks run
on a sample of the same events, in the same run, and must find the same hits. Times are CPU seconds of this process,
the best of several runs with warm kernels; columns are made anew for each run, so nothing is remembered between runs.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from generate import MARKER, FrameStamp
from generate import plan as simulation_plan

from lotl.columns import Int, Text
from lotl.frame import Partition
from lotl.kernel_cache import announce
from lotl.match.engine import Matcher
from lotl.match.profile import Profile
from lotl.match.reference import Reference
from lotl.plan.build import build
from lotl.plan.ir import And, AtLeast, Atom, Const, Leaf, Node, Not, Op, Or, Wild
from lotl.schema import SYSMON, Kind
from lotl.sigma.load import load
from lotl.sigma.model import Rule
from lotl.simulate.export import tables

KIND = Kind(SYSMON, "Microsoft-Windows-Sysmon", 1)
SIGMA = ("rules/windows", "rules-emerging-threats", "rules-threat-hunting/windows")


def rule_folders() -> list[Path]:
    """Return the folders of SigmaHQ rules, or none where the checkout is absent."""
    root = Path(os.environ.get("LOTL_SHARED") or Path(__file__).resolve().parent.parent.parent / "shared")
    folders = [root / "data" / "sigma" / name for name in SIGMA]
    return [folder for folder in folders if folder.is_dir()]


# --- events -----------------------------------------------------------------------------------------------------------


def process_events(count: int, distinct: float, seed: int) -> pa.Table:
    """Return process creations as plain columns; the share `distinct` of command lines is new every time."""
    simulation = simulation_plan(max(count, 20_000), hosts=8, days=2.0, distinct=distinct, fresh=100_000, seed=seed)
    with tempfile.TemporaryDirectory() as scratch:
        parts = [_processes(table) for table in tables(simulation.events(), Path(scratch) / "t", rows=100_000)]
    stamp = FrameStamp(pa.concat_tables(parts, promote_options="default"))
    made: list[pa.Table] = []
    rows = lap = nonce = 0
    while rows < count:
        table, nonce = stamp.stamp(lap, np.timedelta64(2, "D").astype("timedelta64[us]").astype(int).item(), nonce)
        made.append(table)
        rows, lap = rows + table.num_rows, lap + 1
    return pa.concat_tables(made).slice(0, count).combine_chunks()


def _processes(table: pa.Table) -> pa.Table:
    return table.filter(pc.and_(pc.equal(table["EventID"], 1), pc.equal(table["Channel"], SYSMON)))


def columns_of(table: pa.Table, names: Sequence[str]) -> dict[str, Any]:
    """Encode columns; this is the price of plain strings."""
    columns: dict[str, Any] = {}
    for name in names:
        column = table[name].combine_chunks()
        if column.null_count == len(column):
            continue
        if pa.types.is_integer(column.type):
            valid = None if not column.null_count else np.asarray(column.is_valid())
            columns[name] = Int(np.asarray(column.fill_null(0), np.int64), valid)
        elif pa.types.is_string(column.type):
            columns[name] = Text.of(column)
    return columns


def fresh(columns: dict[str, Any]) -> dict[str, Any]:
    """Return the same columns as new objects, so that nothing that a run derived from them is left."""
    return {
        name: Text(one.codes, one.values) if isinstance(one, Text) else Int(one.numbers, one.valid, one.time)
        for name, one in columns.items()
    }


def partition(columns: dict[str, Any], count: int) -> Partition:
    """Make a batch."""
    return Partition(KIND, {}, columns, np.zeros(count, np.int32), np.full(count, -1), np.arange(count))


# --- yardsticks -------------------------------------------------------------------------------------------------------


def combine(node: Node, leaf: Callable[[Atom], Any], size: int) -> Any:
    """Evaluate a condition over row masks."""
    match node:
        case Leaf(atom):
            return leaf(atom)
        case Const(value):
            return np.full(size, value)
        case Not(child):
            return ~combine(child, leaf, size)
        case And(children):
            return np.logical_and.reduce([combine(child, leaf, size) for child in children])
        case Or(children):
            return np.logical_or.reduce([combine(child, leaf, size) for child in children])
        case AtLeast(count, children):
            return np.sum([combine(child, leaf, size) for child in children], axis=0) >= count


def glob_regex(parts: Any) -> str:
    """Return a glob as a regular expression for the whole text."""
    import re

    return (
        "^"
        + "".join(
            re.escape(part) if isinstance(part, str) else "(?:.|\n)*" if part is Wild.RUN else "(?:.|\n)"
            for part in parts
        )
        + "$"
    )


def simple(rule: Rule) -> bool:
    """Say whether the yardsticks can express a rule."""
    known = {Op.EQUALS, Op.STARTSWITH, Op.ENDSWITH, Op.CONTAINS, Op.NULL, Op.EXISTS, Op.NUMBER, Op.GLOB}
    return all(atom.op in known and atom.field is not None and not atom.cased for atom in atoms_of(rule.node))


def atoms_of(node: Node) -> Iterator[Atom]:
    """Yield the atoms under a node."""
    match node:
        case Leaf(atom):
            yield atom
        case Not(child):
            yield from atoms_of(child)
        case And(children) | Or(children) | AtLeast(_, children):
            for child in children:
                yield from atoms_of(child)
        case _:
            pass


def with_arrow(table: pa.Table, rules: Sequence[Rule]) -> set[tuple[int, int]]:
    """One pyarrow call per rule item."""
    tests = {
        Op.STARTSWITH: lambda c, v: pc.starts_with(c, v, ignore_case=True),
        Op.ENDSWITH: lambda c, v: pc.ends_with(c, v, ignore_case=True),
        Op.CONTAINS: lambda c, v: pc.match_substring(c, v, ignore_case=True),
        Op.EQUALS: lambda c, v: pc.equal(pc.utf8_lower(c), v.lower()),
        Op.NUMBER: lambda c, v: pc.equal(c, str(v)),
        Op.GLOB: lambda c, v: pc.match_substring_regex(c, glob_regex(v), ignore_case=True),
    }

    def leaf(atom: Atom) -> Any:
        if atom.field not in table.column_names:
            return np.full(table.num_rows, atom.op is Op.NULL)
        column = table[atom.field]
        if atom.op in (Op.NULL, Op.EXISTS):
            return np.asarray(column.is_null() if atom.op is Op.NULL else column.is_valid())
        return np.asarray(pc.fill_null(tests[atom.op](column, atom.value), False))

    return _hits(rules, lambda rule: combine(rule.node, leaf, table.num_rows))


def with_pandas(frame: pd.DataFrame, rules: Sequence[Rule]) -> set[tuple[int, int]]:
    """One call of pandas' string methods per rule item."""
    tests: dict[Op, Callable[[Any, Any], Any]] = {
        Op.STARTSWITH: lambda c, v: c.str.lower().str.startswith(v.lower(), na=False),
        Op.ENDSWITH: lambda c, v: c.str.lower().str.endswith(v.lower(), na=False),
        Op.CONTAINS: lambda c, v: c.str.contains(v, case=False, regex=False, na=False),
        Op.EQUALS: lambda c, v: c.str.lower() == v.lower(),
        Op.NUMBER: lambda c, v: c == str(v),
        Op.GLOB: lambda c, v: c.str.contains(glob_regex(v), case=False, na=False),
    }

    def leaf(atom: Atom) -> Any:
        if atom.field not in frame.columns:
            return np.full(len(frame), atom.op is Op.NULL)
        column = frame[atom.field]
        if atom.op in (Op.NULL, Op.EXISTS):
            return np.asarray(column.isna() if atom.op is Op.NULL else column.notna())
        return np.asarray(tests[atom.op](column, atom.value), bool)

    return _hits(rules, lambda rule: combine(rule.node, leaf, len(frame)))


def _hits(rules: Sequence[Rule], evaluate: Callable[[Rule], Any]) -> set[tuple[int, int]]:
    return {(row, number) for number, rule in enumerate(rules) for row in np.flatnonzero(evaluate(rule)).tolist()}


def with_sqlite(table: pa.Table, rules: Sequence[Rule]) -> set[tuple[int, int]]:
    """Every rule a WHERE clause over one flat table (the way of Zircolite)."""
    names = table.column_names
    base = sqlite3.connect(":memory:")
    columns = ", ".join(f'"{name}" TEXT COLLATE NOCASE' for name in names)
    base.execute(f"CREATE TABLE logs (number INTEGER, {columns})")
    rows = zip(range(table.num_rows), *(table[name].to_pylist() for name in names), strict=True)
    base.executemany(f"INSERT INTO logs VALUES ({', '.join('?' * (len(names) + 1))})", rows)
    hits = set()
    for number, rule in enumerate(rules):
        clause = _sql(rule.node, frozenset(names))
        hits.update((row, number) for (row,) in base.execute(f"SELECT number FROM logs WHERE {clause}"))
    return hits


def _sql(node: Node, names: frozenset[str]) -> str:
    match node:
        case Leaf(atom):
            return _sql_leaf(atom, names)
        case Const(value):
            return str(int(value))
        case Not(child):
            return f"NOT {_sql(child, names)}"
        case And(children):
            return "(" + " AND ".join(_sql(child, names) for child in children) + ")"
        case Or(children):
            return _sql_or([_sql(child, names) for child in children])
        case AtLeast(count, children):
            return "(" + " + ".join(_sql(child, names) for child in children) + f" >= {count})"


def _sql_or(clauses: list[str]) -> str:
    # SQLite parses a chain as a tree as deep as it is long, and refuses more than 1,000 levels.
    while len(clauses) > 1:
        clauses = ["(" + " OR ".join(clauses[at : at + 50]) + ")" for at in range(0, len(clauses), 50)]
    return clauses[0]


def _sql_leaf(atom: Atom, names: frozenset[str]) -> str:
    if atom.field not in names:
        return str(int(atom.op is Op.NULL))
    value: Any = atom.value
    column = f'"{atom.field}"'
    if atom.op in (Op.NULL, Op.EXISTS):
        return f"({column} IS {'NULL' if atom.op is Op.NULL else 'NOT NULL'})"
    if atom.op in (Op.EQUALS, Op.NUMBER):
        return f"IFNULL({column} = '{str(value).replace(chr(39), chr(39) * 2)}', 0)"
    parts = value if atom.op is Op.GLOB else (value,)
    signs = {Wild.RUN: "%", Wild.ONE: "_"}
    pattern = "".join(_escaped(part) if isinstance(part, str) else signs[part] for part in parts)
    before = "%" if atom.op in (Op.CONTAINS, Op.ENDSWITH) else ""
    after = "%" if atom.op in (Op.CONTAINS, Op.STARTSWITH) else ""
    return f"IFNULL({column} LIKE '{before}{pattern}{after}' ESCAPE '\\', 0)"


def _escaped(text: str) -> str:
    for sign in "\\%_":
        text = text.replace(sign, "\\" + sign)
    return text.replace("'", "''")


# --- measuring --------------------------------------------------------------------------------------------------------


def _from_strings(matcher: Matcher, table: pa.Table, asked: Sequence[str]) -> Any:
    return matcher.match(partition(columns_of(table, asked), table.num_rows))


def best(run: Callable[..., Any], times: int, *arguments: Any) -> tuple[float, Any]:
    """Return the least CPU seconds of several runs, and the last result."""
    least, result = float("inf"), None
    for _ in range(times):
        begun = time.process_time()
        result = run(*arguments)
        least = min(least, time.process_time() - begun)
    return least, result


def row(what: str, events: int, seconds: float, note: str = "") -> None:
    """Print one line of the table."""
    print(f"| {what} | {events:,} | {seconds:.3f} | {events / seconds:,.0f} | {note} |", flush=True)


def measure(rules: Sequence[Rule], options: argparse.Namespace) -> None:
    """Print the table of all measurements for one set of rules."""
    plan = build(rules)
    for distinct in options.distinct:
        table = process_events(options.events, distinct, options.seed)
        asked = [name for name in table.column_names if name in set(plan.fields)]
        columns = columns_of(table, asked)
        size, lines = table.num_rows, columns["CommandLine"].values
        text = f"{len(lines) / size:.0%} distinct command lines of {lines.nbytes // max(len(lines), 1)} bytes"
        matcher = Matcher(plan)
        cold = time.process_time()
        compiled: list[str] = []
        with announce(compiled.append):
            matcher.match(partition(fresh(columns), size))
        cold = time.process_time() - cold
        row("first batch: tables, and kernels not in the cache", size, cold, f"{len(compiled)} kernels compiled")
        seconds, found = best(lambda c, n, m=matcher: m.match(partition(fresh(c), n)), options.repeat, columns, size)
        note = f"{text}; {len(found):,} hits of {len(set(found.rule.tolist()))} rules"
        row("lotl, dictionary columns", size, seconds, note)
        seconds, again = best(_from_strings, options.repeat, matcher, table, asked)
        row("lotl, plain strings", size, seconds, "encoding included")
        assert np.array_equal(found.rule, again.rule) and np.array_equal(found.row, again.row)
        if distinct == options.distinct[0]:
            profile = Profile(enabled=True)
            Matcher(plan, profile=profile).match(partition(fresh(columns), size))
            scaling(rules, columns, size, options)
            yardsticks(rules, table, options)
            print("\n" + profile.table([rule.meta.title for rule in rules]))


def scaling(rules: Sequence[Rule], columns: dict[str, Any], size: int, options: argparse.Namespace) -> None:
    """Print how time grows with rules and with events."""
    for count in [count for count in (100, 300, 900, 2700) if count <= len(rules)]:
        some = Matcher(build(rules[:: max(len(rules) // count, 1)][:count]))
        some.match(partition(fresh(columns), size))
        seconds, _ = best(lambda some=some: some.match(partition(fresh(columns), size)), options.repeat)  # type: ignore[misc]
        row(f"lotl, {count:,} rules", size, seconds)
    matcher = Matcher(build(rules))
    for count in [count for count in (1_000, 10_000, 100_000) if count < size]:
        part = {name: one.take(np.arange(count)) for name, one in columns.items()}
        matcher.match(partition(fresh(part), count))
        seconds, _ = best(lambda part=part, count=count: matcher.match(partition(fresh(part), count)), options.repeat)  # type: ignore[misc]
        row("lotl, fewer events", count, seconds)


def yardsticks(rules: Sequence[Rule], table: pa.Table, options: argparse.Namespace) -> None:
    """Print the other ways on a sample, and check that they find the same."""
    chosen = [rule for rule in rules if any(one.selects(KIND) for one in rule.selectors) and simple(rule)]
    sample = table.slice(0, options.sample)
    asked = {atom.field for rule in chosen for atom in atoms_of(rule.node)}
    names = [name for name in sample.column_names if name in asked and pa.types.is_string(sample[name].type)]
    sample = sample.select(names).combine_chunks()
    matcher = Matcher(build(chosen, ignore_logsource=True))
    data = columns_of(sample, names)
    seconds, found = best(lambda: matcher.match(partition(fresh(data), len(sample))), options.repeat + 1)
    expected = set(zip(found.row.tolist(), found.rule.tolist(), strict=True))
    row(f"sample: lotl, {len(chosen):,} process rules", len(sample), seconds, f"{len(expected):,} hits")
    frame = sample.to_pandas()
    ways: dict[str, Callable[[], set[tuple[int, int]]]] = {
        "one pyarrow call per rule item": lambda: with_arrow(sample, chosen),
        "pandas str.contains and its like": lambda: with_pandas(frame, chosen),
        "one SQLite query per rule": lambda: with_sqlite(sample, chosen),
    }
    for name, way in ways.items():
        took, hits = best(way, 1)
        verdict = "same hits" if hits == expected else f"{len(hits ^ expected)} hits differ"
        row(f"sample: {name}", len(sample), took, f"{took / seconds:,.0f}x; {verdict}")
    few = min(options.sample, 20)
    flat = partition(data, len(sample))
    references = [Reference(rule.document) for rule in chosen]
    events = [flat.flat(at) for at in range(few)]
    pairs = ((a, b) for a in range(few) for b in range(len(references)))
    took, hits = best(lambda: {(a, b) for a, b in pairs if references[b].matches(events[a])}, 1)
    verdict = "same hits" if hits == {pair for pair in expected if pair[0] < few} else "hits differ"
    row("sample: row by row (lotl's reference)", few, took, f"{took / few * len(sample) / seconds:,.0f}x; {verdict}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--distinct", type=float, nargs="*", default=[0.3, 1.0], help="shares of new command lines")
    parser.add_argument("--rules", type=Path, nargs="*", help="folders of Sigma rules")
    parser.add_argument("--sample", type=int, default=10_000, help="events for the yardsticks")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a few seconds: does it run, are hits equal")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.events, options.sample, options.repeat, options.distinct = 4_000, 300, 1, [0.3]
    sources = options.rules or rule_folders() or ["lotl"]
    rules = list(load(*map(str, sources)).rules)
    if options.smoke:
        rules = rules[::10] if len(rules) > 300 else rules
    cpu = platform.processor() or platform.machine()
    print(f"{len(rules):,} rules; Python {platform.python_version()}, pyarrow {pa.__version__}, numpy {np.__version__}")
    print(f"{platform.system()} {cpu}, {os.cpu_count()} processors; texts that repeat are stamped ({MARKER})\n")
    print("| what | events | CPU s | events/s | |\n|---|---:|---:|---:|---|")
    measure(rules, options)


if __name__ == "__main__":
    main()
