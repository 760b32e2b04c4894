"""Which field of which event says who, with what, and how: for result tables, not for matching."""

from __future__ import annotations

from typing import Final

from lotl.columns import Column
from lotl.frame import Partition

USER: Final = ("User", "SubjectUserName", "TargetUserName", "AccountName", "UserName", "SourceUser")
IMAGE: Final = (
    "Image",
    "NewProcessName",
    "ProcessName",
    "SourceImage",
    "Application",
    "CallerProcessName",
    "ParentImage",
)
COMMAND_LINE: Final = ("CommandLine", "ProcessCommandLine")

_LOGON_IDS: Final = frozenset({4624, 4625, 4634, 4647, 4768, 4769, 4771, 4776})
_LOGON_USER: Final = ("TargetUserName", "SubjectUserName")
"""Logon events are about the account that logs on, not about the service that asks."""

_EMPTY: Final = ("", "-")


def user(partition: Partition) -> Column | None:
    """Return the column that names the account an event is about."""
    names = _LOGON_USER + USER if partition.kind.event_id in _LOGON_IDS else USER
    return _first(partition, names)


def image(partition: Partition) -> Column | None:
    """Return the column that names the program."""
    return _first(partition, IMAGE)


def command_line(partition: Partition) -> Column | None:
    """Return the column with the command line."""
    return _first(partition, COMMAND_LINE)


def _first(partition: Partition, names: tuple[str, ...]) -> Column | None:
    found = [partition.data[name] for name in names if name in partition.data]
    return next((column for column in found if not _only_empty(column)), found[0] if found else None)


def _only_empty(column: Column) -> bool:
    values = column.text().values
    return len(values) <= len(_EMPTY) and all(value in _EMPTY for value in values.to_pylist())
