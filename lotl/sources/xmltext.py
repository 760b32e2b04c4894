"""XML as Windows and its tools write it: events with or without a root around them, in UTF-8 or UTF-16."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from lotl.normalise.dialects.xmltext import XmlError, event
from lotl.sources.base import Account, Block, Decoded, Extent
from lotl.sources.collect import Collector, without_collection
from lotl.sources.mapping import dialect_of
from lotl.sources.text import beginning, cut_file, cut_stream, load

_END: Final = b"</Event>"
_BEGIN: Final = re.compile(r"<Event[\s>]")
_BATCH: Final = 4000
_BETWEEN: Final = re.compile(r"(?>\s|\0|\ufeff|<\?[^>]*\?>|</?Events\b[^>]*>|<!--.*?-->|Event\[\d+\]:?)*+\Z", re.DOTALL)


class _Cutter:
    separator = _END

    def end(self, window: bytes) -> int:
        found = window.rfind(_END)
        return found + len(_END) if found >= 0 else 0


class XmlSource:
    """Events as XML text. See `lotl.sources.base.Source`."""

    name = "xml"

    def sniff(self, head: bytes) -> bool:
        """Say whether the text holds a Windows event."""
        text = beginning(head)
        if not text.startswith("<"):
            return False
        found = _BEGIN.search(text)
        return found is not None and "<System" in text[found.start() : found.start() + 1024]

    def blocks(self, source: int, path: Path, account: Account, target: int) -> Iterator[Extent]:
        """Cut a file at ends of events."""
        return cut_file(source, path, account, target, _Cutter())

    def stream(self, source: int, file: BinaryIO, account: Account, target: int) -> Iterator[Extent]:
        """Cut a stream at ends of events."""
        return cut_stream(source, file, account, target, _Cutter())

    def decode(self, block: Block) -> Decoded:
        """Read the events of a block."""
        collector = Collector(block, self.name, dialect_of(block))
        with without_collection():
            for extent in block.extents:
                _read(load(extent, collector.accounts[extent.source]), extent, collector)
            return collector.decoded()


def _read(data: bytes, extent: Extent, collector: Collector) -> None:
    records, places, at = [], [], 0
    pieces = data.split(_END)
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        text = piece.decode("utf-8", "replace")
        begin = _BEGIN.search(text)
        _note_between(text if begin is None else text[: begin.start()], at, extent, collector)
        if begin is not None and last:
            collector.accounts[extent.source].truncated += len(piece)
            collector.lose(extent, at, "the last event has no end")
        elif begin is not None:
            try:
                records.append(event(f"{text[begin.start() :]}</Event>"))
                places.append(at)
            except XmlError as error:
                collector.lose(extent, at, f"broken XML: {error}")
        at += len(piece) + len(_END)
        if len(records) == _BATCH:
            collector.add(extent, records, places)
            records, places = [], []
    collector.add(extent, records, places)


def _note_between(text: str, at: int, extent: Extent, collector: Collector) -> None:
    """Say that there is something between events that is none, document types above all."""
    if text and not _BETWEEN.match(text[:4096]):
        account = collector.accounts[extent.source]
        what = "a document type is not read" if "<!DOCTYPE" in text else f"{len(text):,} characters are no event"
        account.problem(f"offset {extent.offset + at}", what)
