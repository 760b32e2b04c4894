"""What is in logs: per file and per channel."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from lotl.columns import Int
from lotl.frame import Partition
from lotl.reading import Progress, decode_all, find
from lotl.sources.base import Account

_INNER = ("chunk_records", "index_bits")


@dataclass
class Channel:
    """One channel, over all files.

    Attributes
    ----------
    name : str
    records : int
    first, last : int or None
        µs since 1970 UTC.
    computers, event_ids : Counter
        Records by computer, by event id.
    """

    name: str
    records: int = 0
    first: int | None = None
    last: int | None = None
    computers: Counter[str] = field(default_factory=Counter)
    event_ids: Counter[int] = field(default_factory=Counter)

    def add(self, partition: Partition) -> None:
        """Count the events of a batch."""
        self.records += len(partition)
        if partition.kind.event_id is not None:
            self.event_ids[partition.kind.event_id] += len(partition)
        times = partition.system.get("TimeCreated")
        if isinstance(times, Int) and times.present.any():
            moments = times.numbers[times.present]
            self.first = min(int(moments.min()), moments[0] if self.first is None else self.first)
            self.last = max(int(moments.max()), moments[0] if self.last is None else self.last)
        computer = partition.fields.get("Computer")
        if computer is not None:
            text = computer.text()
            counts = Counter(text.codes[text.codes >= 0].tolist())
            self.computers.update({text.values[code].as_py(): count for code, count in counts.items()})


@dataclass
class Info:
    """What `info` found."""

    accounts: list[Account]
    skipped: list[str]
    channels: list[Channel]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "files": [{k: v for k, v in vars(account).items() if k not in _INNER} for account in self.accounts],
            "skipped": self.skipped,
            "channels": [vars(channel) for channel in self.channels],
        }


def info(paths: Any, *, progress: Progress | None = None, **how: Any) -> Info:
    """Read logs and count what is in them.

    Parameters
    ----------
    paths : path or iterable of paths
        As for `lotl.read`.
    progress : callable, optional
    **how
        `format`, `mapping` and `password`, as for `lotl.read`.

    Raises
    ------
    InputError
        A path does not exist.
    """
    found = find(paths, **how)
    channels: dict[str, Channel] = {}
    for _block, decoded in decode_all(found, progress=progress):
        for partition in decoded.partitions:
            name = partition.kind.channel or ""
            channels.setdefault(name, Channel(name)).add(partition)
    ordered = sorted(channels.values(), key=lambda channel: (-channel.records, channel.name))
    return Info(found.accounts, found.skipped, ordered)
