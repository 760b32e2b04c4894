"""The simulation itself: draws when what happens, lets it happen, and hands out the events in order of time.

Time runs in blocks. Ordinary activities are drawn for a whole block at once (Poisson counts and times as arrays), and
the rows of a block leave before the next begins, so memory does not grow with the length of the simulation.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np

from lotl.errors import InputError
from lotl.simulate.episodes import SECOND, Texts
from lotl.simulate.estate import Estate, build_estate
from lotl.simulate.export import Event, flat, write_evtx, write_jsonl, write_parquet
from lotl.simulate.feed import Feed, Row
from lotl.simulate.intrusion import Intruder
from lotl.simulate.ordinary import ACTIVITIES, Ordinary
from lotl.simulate.playbooks import PLAYBOOKS

START: Final = datetime(2024, 5, 13, tzinfo=UTC)  # a Monday
_HOUR: Final = 3600 * SECOND
_ROLES: Final = {"dc": 0, "server": 1, "workstation": 2}
_ROWS_PER_HOST_HOUR: Final = 250
_ROWS_PER_BLOCK: Final = 20_000


class Simulation:
    """A set of logs that can be generated any number of times, always the same.

    Parameters
    ----------
    As `simulate`.

    Examples
    --------
    >>> logs = simulate(hosts=2, users=1, days=0.02, intrusions=0)
    >>> first = next(iter(logs.events()))
    >>> first == next(iter(logs.events()))
    True
    """

    def __init__(
        self,
        *,
        seed: int,
        hosts: int,
        days: float,
        users: int,
        intrusions: Sequence[str],
        obfuscation: int,
        rate: float,
        distinct: float,
        start: datetime,
        marker: str = "",
    ) -> None:
        self.seed, self.hosts, self.days, self.users = seed, hosts, days, users
        self.intrusions, self.obfuscation = tuple(intrusions), obfuscation
        self.rate, self.distinct, self.marker = rate, distinct, marker
        self._start = int((start - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))

    def events(self) -> Iterator[Event]:
        """Yield all events, in order of time within each host (and so within each channel of it)."""
        run = _Run(self, self._start)
        numbers: dict[tuple[int, str], int] = {}
        for index, row in run.rows():
            host = run.estate.hosts[index]
            channel = row.kind.layout.channel
            number = numbers.get((index, channel))
            if number is None:
                number = 1 + (host.machine + len(channel) * 7919) % 400_000
            numbers[index, channel] = number + 1
            yield Event(
                host.name, host.computer, channel, number, row.time, row.kind, row.values, row.pid, row.tid, row.sid,
                row.activity, row.label,
            )  # fmt: skip

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield all events as flat dictionaries: System columns under their lotl names, then the event's own fields."""
        return map(flat, self.events())

    def to_evtx(self, folder: str | Path) -> list[Path]:
        """Write one EVTX file per host and channel, and ``labels.csv``.

        Returns
        -------
        list of Path
            The EVTX files, sorted.
        """
        return write_evtx(self.events(), Path(folder))

    def to_jsonl(self, path: str | Path) -> int:
        """Write flat JSON lines, and ``labels.csv`` beside them; return the number of events."""
        return write_jsonl(self.events(), Path(path))

    def to_parquet(self, path: str | Path) -> int:
        """Write one flat Parquet file, and ``labels.csv`` beside it; return the number of events."""
        return write_parquet(self.events(), Path(path))


def simulate(
    *,
    seed: int = 0,
    hosts: int = 6,
    days: float = 1,
    users: int = 8,
    intrusions: int | Sequence[str] = 1,
    obfuscation: int = 0,
    rate: float = 1.0,
    distinct: float = 0.3,
    start: datetime = START,
    marker: str = "",
) -> Simulation:
    """Set up labelled synthetic logs of a small enterprise.

    Parameters
    ----------
    seed : int
        The same arguments and seed give the same logs, byte for byte.
    hosts : int
        Machines: a domain controller, servers (a quarter, at least one), workstations.
    days : float
        Length, from `start` on.
    users : int
        Ordinary users; administrators and service accounts come on top.
    intrusions : int or sequence of str
        How many whole intrusions, or which playbooks (`lotl.simulate.PLAYBOOKS`). They begin in office hours.
    obfuscation : {0, 1, 2, 3}
        How the intruder types: plain; case, spaces, switches, abbreviations; carets, quotes, variables, paths; nested
        shells and encoded PowerShell.
    rate : float
        Multiplies ordinary activity; 1 is about 6,000 events per host and day.
    distinct : float
        Share of command lines with blanks that are new rather than repeated.
    start : datetime
    marker : str
        12 hex digits to stand in place of every fresh number, so that copies of the logs can be made to differ there
        (see `lotl.sources.evtx.clone`); empty: real numbers.

    Returns
    -------
    Simulation

    Raises
    ------
    InputError
        An argument is out of range, or a playbook does not exist.
    """
    playbooks = ["full"] * intrusions if isinstance(intrusions, int) else list(intrusions)
    unknown = [name for name in playbooks if name not in PLAYBOOKS]
    if unknown:
        raise InputError(f"no playbook {unknown[0]!r}", hint="one of " + ", ".join(PLAYBOOKS))
    finite = 0 < days < float("inf") and 0 <= rate < float("inf")  # false for NaN, too
    if hosts < 1 or users < 0 or not finite or not 0 <= obfuscation <= 3 or not 0 <= distinct <= 1:
        raise InputError("hosts must be at least 1, days positive, obfuscation 0 to 3, distinct 0 to 1")
    return Simulation(
        seed=seed, hosts=hosts, days=days, users=users, intrusions=playbooks, obfuscation=obfuscation, rate=rate,
        distinct=distinct, start=start, marker=marker,
    )  # fmt: skip


def demo_set(folder: str | Path, *, seed: int = 62) -> list[Path]:
    """Write a ready example: one whole intrusion in a working day of three machines, about 20,000 events as EVTX.

    Returns
    -------
    list of Path
        The EVTX files; ``labels.csv`` beside them says which records belong to what.
    """
    return simulate(seed=seed, hosts=3, days=1, users=4, intrusions=["full"], rate=1.12).to_evtx(folder)


class _Run:
    """One pass through a simulation: the estate in motion."""

    def __init__(self, plan: Simulation, start: int) -> None:
        rng = Random(plan.seed)
        self.estate: Estate = build_estate(rng, hosts=plan.hosts, users=plan.users, start=start)
        self.feed = Feed(self.estate, rng)
        self._ordinary = Ordinary(self.feed, rng, Texts(rng, plan.distinct, plan.marker))
        self._rng, self._plan = rng, plan
        self._draw = np.random.default_rng(plan.seed)
        self._start, self._end = start, start + int(plan.days * 24 * _HOUR)
        self._names = list(ACTIVITIES)
        self._rates = (
            np.array(
                [[activity.rates[_ROLES[host.role]] for host in self.estate.hosts] for activity in ACTIVITIES.values()]
            )
            * plan.rate
        )
        self._office = np.array([activity.office for activity in ACTIVITIES.values()])[:, None]
        self._intrusions = sorted((self._office_time(), order, name) for order, name in enumerate(plan.intrusions))

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Yield (host index, row), sorted by time within each host."""
        hourly = max(_ROWS_PER_HOST_HOUR * self._plan.rate * len(self.estate.hosts), 1.0)
        block = int(min(max(_ROWS_PER_BLOCK / hourly, 1 / 60), 1.0) * _HOUR)
        time = self._start
        while time < self._end:
            stop = min(time + block, self._end)
            self._happen(time, stop)
            yield from self._due(stop)
            time = stop
        yield from self._due(None)

    def _happen(self, time: int, stop: int) -> None:
        """Let everything that begins within the block happen."""
        while self._intrusions and self._intrusions[0][0] < stop:
            moment, _, playbook = self._intrusions.pop(0)
            Intruder(self.feed, self._rng, moment, self._plan.obfuscation).play(playbook)
        share = self._office * _office_factor(time) + (1 - self._office)
        counts = self._draw.poisson(self._rates * share * ((stop - time) / _HOUR))
        activities, hosts = np.nonzero(counts)
        repeats = counts[activities, hosts]
        times = self._draw.integers(time, stop, int(repeats.sum()))
        order = np.argsort(times, kind="stable")
        columns = (times[order], np.repeat(activities, repeats)[order], np.repeat(hosts, repeats)[order])
        names, machines, run = self._names, self.estate.hosts, self._ordinary.run
        for moment, activity, host in zip(*(column.tolist() for column in columns), strict=True):
            run(names[activity], machines[host], moment)

    def _due(self, stop: int | None) -> Iterator[tuple[int, Row]]:
        """Take the rows before `stop` out of the feed, host by host."""
        for index, rows in enumerate(self.feed.rows):
            rows.sort(key=_when)
            count = len(rows) if stop is None else bisect_left(rows, stop, key=_time)
            for row in rows[:count]:
                yield index, row
            del rows[:count]

    def _office_time(self) -> int:
        """Draw the start of an intrusion: office hours of some working day, early enough to end within the logs."""
        length = self._end - self._start
        if length < 12 * _HOUR:
            return self._start + int(length * self._rng.uniform(0.05, 0.4))
        days = [
            day for day in range(max(int(length // (24 * _HOUR)), 1)) if _weekday(self._start + day * 24 * _HOUR) < 5
        ]
        day = self._rng.choice(days or [0])
        return self._start + day * 24 * _HOUR + int(self._rng.uniform(8.5, 12.5) * _HOUR)


def _when(row: Row) -> tuple[int, int]:
    return row.time, row.order


def _time(row: Row) -> int:
    return row.time


def _weekday(time: int) -> int:
    return (time // (24 * _HOUR) + 3) % 7  # 1970-01-01 was a Thursday


def _office_factor(time: int) -> float:
    """How busy the office is at a time of the week; 1 on average over a working day."""
    hour = time // _HOUR % 24
    if _weekday(time) >= 5:
        return 0.05
    return 2.2 if 8 <= hour < 18 else 0.14
