"""Partitions: events of one kind as typed, dictionary-encoded columns.

A `Partition` is a batch of events of one kind: System columns, payload columns (EventData or UserData), and the
identity of each row. `lotl.events.Events` is a list of them with the accounts of the files they came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from lotl.columns import MISSING, Column, Int, Rows, Text, coalesce, concat
from lotl.schema import Kind


@dataclass(frozen=True, eq=False)
class Partition:
    """Events of one kind.

    Attributes
    ----------
    kind : Kind
        Channel, provider and event id, the same for every row.
    system : dict of str to Column
        System columns other than the three in `kind`, named as in `lotl.schema.SYSTEM`.
    data : dict of str to Column
        EventData or UserData under Windows' own names. Nameless ``<Data>`` is the multi-valued column ``Data``.
    source : ndarray of int32, shape (n,)
        Index of the file in the run's list of accounts.
    record : ndarray of int64, shape (n,)
        Record id of the EVTX record header; -1 where the format has none.
    position : ndarray of int64, shape (n,)
        Place in the source: ``chunk << 16 | index in chunk`` for EVTX, the ordinal elsewhere. Rises with the file.
    """

    kind: Kind
    system: Mapping[str, Column]
    data: Mapping[str, Column]
    source: np.ndarray[Any, np.dtype[np.int32]]
    record: Rows
    position: Rows

    def __len__(self) -> int:
        return len(self.position)

    @cached_property
    def constants(self) -> dict[str, Column]:
        """The columns of `kind`: Channel, Provider_Name and EventID, where they are known."""
        columns: dict[str, Column] = {}
        if self.kind.channel is not None:
            columns["Channel"] = Text.constant(self.kind.channel, len(self))
        if self.kind.provider is not None:
            columns["Provider_Name"] = Text.constant(self.kind.provider, len(self))
        if self.kind.event_id is not None:
            columns["EventID"] = Int(np.full(len(self), self.kind.event_id, np.int64))
        return columns

    @cached_property
    def fields(self) -> dict[str, Column]:
        """All columns under the names that rules use: payload first, System where the payload lacks the field."""
        merged: dict[str, Column] = {**self.constants, **self.system}
        for name, column in self.data.items():
            merged[name] = coalesce(column, merged[name]) if name in merged else column
        return merged

    def flat(self, row: int) -> dict[str, Any]:
        """Return one event as a flat dict, payload over System; fields that the record lacks are absent."""
        values = {name: column[row] for name, column in self.fields.items()}
        return {name: value for name, value in values.items() if value is not MISSING}

    def nested(self, row: int) -> dict[str, Any]:
        """Return one event as ``{"System": {...}, "EventData": {...}}``."""
        parts = {"System": {**self.constants, **self.system}, "EventData": self.data}
        return {
            part: {name: column[row] for name, column in columns.items() if column[row] is not MISSING}
            for part, columns in parts.items()
        }

    def take(self, rows: Rows) -> Partition:
        """Return the given rows, in that order, with compact dictionaries; columns none of them has are dropped."""
        system = {name: column.take(rows) for name, column in self.system.items()}
        data = {name: column.take(rows) for name, column in self.data.items()}
        return replace(
            self,
            system={name: column for name, column in system.items() if column.present.any()},
            data={name: column for name, column in data.items() if column.present.any()},
            source=self.source[rows],
            record=self.record[rows],
            position=self.position[rows],
        )


def merge(partitions: Sequence[Partition]) -> Partition:
    """Put partitions of one kind under each other, in the given order."""
    if len(partitions) == 1:
        return partitions[0]
    lengths = [len(partition) for partition in partitions]
    return Partition(
        partitions[0].kind,
        _merge_columns([partition.system for partition in partitions], lengths),
        _merge_columns([partition.data for partition in partitions], lengths),
        np.concatenate([partition.source for partition in partitions]),
        np.concatenate([partition.record for partition in partitions]),
        np.concatenate([partition.position for partition in partitions]),
    )


def _merge_columns(parts: Sequence[Mapping[str, Column]], lengths: Sequence[int]) -> dict[str, Column]:
    names: Iterable[str] = dict.fromkeys(name for part in parts for name in part)
    return {name: concat([part.get(name) for part in parts], lengths) for name in names}
