"""Rows, the form of simulated events before they are written, and what collects them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any, Final, NamedTuple

from lotl.simulate.estate import SYSTEM_SID, Estate, Host, Session
from lotl.simulate.kinds import KINDS, EventKind
from lotl.simulate.programs import PROGRAMS, Program

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NULL_SID: Final = "S-1-0-0"
NOBODY: Final = ("S-1-0-0", "-", "-", 0)


class Label(NamedTuple):
    """What a row belongs to.

    Attributes
    ----------
    behaviour : str
        Behaviour of an intrusion (``VT-011``), or empty.
    chain : str
        Chains that it is a step of (``C-03``), separated by blanks.
    benign : str
        Kind of noisy but ordinary activity, or empty.
    """

    behaviour: str = ""
    chain: str = ""
    benign: str = ""


NO_LABEL: Final = Label()


class Row(NamedTuple):
    """One event before it is written; rows sort by time, then by order of making."""

    time: int
    order: int
    kind: EventKind
    values: tuple[Any, ...]
    pid: int
    tid: int
    sid: str | None
    activity: bytes | None
    label: Label


@lru_cache(maxsize=4)
def _day(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).strftime("%Y-%m-%d ")


def utc(micros: int) -> str:
    """Print a time as Sysmon does.

    Examples
    --------
    >>> utc(1_700_000_000_123_456)
    '2023-11-14 22:13:20.123'
    """
    day, rest = divmod(micros // 1000, 86_400_000)
    second, milli = divmod(rest, 1000)
    minute, second = divmod(second, 60)
    return f"{_day(day)}{minute // 60:02d}:{minute % 60:02d}:{second:02d}.{milli:03d}"


@lru_cache(maxsize=4096)
def hashes(image: str) -> str:
    """Return made-up but constant hashes of a file, as Sysmon writes them."""
    digest = hashlib.sha256(image.lower().encode()).hexdigest().upper()
    return f"MD5={digest[:32]},SHA256={digest},IMPHASH={digest[32:]}"


@lru_cache(maxsize=4096)
def program_of(image: str) -> Program:
    """Return the version information of an executable by its path; files that are not in the table have none."""
    return _BY_IMAGE.get(image.lower(), PROGRAMS["unknown"])


_BY_IMAGE: Final = {program.image.lower(): program for program in PROGRAMS.values() if program.image}

SERVICE_PIDS: Final = {"sysmon": 2412, "lsass": 720, "security": 4, "services": 640, "wmi": 2104, "tasks": 1432}


class Rows:
    """Collects rows per host.

    Attributes
    ----------
    rows : list of list of Row
        By host index, not yet sorted.
    label : Label
        Given to every row that is added.
    """

    def __init__(self, estate: Estate, rng: Random) -> None:
        self.estate, self.rng = estate, rng
        self.rows: list[list[Row]] = [[] for _ in estate.hosts]
        self.label = NO_LABEL
        self._order = 0

    def add(
        self,
        host: Host,
        time: int,
        kind: str,
        values: tuple[Any, ...],
        *,
        pid: int = 4,
        sid: str | None = None,
        activity: bytes | None = None,
    ) -> None:
        """Add one event."""
        self._order = order = self._order + 1
        tid = 100 + (order * 28) % 8000
        self.rows[host.index].append(Row(time, order, KINDS[kind], values, pid, tid, sid, activity, self.label))

    def sysmon(self, host: Host, time: int, kind: str, values: tuple[Any, ...]) -> None:
        """Add an event that Sysmon's service writes."""
        self.add(host, time, kind, values, pid=SERVICE_PIDS["sysmon"], sid=SYSTEM_SID)

    def subject(self, session: Session) -> tuple[str, str, str, int]:
        """Return the four Subject values of Security events."""
        account = session.account
        return account.sid, account.name, session.domain, session.luid
