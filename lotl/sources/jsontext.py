"""JSON: one object per line, arrays of objects, and objects that follow each other over any number of lines.

Every line is parsed on its own, so a broken one costs only itself. The parser (orjson) refuses nesting beyond 1,024
levels; keys are counted before they become columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import orjson

from lotl.normalise.dialects.detect import DIALECTS, detect, unwrap
from lotl.normalise.dialects.shape import Shapes
from lotl.sources.base import Account, Block, Decoded, Extent
from lotl.sources.collect import Collector, without_collection
from lotl.sources.mapping import dialect_of, own_context
from lotl.sources.text import MAX_RECORD, Chained, Cutter, Lines, beginning, cut_file, cut_stream, load

LINES: Final = "lines"
OBJECTS: Final = "objects"
_HEAD: Final = 1 << 16
_KEY: Final = re.compile(r'"([^"\\]{1,100})"\s*:')
_NOISE: Final = b" \t\r\0,"
_RESUMES: Final = 64
"""Objects without an end that one extent may have before its rest is given up."""
_PARSE_BATCH: Final = 4000


class JsonSource:
    """JSON of any layout and dialect. See `lotl.sources.base.Source`."""

    name = "json"

    def sniff(self, head: bytes) -> bool:
        """Say whether the text is JSON with the names of a Windows event."""
        text = beginning(head)
        text = re.sub(r"\ARecord \d+\s+", "", text)
        if not text.startswith(("{", "[")):
            return False
        return any(detect(names) is not None for names in _names(text)) or _marked(text)

    def blocks(self, source: int, path: Path, account: Account, target: int) -> Iterator[Extent]:
        """Cut a file at ends of lines, or of objects where objects span lines."""
        try:
            with path.open("rb") as file:
                mode = _mode(beginning(file.read(_HEAD)))
        except OSError as error:
            account.problem("file", f"cannot be read: {error.strerror or error}")
            return
        yield from cut_file(source, path, account, target, _CUTTERS[mode], mode)

    def stream(self, source: int, file: BinaryIO, account: Account, target: int) -> Iterator[Extent]:
        """Cut a stream that begins with what `sniff` saw."""
        head = file.read(_HEAD)
        mode = _mode(beginning(head))
        yield from cut_stream(source, Chained(head, file), account, target, _CUTTERS[mode], mode)  # type: ignore[arg-type]

    def decode(self, block: Block) -> Decoded:
        """Read the records of a block."""
        collector = Collector(block, self.name, dialect_of(block))
        with without_collection():
            for extent in block.extents:
                data = load(extent, collector.accounts[extent.source])
                if extent.offset == 0 and extent.number == 0:
                    data = data.removeprefix(b"\xef\xbb\xbf")
                pieces = _objects(data) if own_context(extent.context) == OBJECTS else _lines(data)
                _read(pieces, extent, collector)
            return collector.decoded()


def _mode(text: str) -> str:
    """Say whether each line of the text is a record of its own."""
    array = text.startswith("[")
    text = text.removeprefix("[").lstrip()
    line, newline, _ = text.partition("\n")
    if not newline:
        whole = text.encode("utf-8", "replace")
        alone = text.startswith("{") and not array and len(_spans(whole)) <= 1
        return LINES if alone and (len(text) >= _HEAD // 4 or _is_json(line)) else OBJECTS
    if _is_json(line) or not (text.startswith(("{\r", "{\n", "Record ")) or _many(line)):
        return LINES
    return OBJECTS


def _is_json(line: str) -> bool:
    try:
        return isinstance(orjson.loads(line.strip().rstrip(",")), dict)
    except orjson.JSONDecodeError:
        return False


def _many(line: str) -> bool:
    """Whether a line is the beginning of an object, or several objects."""
    return line.lstrip().startswith("{") and (line.rstrip().endswith(("{", ",", "[")) or "},{" in line)


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for line in data.split(b"\n"):
        yield at, line
        at += len(line) + 1


def _read(pieces: Iterator[tuple[int, bytes]], extent: Extent, collector: Collector) -> None:
    texts: list[bytes] = []
    places: list[int] = []
    for at, text in pieces:
        if not text or text in (b"\r", b"[", b"]", b"[\r", b"]\r"):
            continue
        texts.append(text)
        places.append(at)
        if len(texts) == _PARSE_BATCH:
            _parse(texts, places, extent, collector)
            texts, places = [], []
    if texts:
        _parse(texts, places, extent, collector)


def _parse(texts: list[bytes], places: list[int], extent: Extent, collector: Collector) -> None:
    try:
        records = list(map(orjson.loads, texts))
    except orjson.JSONDecodeError:
        records, places = _one_by_one(texts, places, extent, collector)
    if not all(type(record) is dict and record for record in records):
        records, places = _unpack(records, places, extent, collector)
    collector.add(extent, records, places)


def _one_by_one(
    texts: list[bytes], places: list[int], extent: Extent, collector: Collector
) -> tuple[list[Any], list[int]]:
    records, kept = [], []
    for text, place in zip(texts, places, strict=True):
        stripped = text.strip(_NOISE)
        if stripped[:1] == b"[" and place == 0 and extent.number == 0:
            stripped = stripped[1:].lstrip()  # the array begins on the line of its first object
        if stripped in (b"", b"[", b"]") or stripped.startswith(b"Record "):
            continue
        try:
            records.append(_loads(stripped))
            kept.append(place)
        except ValueError as error:
            collector.lose(extent, place, f"broken JSON: {str(error)[:120]}")
    return records, kept


def _loads(text: bytes) -> Any:
    """Parse what is nearly JSON: an array's last line, text that is not UTF-8, numbers that JSON does not have."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        repaired = text.decode("utf-8", "replace")
        if repaired.endswith("]") and repaired.startswith("{"):
            repaired = repaired[:-1].rstrip(", \r\t")
        try:
            return orjson.loads(repaired.encode("utf-8", "replace"))
        except orjson.JSONDecodeError:
            if not re.search(r"\b(?:NaN|Infinity)\b", repaired) or len(text) > 1 << 20:
                raise error from None
        try:
            return json.loads(repaired)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def _unpack(
    records: list[Any], places: list[int], extent: Extent, collector: Collector
) -> tuple[list[dict[str, Any]], list[int]]:
    """Take objects out of arrays and search results; what is no object is lost."""
    found: list[dict[str, Any]] = []
    kept: list[int] = []
    for record, place in zip(records, places, strict=True):
        items = record if isinstance(record, list) else [record]
        for item in items:
            if isinstance(item, dict) and item:
                found.append(item)
                kept.append(place)
            elif item != {}:
                collector.lose(extent, place, f"a record must be an object, not {type(item).__name__}")
    return found, kept


# --- objects over several lines ---------------------------------------------------------------------------------------


class Objects:
    """Records are objects on the outermost level, or items of the outermost array."""

    separator = b"\n}"

    def end(self, window: bytes) -> int:
        """Return where the last whole object ends."""
        spans = _spans(window)
        if spans:
            return int(spans[-1][1])
        # an object that never ends must not take the rest of the file with it
        return window.rfind(b"\n{") + 1


_CUTTERS: Final[dict[str, Cutter]] = {LINES: Lines(), OBJECTS: Objects()}


def _spans(data: bytes) -> list[tuple[int, int]]:
    """Return begin and end of each outermost object (arrays around objects do not count as a level)."""
    plain = data.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    text = np.frombuffer(plain, np.uint8)
    quotes = np.flatnonzero(text == 0x22)
    marks = np.flatnonzero((text == 0x7B) | (text == 0x7D))
    outside = np.searchsorted(quotes, marks) % 2 == 0
    marks = marks[outside]
    if not len(marks):
        return []
    steps = np.where(text[marks] == 0x7B, 1, -1)
    depth = np.cumsum(steps)
    # a stray closing brace must not turn everything behind it inside out
    depth -= np.minimum(np.minimum.accumulate(depth), 0)
    begins = marks[(depth == 1) & (steps == 1)]
    ends = marks[(depth == 0) & (steps == -1)]
    spans, at = [], 0
    for end in ends.tolist():
        first = int(np.searchsorted(begins, at))
        if first < len(begins) and begins[first] < end:
            spans.append((int(begins[first]), end + 1))
            at = end + 1
    return spans


def _objects(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(_RESUMES):
        last = at
        for begin, end in _spans(data[at:]):
            yield at + begin, data[at + begin : at + end]
            last = at + end
        start = data.find(b"{", last)
        if start < 0:
            return
        # this object never ends: those that begin like it, at the same indent, may be whole
        indent = data[data.rfind(b"\n", 0, start) + 1 : start]
        at = data.find(b"\n" + indent + b"{", start) if not indent.strip() else -1
        yield start, data[start : at if at >= 0 else start + MAX_RECORD]
        if at < 0:
            return


# --- sniffing ---------------------------------------------------------------------------------------------------------


def _names(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the paths of the first whole objects in the text."""
    for begin, end in _spans(text.encode("utf-8", "replace"))[:20]:
        try:
            record = orjson.loads(text.encode("utf-8", "replace")[begin:end])
        except orjson.JSONDecodeError:
            continue
        shapes = Shapes()
        shapes.add([record], 0, np.zeros(1, np.int64))
        for table in shapes.tables():
            yield tuple(unwrap(name) for name in table.columns)


def _marked(text: str) -> bool:
    """Whether an object that is too long to be read whole has the marks of a dialect."""
    if len(text) < _HEAD // 4 or _spans(text.encode("utf-8", "replace")):
        return False
    keys = set(_KEY.findall(text))
    marks = (marks for dialect in DIALECTS for marks in dialect.marks)
    return any(all(part in keys for mark in each for part in mark.strip(".").split(".")) for each in marks)
