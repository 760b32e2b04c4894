"""`scan`: logs, events or frames in, hits out."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from lotl.errors import InputError
from lotl.events import Events, micros
from lotl.hits import Hits
from lotl.hits.parts import HitPart, Run
from lotl.match.engine import Matcher
from lotl.match.seen import ABLE, LACKING, Seen
from lotl.plan.build import Plan
from lotl.plan.cache import plan_for
from lotl.reading import BLOCK_BYTES, ENGINES, Progress, blocks, find, refuse_damage
from lotl.scanning.pool import Item, Pool, lost
from lotl.scanning.second import SecondPass
from lotl.scanning.work import Done, Job, scan_block, scan_partition, take_seen
from lotl.sigma.load import load
from lotl.sigma.model import State
from lotl.sigma.ruleset import RuleSet
from lotl.sources.base import Account
from lotl.sources.discover import Found

if TYPE_CHECKING:
    from lotl.match.profile import Profile

Inputs: TypeAlias = "str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | Events | Any"
Rules: TypeAlias = "RuleSet | str | os.PathLike[str] | Mapping[str, Any] | Sequence[Any] | None"

SMALL = 96 << 20
"""Bytes of input below which starting worker processes costs more than it saves."""


def scan(
    logs: Inputs,
    rules: Rules = None,
    *,
    start: Any = None,
    end: Any = None,
    logsource: str = "match",
    time_field: str | None = None,
    placeholders: Mapping[str, Sequence[str]] | None = None,
    pipelines: Sequence[Any] = (),
    filters: Sequence[Any] = (),
    workers: int | None = None,
    block_bytes: int = BLOCK_BYTES,
    engine: str = "lotl",
    progress: Progress | None = None,
    profile: Profile | None = None,
    strict: bool = False,
    canonical: bool | None = None,
    format: str = "",  # noqa: A002 - the name of the option everywhere
    mapping: str | os.PathLike[str] | None = None,
    password: str = "",
) -> Hits:
    """Run rules over logs.

    Parameters
    ----------
    logs : path, iterable of paths, Events, or a frame
        Files, folders (recursive), glob patterns, ``@list.txt``, ``-`` (standard input); events already in memory; or
        anything with ``__arrow_c_stream__`` or a pandas DataFrame, named as Windows or as an exporter names the fields.
    rules : RuleSet, path, YAML text, mapping, or a sequence of those, optional
        None: the built-in pack.
    start, end : str, datetime or number, optional
        Half-open range of TimeCreated, UTC.
    logsource : {"match", "ignore"}
        "ignore" evaluates every rule on every event, whatever its log source.
    time_field : str, optional
        Field that holds the event time, where it is not TimeCreated.
    placeholders : mapping, optional
        Values for ``%name%`` placeholders of the modifier ``expand``.
    pipelines, filters : sequences, optional
        pySigma pipelines (name or file) and Sigma filters, when `rules` is not a RuleSet yet.
    workers : int, optional
        Processes. None: one for small inputs, else one per core. Results do not depend on it.
    block_bytes : int
        Bytes of input decoded together; bounds memory. Results do not depend on it.
    engine : {"lotl", "python-evtx"}
        Who decodes EVTX.
    progress : callable, optional
        Called with (bytes done, bytes in all).
    profile : Profile, optional
        Filled with the time of each stage and rule; implies one process.
    strict : bool
        Raise on damaged inputs and invalid rules, rather than report them in ``hits.run``.
    canonical : bool, optional
        Match canonical command lines as well (`lotl.normalise.canonical`): hits found there only are marked, see
        ``hits.canonical``. None: for the built-in pack, not for other rules, whose results stay plain Sigma.
    format, mapping, password : optional
        How to read files: see `lotl.read`.

    Returns
    -------
    Hits

    Raises
    ------
    InputError
        A path does not exist, a time or option is wrong, or (`strict`) a file is damaged.
    RuleError
        No rule could be used, or (`strict`) one is invalid.
    """
    if logsource not in ("match", "ignore"):
        raise InputError(f"logsource is {logsource!r}", hint='"match" or "ignore"')
    if engine not in ENGINES:
        raise InputError(f"there is no engine {engine!r}", hint=f"engines are {' and '.join(ENGINES)}")
    if block_bytes < 1 or (workers is not None and workers < 1):
        raise InputError("workers and block_bytes are at least 1")
    begun = time.perf_counter()
    since, until = micros(start), micros(end)
    if since is not None and until is not None and since >= until:
        raise InputError(f"no time lies from {start} to {end}", hint="the first is not before the second")
    ruleset = as_ruleset(rules, placeholders=placeholders, pipelines=pipelines, filters=filters, strict=strict)
    plan = plan_for(ruleset, ignore_logsource=logsource == "ignore")
    if canonical is None:
        canonical = rules is None or rules == "lotl"
    job = Job(engine, since, until, block_bytes, canonical)
    if _is_paths(logs):
        found = find(logs, format=format, mapping=mapping, password=password)
        outcome = _scan_files(found, plan, job, workers, progress, profile)
    else:
        outcome = _scan_events(as_events(logs, start, end), plan, job, profile)
    if strict:
        refuse_damage(outcome.run.accounts)
    hits = Hits(ruleset, ruleset.rules, outcome.parts, outcome.run, time_field=time_field)
    _settle(hits, plan, outcome.seen)
    outcome.run.seconds = time.perf_counter() - begun
    return hits


def _settle(hits: Hits, plan: Plan, seen: Seen) -> None:
    """Say of every rule how it ended."""
    run, rules = hits.run, hits.rules
    hit = set(hits.all.rule.tolist())
    levels = seen.levels(plan).tolist()
    unsupported = {issue.rule for issue in hits.ruleset.errors if issue.state is State.UNSUPPORTED}
    for index, rule in enumerate(rules):
        if index in hit:
            state = State.HIT
        elif rule.meta.id in unsupported:
            continue
        elif levels[index] == LACKING:
            state = State.BLIND
            run.blind[rule.meta.id] = seen.missing(plan, index)
        else:
            state = State.EVALUATED if levels[index] == ABLE else State.NO_DATA
        run.states[rule.meta.id] = state
    # A rule without a log source can hit all the same (logsource="ignore"); an invalid one stays what it is, even
    # where another rule has its id.
    run.issues = [
        issue for issue in hits.ruleset.errors if issue.state is State.INVALID or issue.rule not in run.states
    ]
    slow = {
        f"/{pattern}/{flags} was stopped on {count:,} values: it took too long"
        for (pattern, flags), count in seen.stopped.items()
    }
    run.problems += sorted(slow)


@dataclass
class Outcome:
    """What a run found, before it is made into `Hits`."""

    parts: list[HitPart]
    run: Run
    seen: Seen


def as_ruleset(rules: Rules, **options: Any) -> RuleSet:
    """Return a RuleSet: the one given, or one loaded from what is given (None: the built-in pack)."""
    if isinstance(rules, RuleSet):
        return rules
    if rules is None:
        return load("lotl", **options)
    if isinstance(rules, str | os.PathLike | Mapping):
        return load(rules, **options)
    return load(*rules, **options)


def _is_paths(logs: Any) -> bool:
    if isinstance(logs, str | os.PathLike):
        return True
    return isinstance(logs, list | tuple | set | frozenset) and all(isinstance(p, str | os.PathLike) for p in logs)


def as_events(logs: Any, start: Any = None, end: Any = None) -> Events:
    """Return Events: those given, or a frame or an iterable of records taken in."""
    from lotl.normalise import frames

    events = logs if isinstance(logs, Events) else Events(frames.partitions(logs))
    return events if start is None and end is None else events.filter(start=start, end=end)


def _scan_events(events: Events, plan: Plan, job: Job, profile: Profile | None) -> Outcome:
    matcher = Matcher(plan, profile=profile)
    second = SecondPass(plan, profile=profile) if job.canonical else None
    found = (scan_partition(partition, matcher, second) for partition in events.partitions)
    parts = [part for part in found if part is not None]
    accounts = list(events.accounts) or [Account("", "", records=len(events))]
    return Outcome(parts, Run(accounts), take_seen(matcher))


def _scan_files(
    found: Found, plan: Plan, job: Job, workers: int | None, progress: Progress | None, profile: Profile | None
) -> Outcome:
    outcome = Outcome([], Run(found.accounts, found.skipped), Seen())
    total, done = sum(account.size for account in found.accounts), 0
    count = 1 if profile is not None else _workers(workers, total)
    for item, answer in _answers(found, plan, job, count, profile):
        if answer is None:
            outcome.run.problems.append(
                f"a process died twice on {item[1].extents[0].path}: {item[1].length:,} bytes lost"
            )
            result = lost(item)
        else:
            result, seen = answer
            outcome.seen.merge(seen)
        for source, account in result.accounts.items():
            found.accounts[source].add(account)
        outcome.parts += result.parts
        done += result.length
        if progress is not None:
            progress(min(done, total), total)
    return outcome


def _workers(workers: int | None, total: int) -> int:
    if workers is not None:
        if workers < 1:
            raise InputError(f"{workers} workers cannot work", hint="at least 1")
        return workers
    return 1 if total < SMALL else os.cpu_count() or 1


def _answers(
    found: Found, plan: Plan, job: Job, workers: int, profile: Profile | None
) -> Iterator[tuple[Item, tuple[Done, Seen] | None]]:
    items = blocks(found.accounts, job.block_bytes)
    if workers > 1:
        yield from Pool(plan, job, workers).map(items)
        return
    matcher = Matcher(plan, profile=profile)
    second = SecondPass(plan, profile=profile) if job.canonical else None
    for item in items:
        yield item, (scan_block(*item, matcher, job, second), take_seen(matcher))
