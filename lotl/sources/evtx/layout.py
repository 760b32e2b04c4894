"""A layout's columns: found once, by letting the complete reader read a record whose values are placeholders.

The record is parsed and flattened by the very code that reads single records, but with a unique mark in place of each
value. Where a mark comes out, there belongs the slot. So both paths cannot disagree about names, and no rule about
names is written twice. The marks are random: no log can contain them.

What depends on the value itself, and not only on its type, shows when the same is done with empty and with blank
texts: a layout that then has other fields is left to the complete reader, as is one that puts several values into one
text.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from lotl.schema import SYSTEM
from lotl.sources.evtx.binxml import Parser
from lotl.sources.evtx.encode_kernel import LITERAL
from lotl.sources.evtx.flatten import Flat, flatten, local
from lotl.sources.evtx.format import ARRAY, FILETIME_UNIX_EPOCH, Token, ValueType
from lotl.sources.evtx.pool import TEMPLATE
from lotl.sources.evtx.tree import Budget, Content, Element, Substitution
from lotl.sources.evtx.values import Array, BinXmlError, Filetime, filetime_micros, filetime_text

HEXED: Final = 0x1000
"""Or-ed to a type: a whole number that is printed in hexadecimal, since its System column is text."""
MICROS: Final = 0x2000
"""Or-ed to FILETIME: µs since 1970."""
TIME_TEXT: Final = "TimeCreated_SystemTime"
INTEGERS: Final = range(ValueType.INT8, ValueType.UINT64 + 1)

_NONCE: Final = secrets.token_hex(8)
_NUMBER: Final = secrets.randbits(120) << 80
_MICROS: Final = 10**17 + secrets.randbelow(7 * 10**17) // 10**6 * 10**6
_TEXT_TOKENS: Final = frozenset((Token.TEXT, Token.CDATA, Token.CHAR_REF, Token.ENTITY_REF))

_HEADS: Final = ("Channel", "Provider_Name", "EventID")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the value of a field comes from: a slot and its type, or a constant (`slot` is then `LITERAL`)."""

    slot: int
    kind: int
    literal: str | int = ""

    @property
    def numeric(self) -> bool:
        """Whether the value is a whole number."""
        if self.slot == LITERAL:
            return isinstance(self.literal, int)
        return self.kind in INTEGERS or self.kind == ValueType.FILETIME | MICROS


@dataclass(slots=True)
class Layout:
    """The fields of a record by their sources.

    Attributes
    ----------
    heads : tuple of Source or None
        Channel, provider and event id; None where the event does not have them.
    system : dict of str to Source
    data : list of (str, Source)
        In document order, names may repeat.
    nodes, characters : int
        What a record costs of its chunk's budget, apart from the characters of its values.
    once_nodes, once_characters : int
        What its templates cost, once in a chunk.
    growth : float
        Upper bound for the characters that come out of a byte of the record.
    copies : int
        How often the most copied value is copied.
    arrays : bool
        There are array values, each item of which becomes an element.
    """

    heads: tuple[Source | None, Source | None, Source | None]
    system: dict[str, Source]
    data: list[tuple[str, Source]]
    nodes: int = 0
    characters: int = 0
    once_nodes: int = 0
    once_characters: int = 0
    growth: float = 0.0
    copies: int = 1
    arrays: bool = False


@dataclass(slots=True)
class Parts:
    """Slots of one record: number of the first slot by where each fragment starts, and types of template values."""

    firsts: dict[int, int]
    kinds: dict[int, int]
    slots: int = 0


def parts_of(words: Sequence[int], starts: Sequence[int], top: int) -> Parts:
    """Find the fragments of a record from its words, the places of its slots, and the place of its BinXML."""
    places, parts = [top], Parts({}, {})
    at = slot = 0
    for place in places:  # grows while it is walked
        mark, _, count = words[at : at + 3]
        at += 3
        parts.firsts[place] = slot
        if mark == TEMPLATE:
            kinds = words[at : at + count]
            parts.kinds.update(enumerate(kinds, slot))
            places.extend(starts[slot + index] for index, kind in enumerate(kinds) if kind == ValueType.BINXML)
            at += count
        slot += count
    parts.slots = slot
    return parts


def compile_layout(chunk: bytes, start: int, end: int, parts: Parts) -> Layout | None:
    """Find the fields of a layout.

    Parameters
    ----------
    chunk : bytes
        A chunk with a record of the layout.
    start, end : int
        Where its BinXML is.
    parts : Parts

    Returns
    -------
    Layout or None
        None: leave records of this layout to the complete reader.
    """
    try:
        probe = _Probe(chunk, parts, None)
        roots, flat = probe.read(start, end)
        variants = [_Probe(chunk, parts, text).read(start, end)[1] for text in ("", " ")]
    except BinXmlError:
        return None
    layout = _fields(flat, parts)
    if layout is None or _repeats(roots) or not all(_agree(flat, variant) for variant in variants):
        return None
    _price(layout, probe, start, end, parts)
    return layout


def _price(layout: Layout, probe: _Probe, start: int, end: int, parts: Parts) -> None:
    """Find out what records of the layout cost of the budget that the complete reader has for a chunk."""
    first = probe.spent.count, probe.spent.characters
    probe.spent.count = probe.spent.characters = 0
    probe.read(start, end)
    layout.nodes, layout.characters = probe.spent.count, probe.spent.characters
    layout.once_nodes, layout.once_characters = first[0] - layout.nodes, first[1] - layout.characters
    layout.copies = max(1, probe.copies)
    layout.arrays = any(kind & ARRAY and kind < 0x100 for kind in parts.kinds.values())
    kinds = Counter(parts.kinds.values())
    layout.growth = layout.copies * max((_GROWTH.get(kind, 5.0) for kind in kinds if kind not in _WIDTHS), default=0.5)
    layout.characters += layout.copies * sum(count * _WIDTHS.get(kind, 0) for kind, count in kinds.items())


_WIDTHS: Final[dict[int, int]] = {
    **dict.fromkeys((ValueType.NULL, ValueType.BINXML, *INTEGERS, ValueType.FILETIME), 0),  # not charged
    **dict.fromkeys((ValueType.FLOAT, ValueType.DOUBLE, ValueType.SYSTEMTIME), 32),
    **dict.fromkeys((ValueType.HEX_INT32, ValueType.HEX_INT64, 0x410, 0x810, ValueType.BOOL), 18),
    ValueType.GUID: 38,
    ValueType.SID: 200,
}
"""Most characters of a value, for types whose size is bounded."""
_GROWTH: Final[dict[int, float]] = {ValueType.STRING: 0.5, ValueType.ANSI_STRING: 1.0, ValueType.BINARY: 2.0}
"""Characters that a byte of a value becomes; 5 for all others (arrays of bytes: digits, comma and blank)."""


class Meter(Budget):
    """A budget that also counts."""

    __slots__ = ("characters", "count")

    def __init__(self) -> None:
        super().__init__()
        self.count = self.characters = 0

    def nodes(self, count: int) -> None:
        self.count += count
        super().nodes(count)

    def text(self, characters: int) -> None:
        self.characters += characters
        super().text(characters)


class _Probe(Parser):
    """Reads a record with marks in place of its values; `text` replaces the marks of template values that are text."""

    def __init__(self, chunk: bytes, parts: Parts, text: str | None) -> None:
        super().__init__(chunk)
        self._parts, self._replacement = parts, text
        self._first = self._next = 0
        self._uses: Counter[int] = Counter()
        self.budget = self.spent = Meter()

    @property
    def copies(self) -> int:
        """How often the most copied value is copied."""
        return max(self._uses.values(), default=1)

    def _value(self, place: Substitution, values: Any, depth: int) -> Content:
        if place.index < len(values.spans):
            self._uses[self._first + place.index] += 1
        return super()._value(place, values, depth)

    def read(self, start: int, end: int) -> tuple[list[Element], Flat]:
        roots = self.record(start, end)
        if not roots:
            raise BinXmlError("the record holds no element")
        return roots, flatten(roots, self.budget)

    def _content(self, at: int, end: int, depth: int, *, inside: bool, **until: Any) -> Any:
        first = None if inside else self._parts.firsts.get(at)
        if first is None:
            return super()._content(at, end, depth, inside=inside, **until)
        outer = self._first, self._next
        self._first = self._next = first  # a fragment starts here
        content = super()._content(at, end, depth, inside=inside, **until)
        self._first, self._next = outer
        return content

    def _values(self, at: int, end: int) -> Any:
        values, after = super()._values(at, end)
        for index, (kind, _, _) in enumerate(values.spans):
            if self._parts.kinds[self._first + index] != ValueType.BINXML:
                values.read[index] = [self._mark(kind, self._first + index)]
        return values, after

    def _mark(self, kind: int, slot: int) -> Any:
        if kind in (ValueType.NULL, ValueType.BINXML):
            return None
        if kind in INTEGERS:
            return _NUMBER + slot
        if kind == ValueType.FILETIME:
            return Filetime(FILETIME_UNIX_EPOCH + 10 * (_MICROS + slot))
        if kind & ARRAY:
            return Array((self._mark(kind & ~ARRAY, slot), _text_mark(slot, ":")))
        return _text_mark(slot) if self._replacement is None else self._replacement

    def _attributes(self, at: int, end: int, *, inside: bool) -> Any:
        if inside:
            return super()._attributes(at, end, inside=True)
        attributes = []
        while self._token(at, end) == Token.ATTRIBUTE:
            name, at = self._name(self._u32(at + 1, end), at + 5, end)
            parts = []
            while self._token(at, end) in _TEXT_TOKENS:
                part, at = super()._part(at, end, inside=False) if name == "Name" else self._part(at, end, inside=False)
                parts.append(part)
            attributes.append((name, parts))
        return attributes, at

    def _part(self, at: int, end: int, *, inside: bool) -> Any:
        if inside:
            return super()._part(at, end, inside=True)
        texts = []
        while at < end and self._token(at, end) in _TEXT_TOKENS:
            text, at = super()._part(at, end, inside=False)
            texts.append(str(text))
        if not texts:
            raise BinXmlError("not text")
        slot, self._next = self._next, self._next + 1
        return _text_mark(slot) if "".join(texts).strip() else _blank_mark(slot), at


def _text_mark(slot: int, ending: str = ".") -> str:
    return f"{_NONCE}{slot}{ending}"


def _blank_mark(slot: int) -> str:
    return f"{int(_NONCE, 16):064b}{slot:016b}".translate({48: " ", 49: "\t"})


def _marks(kinds: dict[int, int], slots: int) -> dict[str | int, Source]:
    """Return what each slot's mark looks like when it comes out, as a value or printed."""
    marks: dict[str | int, Source] = {}
    for slot in range(slots):
        kind = kinds.get(slot, int(ValueType.STRING))
        marks[_text_mark(slot)] = marks[_blank_mark(slot)] = Source(slot, kind)
        if kind & ~ARRAY in INTEGERS:
            marks[_NUMBER + slot] = Source(slot, kind)
            if not kind & ARRAY:
                marks[hex(_NUMBER + slot)] = Source(slot, kind | HEXED)
        elif kind & ~ARRAY == ValueType.FILETIME:
            ticks = FILETIME_UNIX_EPOCH + 10 * (_MICROS + slot)
            marks[filetime_text(ticks)] = Source(slot, kind)
            marks[filetime_micros(ticks)] = Source(slot, kind | MICROS)
    return marks


def _fields(flat: Flat, parts: Parts) -> Layout | None:
    marks = _marks(parts.kinds, parts.slots)
    system = {name: _source(cell, marks) for name, cell in flat.system.items()}
    data: list[tuple[str, Source]] = []
    previous: tuple[str, Source | None] = "", None
    for name, cell in flat.data:
        source = _source(cell, marks)
        if isinstance(cell, str) and cell.startswith(_NONCE) and cell.endswith(":"):  # second item of an array
            if previous[1] is None or name != previous[0] or cell != _text_mark(previous[1].slot, ":"):
                return None
            previous = "", None
            continue
        if source is None or _marked(name):
            return None
        previous = name, source
        data.append((name, source))
    if None in system.values() or any(map(_marked, system)):
        return None
    found = {name: source for name, source in system.items() if source is not None}
    if any(source.slot != LITERAL and source.kind & 0xFF & ARRAY for source in found.values()):
        return None
    heads = tuple(found.pop(name, None) for name in _HEADS)
    return Layout(heads, found, data) if _plain(heads) else None  # type: ignore[arg-type]


def _source(cell: str | int, marks: dict[str | int, Source]) -> Source | None:
    """Return where a cell comes from; None if it is made of several values."""
    source = marks.get(cell)
    if source is None and not _marked(str(cell)):
        source = Source(LITERAL, ValueType.STRING, cell)
    return source


def _marked(text: str) -> bool:
    """Whether a text holds a mark."""
    return any(mark in text for mark in _TRACES)


_TRACES: Final = (
    _NONCE,
    _blank_mark(0)[:64],
    str(_NUMBER)[:20],
    hex(_NUMBER)[2:22],
    filetime_text(FILETIME_UNIX_EPOCH + 10 * _MICROS)[:-9],
)


def _plain(heads: Sequence[Source | None]) -> bool:
    """Whether channel, provider and event id are of the usual types."""
    for source in heads[:2]:
        if source and (source.kind != ValueType.STRING or not isinstance(source.literal, str)):
            return False
    number = heads[2]
    if number is None:
        return True
    if number.slot == LITERAL:
        return isinstance(number.literal, int) and abs(number.literal) < 1 << 60
    return number.kind == ValueType.STRING or (number.kind in INTEGERS and number.kind != ValueType.UINT64)


def _agree(flat: Flat, variant: Flat) -> bool:
    """Whether the fields are the same with other texts; System drops empty texts where it wants numbers."""
    missing = flat.system.keys() ^ variant.system.keys()
    droppable = all(SYSTEM.get(name) in ("int", "time") or name == TIME_TEXT for name in missing)
    return droppable and [name for name, _ in flat.data] == [name for name, _ in variant.data]


def _repeats(roots: list[Element]) -> bool:
    """Whether System says something twice: the first that is not empty counts, which only the values tell."""
    names: list[str] = []
    for root in roots:
        for part in root.content:
            if isinstance(part, Element) and local(part.name) == "System":
                for child in part.content:
                    if isinstance(child, Element):
                        names.append(local(child.name))
                        names.extend(f"{local(child.name)}_{local(name)}" for name, _ in child.attributes)
    return len(names) != len(set(names))
