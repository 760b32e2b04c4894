"""Which columns a rule's field name means."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from lotl.columns import Column, coalesce
from lotl.frame import Partition
from lotl.match.text import fold


def squeeze(name: str) -> str:
    """Return a field name without spaces (``Threat Name`` is ``ThreatName``)."""
    return name.replace(" ", "")


@lru_cache(maxsize=1 << 14)
def loosest(name: str) -> str:
    """Return what two names must share to mean the same field at all."""
    return fold(squeeze(name))


_SAME: tuple[Callable[[str], str], ...] = (lambda name: name, fold, squeeze, loosest)


def candidates(field: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that `field` may mean, the nearest first.

    A row's value is that of the first column which the row has: rows differ in what they have, and what a rule
    sees in one row must not depend on other rows.

    Examples
    --------
    >>> candidates("Threat Name", ["threatname", "ThreatName", "Threat name", "Other"])
    ('Threat name', 'ThreatName', 'threatname')
    """
    wanted = loosest(field)
    left = [name for name in names if loosest(name) == wanted]
    found: list[str] = []
    for same in _SAME:
        found.extend(name for name in left if same(name) == same(field) and name not in found)
    return tuple(found)


class Fields:
    """The columns of a batch by name: payload over System, both over what the kind itself says."""

    def __init__(self, partition: Partition) -> None:
        self._partition = partition

    @property
    def names(self) -> frozenset[str]:
        """Names of the columns that the batch has besides those of the kind."""
        return frozenset(self._partition.system) | frozenset(self._partition.data)

    def ordered(self) -> tuple[str, ...]:
        """Return all names in the order of the record: kind, System, payload."""
        kind = self._partition.kind
        known = [
            name for name, value in zip(("Channel", "Provider_Name", "EventID"), kind, strict=True) if value is not None
        ]
        return tuple(dict.fromkeys([*known, *self._partition.system, *self._partition.data]))

    def column(self, name: str) -> Column | None:
        """Return the column `name`, or None."""
        partition = self._partition
        below = partition.system.get(name)
        above = partition.data.get(name)
        if below is None and name in ("Channel", "Provider_Name", "EventID"):
            below = partition.constants.get(name)
        if above is None or below is None:
            return below if above is None else above
        return coalesce(above, below)

    def first(self, names: Iterable[str]) -> Column | None:
        """Return, per row, the first of the named columns that the row has; None if the batch has none of them."""
        merged: Column | None = None
        for name in names:
            column = self.column(name)
            if column is not None:
                merged = column if merged is None else coalesce(merged, column)
        return merged
