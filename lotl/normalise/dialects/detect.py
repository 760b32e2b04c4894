"""Which dialect a set of names is."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from lotl.normalise.dialects.base import Dialect
from lotl.normalise.dialects.ecs import ECS
from lotl.normalise.dialects.evtx_dump import EVTX_DUMP, VELOCIRAPTOR
from lotl.normalise.dialects.flat import LOTL, NXLOG, OTRF
from lotl.normalise.dialects.microsoft import DEFENDER, SENTINEL
from lotl.normalise.dialects.splunk import SPLUNK
from lotl.normalise.dialects.windows import EVENT_VIEWER, EVTXECMD, GET_WINEVENT
from lotl.normalise.dialects.winlogbeat import WINLOGBEAT, WINLOGBEAT6

DIALECTS: Final = (
    EVTX_DUMP, WINLOGBEAT, WINLOGBEAT6, ECS, SPLUNK, EVTXECMD, GET_WINEVENT, DEFENDER, SENTINEL, EVENT_VIEWER,
    VELOCIRAPTOR, NXLOG, OTRF, LOTL,
)  # fmt: skip
"""In the order in which they are tried: the most telling names first. A new dialect is a table and an entry here."""

WRAPPERS: Final = ("_source.", "result.", "properties.", "_raw_event.")
"""What search tools put around an event."""

_RESULTS: Final = frozenset(("rule_id", "rule_title", "RuleTitle"))
"""Names in results of detections, lotl's own among them: these list hits, and are no log."""


def unwrap(name: str) -> str:
    """Return a path without what a search tool wraps around the event.

    Examples
    --------
    >>> unwrap("_source.winlog.channel"), unwrap("Channel")
    ('winlog.channel', 'Channel')
    """
    return next((name[len(wrapper) :] for wrapper in WRAPPERS if name.startswith(wrapper)), name)


@lru_cache(maxsize=1024)
def detect(names: tuple[str, ...]) -> Dialect | None:
    """Return the dialect of records with these names (unwrapped paths), or None."""
    known = set(names)
    if known & _RESULTS:
        return None
    return next((d for d in DIALECTS if any(_has(known, mark) for mark in d.marks)), None)


def _has(known: set[str], marks: Iterable[str]) -> bool:
    return all(mark in known or (mark.endswith(".") and any(name.startswith(mark) for name in known)) for mark in marks)
