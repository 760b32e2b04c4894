"""The formats that lotl reads, in the order in which they are tried."""

from __future__ import annotations

from lotl.sources.base import Source
from lotl.sources.evtx.source import EvtxSource

SOURCES: tuple[Source, ...] = (EvtxSource(),)
"""A new format is one file beside this one and one entry here."""


def by_name(name: str) -> Source:
    """Return the source called `name`.

    Raises
    ------
    KeyError
        There is none.
    """
    return next(source for source in SOURCES if source.name == name)
