"""The catalogue of documented behaviours (VT-001 to VT-107) and chains (C-01 to C-19).

Examples
--------
>>> behaviour = BEHAVIOURS["VT-014"]
>>> behaviour.title, behaviour.techniques
('Database engine working on a copy of the directory', ('T1003.003',))
>>> [str(source) for source in behaviour.sources]
['Application 216, 325, 326, 327']
>>> BEHAVIOURS["VT-087"].visible
False
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lotl.hunt import behaviours_table as table

PREFIX: Final = "lotl."
"""What stands before a behaviour or chain in the tags of a rule: ``lotl.vt-011``, ``lotl.c-03``."""

_SHORT: Final = {channel.lower(): short for channel, short in table.CHANNELS.values()}


@dataclass(frozen=True, order=True)
class Source:
    """Events of one channel.

    Attributes
    ----------
    channel : str
    event_ids : tuple of int
        Rising; empty: any.
    """

    channel: str
    event_ids: tuple[int, ...] = ()

    def __str__(self) -> str:
        return " ".join((short_channel(self.channel), ", ".join(map(str, self.event_ids)))).strip()


@dataclass(frozen=True)
class Behaviour:
    """One documented behaviour.

    Attributes
    ----------
    id : str
        ``VT-011``.
    title : str
    tactics, techniques : tuple of str
        ATT&CK v19: short names, identifiers.
    sources : tuple of Source
        Events that can show it; empty: none can.
    limit : str
        What limits the view; the reason, where no event can show it.
    """

    id: str
    title: str
    tactics: tuple[str, ...]
    techniques: tuple[str, ...]
    sources: tuple[Source, ...]
    limit: str = ""

    @property
    def visible(self) -> bool:
        """Whether any log record can show it."""
        return bool(self.sources)

    @property
    def tag(self) -> str:
        """Tag of rules that show it."""
        return PREFIX + self.id.lower()

    def shown_by(self, channel: str | None, event_id: int | None) -> bool:
        """Say whether an event of this channel and id can show it.

        Examples
        --------
        >>> BEHAVIOURS["VT-041"].shown_by("security", 4688), BEHAVIOURS["VT-041"].shown_by("security", 4689)
        (True, False)
        """
        name = (channel or "").lower()
        return any(source.channel.lower() == name and event_id in source.event_ids for source in self.sources)


@dataclass(frozen=True)
class Chain:
    """One documented sequence of behaviours.

    Attributes
    ----------
    id : str
        ``C-03``.
    title : str
    behaviours : tuple of str
        Ids of the behaviours that may take part.
    limit : str
        Why no correlation rule can find it; empty where one can.
    """

    id: str
    title: str
    behaviours: tuple[str, ...]
    limit: str = ""

    @property
    def tag(self) -> str:
        """Tag of rules that show it."""
        return PREFIX + self.id.lower()


def short_channel(channel: str) -> str:
    """Return a short name of a channel; other channels keep their own.

    Examples
    --------
    >>> short_channel("Microsoft-Windows-Sysmon/Operational"), short_channel("Other")
    ('Sysmon', 'Other')
    """
    return _SHORT.get(channel.lower(), channel)


def _sources(text: str) -> tuple[Source, ...]:
    """Read the notation of the table: ``P`` or ``letter:id,id`` with blanks between."""
    ids: dict[str, set[int]] = {}
    for part in text.split():
        if part == "P":
            ids.setdefault(table.CHANNELS["Y"][0], set()).add(1)
            ids.setdefault(table.CHANNELS["S"][0], set()).add(4688)
        else:
            letter, _, numbers = part.partition(":")
            ids.setdefault(table.CHANNELS[letter][0], set()).update(map(int, numbers.split(",")))
    return tuple(Source(channel, tuple(sorted(numbers))) for channel, numbers in ids.items())


def _spread(text: str) -> Iterator[str]:
    """Yield the ids that a text names, ranges spelled out."""
    for part in text.split():
        first, _, last = part.partition("…")
        stop = int((last or first)[3:])
        yield from (f"VT-{number:03d}" for number in range(int(first[3:]), stop + 1))


BEHAVIOURS: Final[dict[str, Behaviour]] = {
    name: Behaviour(name, title, tuple(tactics.split()), tuple(techniques.split()), _sources(sources), limit)
    for name, title, tactics, techniques, sources, limit in table.BEHAVIOURS
}
"""Behaviours by id."""

CHAINS: Final[dict[str, Chain]] = {
    name: Chain(name, title, tuple(sorted(set(_spread(steps)))), limit) for name, title, steps, limit in table.CHAINS
}
"""Chains by id."""
