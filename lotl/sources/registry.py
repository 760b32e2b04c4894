"""The formats that lotl reads, in the order in which they are tried."""

from __future__ import annotations

from lotl.sources.base import Source
from lotl.sources.columnar import ARROW, PARQUET
from lotl.sources.csvtext import CsvSource
from lotl.sources.evtx.source import EvtxSource
from lotl.sources.jsontext import JsonSource
from lotl.sources.xmltext import XmlSource

SOURCES: tuple[Source, ...] = (EvtxSource(), PARQUET, ARROW, XmlSource(), JsonSource(), CsvSource())
"""A new format is one file beside this one and one entry here. Archives of them: `lotl.sources.archive`."""


def by_name(name: str) -> Source:
    """Return the source called `name`.

    Raises
    ------
    KeyError
        There is none.
    """
    found = next((source for source in SOURCES if source.name == name), None)
    if found is None:
        raise KeyError(name)
    return found
