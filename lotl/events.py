"""Events: what was read, as tables by kind, with an account of every file.

Nothing is merged into one wide table until somebody asks for it: real logs have hundreds of kinds, each with columns of
its own, and a wide table would be ten times larger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from lotl.columns import Column, Int, Mask, Rows, concat
from lotl.errors import InputError, MissingExtra, UnsupportedRule
from lotl.frame import Partition, merge
from lotl.schema import SYSTEM, Kind
from lotl.sources.base import Account

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


class Events:
    """Windows events in memory.

    Parameters
    ----------
    partitions : sequence of Partition
        Batches; those of one kind are merged.
    accounts : sequence of Account
        One per source; `Partition.source` points into it.

    Examples
    --------
    >>> import lotl
    >>> events = lotl.from_records([{"EventID": 4688, "CommandLine": "whoami"}, {"EventID": 1102}])
    >>> len(events), events.raw(0)
    (2, {'System': {'EventID': 4688}, 'EventData': {'CommandLine': 'whoami'}})
    """

    def __init__(self, partitions: Sequence[Partition], accounts: Sequence[Account] = ()) -> None:
        by_kind: dict[Kind, list[Partition]] = {}
        for partition in partitions:
            if len(partition):
                by_kind.setdefault(partition.kind, []).append(partition)
        self.partitions: tuple[Partition, ...] = tuple(merge(parts) for parts in by_kind.values())
        self.accounts: tuple[Account, ...] = tuple(accounts)

    def __len__(self) -> int:
        return sum(len(partition) for partition in self.partitions)

    def __repr__(self) -> str:
        sources = f" from {len(self.accounts)} sources" if self.accounts else ""
        return f"<lotl.Events: {len(self):,} events of {len(self.partitions)} kinds{sources}>"

    @property
    def kinds(self) -> dict[Kind, int]:
        """Events of each kind, most frequent first."""
        counts = {partition.kind: len(partition) for partition in self.partitions}
        return dict(sorted(counts.items(), key=lambda item: -item[1]))

    @cached_property
    def _order(self) -> tuple[Rows, Rows]:
        """(partition, row in it) of every event, in input order: source, then position."""
        if not self.partitions:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        source = np.concatenate([partition.source for partition in self.partitions])
        position = np.concatenate([partition.position for partition in self.partitions])
        lengths = [len(partition) for partition in self.partitions]
        order = np.lexsort((position, source))
        number = np.repeat(np.arange(len(lengths)), lengths)[order]
        starts = np.cumsum([0, *lengths[:-1]])
        return number, order - starts[number]

    @cached_property
    def rows(self) -> tuple[Rows, ...]:
        """For each partition, the place of its events in the input (0 is the first event of the first source)."""
        number, row = self._order
        places = [np.empty(len(partition), np.int64) for partition in self.partitions]
        for index, place in enumerate(places):
            mine = np.flatnonzero(number == index)
            place[row[mine]] = mine
        return tuple(places)

    def locate(self, row: int) -> tuple[Partition, int]:
        """Return the partition of the event at place `row` of the input, and its row there.

        Raises
        ------
        InputError
            There is no such event.
        """
        if not 0 <= row < len(self):
            raise InputError(f"there is no event {row}", hint=f"rows go from 0 to {len(self) - 1}")
        number, place = self._order
        return self.partitions[int(number[row])], int(place[row])

    def raw(self, row: int) -> dict[str, Any]:
        """Return the event at place `row` of the input as ``{"System": {...}, "EventData": {...}}``."""
        partition, place = self.locate(row)
        return partition.nested(place)

    def filter(
        self,
        *,
        channel: str | None = None,
        event_id: int | Sequence[int] | None = None,
        provider: str | None = None,
        start: Any = None,
        end: Any = None,
        computer: str | None = None,
    ) -> Events:
        """Return the events that meet all of the given conditions.

        Parameters
        ----------
        channel, provider, computer : str, optional
            Compared without case.
        event_id : int or sequence of int, optional
        start, end : str, datetime or number, optional
            Half-open range of TimeCreated, UTC (see `lotl.normalise.times.to_micros`).
        """
        ids = {event_id} if isinstance(event_id, int) else None if event_id is None else set(event_id)
        kept = []
        for part in self.partitions:
            kind = part.kind
            if (
                (channel is None or (kind.channel or "").lower() == channel.lower())
                and (provider is None or (kind.provider or "").lower() == provider.lower())
                and (ids is None or kind.event_id in ids)
            ):
                kept.append(select(part, start=start, end=end, computer=computer))
        return Events(kept, self.accounts)

    def table(
        self, *, channel: str | None = None, event_id: int | Sequence[int] | None = None, provider: str | None = None
    ) -> pa.Table:
        """Return the events of the given kinds as one Arrow table, in input order.

        Text columns are ``dictionary<int32, string>``, multi-valued ones lists of those, times
        ``timestamp('us', 'UTC')``.
        """
        return self.filter(channel=channel, event_id=event_id, provider=provider).to_arrow()

    def view(self, category: str) -> pa.Table:
        """Return the events of a Sigma log source category as one Arrow table under Sigma's field names.

        ``view("process_creation")`` has Sysmon 1 and Security 4688 under each other.

        Raises
        ------
        InputError
            The category is unknown.
        """
        from lotl.normalise.views import view
        from lotl.sigma.logsource import selectors
        from lotl.sigma.model import LogSource

        try:
            chosen = selectors(LogSource(category=category, product="windows"))
        except UnsupportedRule as error:
            hint = "a Windows category of Sigma: process_creation …"
            raise InputError(error.what, where=category, hint=hint) from error
        parts = []
        for partition in self.partitions:
            selector = next((s for s in chosen if s.selects(partition.kind)), None)
            if selector is not None:
                parts.append(view(partition, selector.view) if selector.view else partition)
        return Events(parts, self.accounts).to_arrow()

    def to_arrow(self) -> pa.Table:
        """Return all events as one wide Arrow table, in input order, with identity columns in front.

        Use `table` for one kind: a wide table of mixed logs has every column of every kind.
        """
        order = self._input_order()
        columns = {"source_file": self._source_files(), **self._wide_columns()}
        records = np.concatenate([p.record for p in self.partitions]) if self.partitions else np.zeros(0, np.int64)
        columns["record_id"] = pa.array(records, mask=records < 0)
        return pa.table(columns).take(pa.array(order)) if len(self) else pa.table(columns)

    def _input_order(self) -> Rows:
        number, row = self._order
        starts = np.cumsum([0, *[len(partition) for partition in self.partitions[:-1]]])
        return starts[number] + row if len(number) else row

    def _source_files(self) -> pa.Array:
        source = np.concatenate([p.source for p in self.partitions]) if self.partitions else np.zeros(0, np.int32)
        names = [account.name for account in self.accounts] or [""]
        return pa.DictionaryArray.from_arrays(pa.array(source), pa.array(names, pa.string()))

    def _wide_columns(self) -> dict[str, pa.Array]:
        lengths = [len(partition) for partition in self.partitions]
        parts = [{**partition.constants, **partition.system} for partition in self.partitions]
        system = _concat_by_name(parts, lengths)
        data = _concat_by_name([partition.data for partition in self.partitions], lengths)
        ordered = {name: system.pop(name) for name in SYSTEM if name in system} | system
        # Payload fields go by their own names; a System column of the same name steps aside.
        named = {(f"System_{name}" if name in data else name): column for name, column in ordered.items()}
        return {name: column.to_arrow() for name, column in {**named, **data}.items()}

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the wide table to anything that speaks the Arrow PyCapsule interface."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> pd.DataFrame:
        """Return all events as one wide pandas frame (text columns categorical, times UTC)."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return all events as one wide polars frame.

        Raises
        ------
        MissingExtra
            polars is not installed.
        """
        try:
            import polars
        except ImportError as error:
            raise MissingExtra.of("polars", "polars") from error
        return polars.DataFrame(self.to_arrow())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the events in input order as flat dicts (for small sets: this is a loop over rows)."""
        for number, row in zip(*self._order, strict=True):
            yield self.partitions[int(number)].flat(int(row))


def _concat_by_name(parts: Sequence[Mapping[str, Column]], lengths: Sequence[int]) -> dict[str, Column]:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: concat([part.get(name) for part in parts], lengths) for name in names}


def select(partition: Partition, *, start: Any = None, end: Any = None, computer: str | None = None) -> Partition:
    """Return the rows of `partition` in the half-open time range [start, end) and of `computer`."""
    mask: Mask = np.ones(len(partition), np.bool_)
    if start is not None or end is not None:
        mask &= _in_time(partition, micros(start), micros(end))
    if computer is not None:
        mask &= _equals(partition.fields.get("Computer"), computer, len(partition))
    return partition if mask.all() else partition.take(np.flatnonzero(mask))


def micros(value: Any) -> int | None:
    """Return `value` as µs since 1970 UTC; None stays None.

    Raises
    ------
    InputError
        It is no point in time.
    """
    from lotl.normalise.times import to_micros

    if value is None:
        return None
    moment = to_micros(value)
    if moment is None:
        raise InputError(f"{value!r} is not a time", hint="write it as 2024-03-01T10:00 (UTC)")
    return moment


def _in_time(partition: Partition, start: int | None, end: int | None) -> Mask:
    times = partition.system.get("TimeCreated")
    if not isinstance(times, Int):
        return np.zeros(len(partition), np.bool_)
    mask = times.present.copy()
    if start is not None:
        mask &= times.numbers >= start
    if end is not None:
        mask &= times.numbers < end
    return mask


def _equals(column: Column | None, value: str, length: int) -> Mask:
    if column is None:
        return np.zeros(length, np.bool_)
    text = column.text()
    wanted = [code for code, name in enumerate(text.values.to_pylist()) if name.lower() == value.lower()]
    return np.isin(text.codes, np.array(wanted, np.int32))


def from_records(records: Iterable[Mapping[str, Any]]) -> Events:
    """Make `Events` of flat dicts: for tests, other products and notebooks.

    Parameters
    ----------
    records : iterable of mappings
        Field names to str, int, float, bool, None, or lists of those. Absent keys stay absent, lists stay
        multi-valued, nested mappings become ``outer.inner`` fields.

    Raises
    ------
    InputError
        An item is not a mapping.
    """
    from lotl.normalise.records import partitions

    parts = partitions(records)
    return Events(parts, [Account("records", "", format="records", records=sum(map(len, parts)))])
