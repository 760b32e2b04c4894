"""BinXML to elements: every token, every value type, nothing that an attacker can send makes it crash, hang or swell.

A `Parser` reads the records of one chunk. A template definition is parsed once per chunk and offset into a tree that
still holds its substitutions; an instance fills them in. Templates are never shared by GUID: the GUID is a claim of
the writer, and two definitions that claim the same may differ.

Sources: [MS-EVEN6] 2.2.12 (grammar) and the bytes of real logs, which differ from the grammar in two points: nested
BinXML may lack the fragment header, and elements outside of templates lack the dependency id.

Limits: `MAX_DEPTH` nested elements and templates, and the `Budget` of a chunk. They bound what 64 KiB can be blown up
to by templates that repeat their values, and by names and definitions that overlap.
"""

from __future__ import annotations

import struct
from typing import Final

from lotl.sources.evtx.format import (
    ARRAY,
    CHUNK_SIZE,
    DESCRIPTOR,
    DESCRIPTORS_START,
    FIXED_SIZES,
    FRAGMENT,
    MORE,
    NAME,
    OPEN_START,
    OPEN_START_INLINE,
    SUBSTITUTION,
    TEMPLATE_DEFINITION,
    TEMPLATE_INSTANCE,
    Token,
    ValueType,
)
from lotl.sources.evtx.tree import MAX_DEPTH, Budget, Content, Definition, Element, Part, Substitution
from lotl.sources.evtx.values import Array, BinXmlError, read_value, utf16_text, value_text

MAX_NAME: Final = 1024

_U16: Final = struct.Struct("<H")
_U32: Final = struct.Struct("<I")


class Parser:
    """Reads the BinXML of one chunk.

    Parameters
    ----------
    chunk : bytes
        The whole chunk, 64 KiB.
    """

    def __init__(self, chunk: bytes) -> None:
        self.chunk = chunk
        self._definitions: dict[int, Definition | None] = {}
        self._names: dict[int, tuple[str, int]] = {}
        self.budget = Budget()

    def record(self, start: int, end: int) -> list[Element]:
        """Parse the BinXML of a record.

        Parameters
        ----------
        start, end : int
            Where the BinXML is in the chunk.

        Raises
        ------
        BinXmlError
            It is not valid, or exceeds a limit.
        """
        content, _ = self._content(start, end, 0, inside=False)
        return [item for item in content if isinstance(item, Element)]

    # --- streams of tokens ------------------------------------------------------------------------------------------

    def _content(
        self, at: int, end: int, depth: int, *, inside: bool, until: Token = Token.END_OF_STREAM
    ) -> tuple[Content, int]:
        """Read tokens up to `until`, the end of the stream or of the element. Only a stream may just stop.

        `inside`: of a template definition, where elements have a dependency id and substitutions are allowed.
        """
        if depth > MAX_DEPTH:
            raise BinXmlError(f"more than {MAX_DEPTH} levels of nesting")
        content: Content = []
        while at < end:
            token = self.chunk[at] & ~MORE
            if token == until:
                return content, at + 1
            if token == Token.FRAGMENT_HEADER:
                at += len(FRAGMENT)
            elif token == Token.OPEN_START:
                element, at = self._element(at, end, depth + 1, inside=inside)
                content.append(element)
            elif token == Token.TEMPLATE_INSTANCE:
                items, at = self._instance(at, end, depth + 1)
                content.extend(items)
            elif token == Token.PI_TARGET:
                at = self._instruction(at, end)
            else:
                part, at = self._part(at, end, inside=inside)
                content.append(part)
        if at > end or until != Token.END_OF_STREAM:
            raise BinXmlError(f"the element or stream at offset {at} runs over the end")
        return content, at

    def _element(self, at: int, end: int, depth: int, *, inside: bool) -> tuple[Element, int]:
        self.budget.nodes(1)
        more = self.chunk[at] & MORE
        name, at = self._opening(at, end, inside=inside)
        attributes: list[tuple[str, Content]] = []
        if more:
            attributes, at = self._attributes(at + 4, end, inside=inside)
        fixed = _fixed(attributes)
        token = self._token(at, end)
        if token == Token.CLOSE_EMPTY:
            return Element(name, attributes, [], fixed), at + 1
        if token != Token.CLOSE_START:
            raise BinXmlError(f"token 0x{token:02x} at offset {at} where a start tag must be closed")
        content, at = self._content(at + 1, end, depth, inside=inside, until=Token.END_ELEMENT)
        return Element(name, attributes, content, fixed), at

    def _opening(self, at: int, end: int, *, inside: bool) -> tuple[str, int]:
        """Read the head of a start tag. Some writers get the dependency id wrong, so both forms are tried."""
        forms = (OPEN_START, OPEN_START_INLINE) if inside else (OPEN_START_INLINE, OPEN_START)
        problem: BinXmlError | None = None
        for form in forms:
            if at + form.size > end:
                continue
            *_, size, name = form.unpack_from(self.chunk, at)
            if size > CHUNK_SIZE:
                continue
            try:
                return self._name(name, at + form.size, end)
            except BinXmlError as error:
                problem = problem or error
        raise problem or BinXmlError(f"start tag at offset {at} runs over the end")

    def _attributes(self, at: int, end: int, *, inside: bool) -> tuple[list[tuple[str, Content]], int]:
        attributes: list[tuple[str, Content]] = []
        while self._token(at, end) == Token.ATTRIBUTE:
            self.budget.nodes(1)
            name, at = self._name(self._u32(at + 1, end), at + 5, end)
            parts: Content = []
            while self._token(at, end) in _PARTS:
                part, at = self._part(at, end, inside=inside)
                parts.append(part)
            attributes.append((name, parts))
        return attributes, at

    def _part(self, at: int, end: int, *, inside: bool) -> tuple[Part, int]:
        """Read text, a reference or a substitution."""
        self.budget.nodes(1)
        token = self._token(at, end)
        if token == Token.TEXT:
            return self._text_value(at, end)
        if token in (Token.SUBSTITUTION, Token.OPTIONAL_SUBSTITUTION):
            if not inside:
                raise BinXmlError(f"substitution at offset {at} outside of a template")
            self._within(at, SUBSTITUTION.size, end)
            _, index, _ = SUBSTITUTION.unpack_from(self.chunk, at)
            return Substitution(index, token == Token.OPTIONAL_SUBSTITUTION), at + SUBSTITUTION.size
        if token == Token.CDATA:
            return self._counted(at + 1, end)
        if token == Token.CHAR_REF:
            code = self._u16(at + 1, end)
            return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code), at + 3
        if token == Token.ENTITY_REF:
            name, at = self._name(self._u32(at + 1, end), at + 5, end)
            return _ENTITIES.get(name, f"&{name};"), at
        raise BinXmlError(f"token 0x{token:02x} at offset {at} is unknown here")

    def _text_value(self, at: int, end: int) -> tuple[Part, int]:
        self._within(at, 2, end)
        kind = self.chunk[at + 1]
        if kind == ValueType.STRING:
            return self._counted(at + 2, end)
        if kind == ValueType.ANSI_STRING:
            size, start = self._u16(at + 2, end), at + 4
        elif kind == ValueType.BINARY:
            size, start = self._u32(at + 2, end), at + 6
        elif kind == ValueType.SID:
            size, start = 8 + 4 * self._byte(at + 3, end), at + 2
        else:
            size, start = FIXED_SIZES.get(kind, 0 if kind == ValueType.NULL else CHUNK_SIZE), at + 2
        self._within(start, size, end)
        self.budget.text(size)
        return read_value(kind, self.chunk[start : start + size]), start + size

    def _counted(self, at: int, end: int) -> tuple[str, int]:
        """Read UTF-16 text behind its number of characters."""
        size = 2 * self._u16(at, end)
        self._within(at + 2, size, end)
        self.budget.text(size // 2)
        return utf16_text(self.chunk[at + 2 : at + 2 + size]), at + 2 + size

    def _instruction(self, at: int, end: int) -> int:
        """Skip a processing instruction: target, and data if there is any. Events never carry values in them."""
        self.budget.nodes(1)
        _, at = self._name(self._u32(at + 1, end), at + 5, end)
        if at < end and self.chunk[at] == Token.PI_DATA:
            _, at = self._counted(at + 1, end)
        return at

    # --- names -------------------------------------------------------------------------------------------------------

    def _name(self, offset: int, at: int, end: int) -> tuple[str, int]:
        """Return the name at `offset` and where reading goes on: behind it, if it is the one defined `at` here."""
        known = self._names.get(offset)
        if known is None:
            known = self._names[offset] = self._read_name(offset)
        name, behind = known
        if offset != at:
            return name, at
        if behind > end:
            raise BinXmlError(f"name at offset {offset} runs over the end")
        return name, behind

    def _read_name(self, offset: int) -> tuple[str, int]:
        if offset + NAME.size > CHUNK_SIZE:
            raise BinXmlError(f"name at offset {offset} is outside of the chunk")
        *_, characters = NAME.unpack_from(self.chunk, offset)
        start = offset + NAME.size
        behind = start + 2 * characters + 2
        if characters > MAX_NAME or behind > CHUNK_SIZE:
            raise BinXmlError(f"name at offset {offset} is too long")
        self.budget.text(characters)
        return utf16_text(self.chunk[start : behind - 2]), behind

    # --- templates ---------------------------------------------------------------------------------------------------

    def _instance(self, at: int, end: int, depth: int) -> tuple[Content, int]:
        """Read a template instance with its values and fill them into the template."""
        self._within(at, TEMPLATE_INSTANCE.size, end)
        *_, short, offset = TEMPLATE_INSTANCE.unpack_from(self.chunk, at)
        at += TEMPLATE_INSTANCE.size
        definition = self.definition(offset, depth)
        if definition.guid[:4] != _U32.pack(short):
            raise BinXmlError(f"template at offset {offset} is another one than the record names")
        if offset == at:
            at = definition.end
        values, at = self._values(at, end)
        self.budget.nodes(len(definition.content))
        return self._fill(definition.content, values, depth), at

    def definition(self, offset: int, depth: int = 0) -> Definition:
        """Return the template definition at `offset` of the chunk, parsing it when it is met for the first time."""
        if offset not in self._definitions:
            self._definitions[offset] = None
            self._definitions[offset] = self._read_definition(offset, depth)
        definition = self._definitions[offset]
        if definition is None:
            raise BinXmlError(f"template at offset {offset} contains itself, or is damaged")
        return definition

    def _read_definition(self, offset: int, depth: int) -> Definition:
        self._within(offset, TEMPLATE_DEFINITION.size, CHUNK_SIZE)
        _, guid, size = TEMPLATE_DEFINITION.unpack_from(self.chunk, offset)
        start = offset + TEMPLATE_DEFINITION.size
        self._within(start, size, CHUNK_SIZE)
        content, _ = self._content(start, start + size, depth, inside=True)
        return Definition(guid, content, start + size)

    def _values(self, at: int, end: int) -> tuple[_Values, int]:
        count = self._u32(at, end)
        at += DESCRIPTORS_START.size
        start = at + DESCRIPTOR.size * count
        if start > end:
            raise BinXmlError(f"{count} values at offset {at} are too many")
        spans = []
        for size, kind, _ in DESCRIPTOR.iter_unpack(self.chunk[at:start]):
            spans.append((kind, start, start + size))
            start += size
        if start > end:
            raise BinXmlError(f"values end at offset {start}, behind the end of the record")
        return _Values(spans), start

    def _fill(self, content: Content, values: _Values, depth: int) -> Content:
        """Copy the content of a definition, with values in place of its substitutions."""
        filled: Content = []
        for item in content:
            kind = type(item)
            if kind is Element:
                filled += self._fill_element(item, values, depth)  # type: ignore[arg-type]
            elif kind is Substitution:
                filled += self._value(item, values, depth)  # type: ignore[arg-type]
            else:
                self._charge(item)
                filled.append(item)
        return filled

    def _fill_element(self, element: Element, values: _Values, depth: int) -> list[Element]:
        """Fill one element: none if its only content is an optional value that is null, several for an array."""
        pattern = element.content
        self.budget.nodes(1 + len(pattern) + len(element.attributes))
        if len(pattern) != 1 or type(pattern[0]) is not Substitution:
            attributes = self._fill_attributes(element, values, depth)
            return [Element(element.name, attributes, self._fill(pattern, values, depth + 1))]
        content = self._value(pattern[0], values, depth + 1)
        sole = content[0] if len(content) == 1 else ""
        if sole is None and pattern[0].optional:
            return []
        attributes = self._fill_attributes(element, values, depth)
        if type(sole) is Array and sole:
            self.budget.nodes(len(sole))
            return [Element(element.name, attributes, [item]) for item in sole]  # type: ignore[list-item]
        return [Element(element.name, attributes, content)]

    def _fill_attributes(self, element: Element, values: _Values, depth: int) -> list[tuple[str, Content]]:
        if element.fixed >= 0:
            self.budget.text(element.fixed)
            return element.attributes
        filled: list[tuple[str, Content]] = []
        for name, parts in element.attributes:
            items = [item for item in self._fill(parts, values, depth) if not isinstance(item, Element)]
            sole = parts[0] if len(parts) == 1 else None
            if not (isinstance(sole, Substitution) and sole.optional and items == [None]):
                filled.append((name, items))  # type: ignore[arg-type]
        return filled

    def _value(self, place: Substitution, values: _Values, depth: int) -> Content:
        if place.index >= len(values.spans):
            return [None]
        value = values.read.get(place.index)
        if value is None:
            kind, start, end = values.spans[place.index]
            if kind == ValueType.BINXML:
                value = self._content(start, end, depth + 1, inside=False)[0] if end > start else [None]
            elif kind == ValueType.BINXML | ARRAY:
                raise BinXmlError("an array of nested BinXML")
            else:
                value = [read_value(kind, self.chunk[start:end])]
            values.read[place.index] = value
        elif values.spans[place.index][0] == ValueType.BINXML:
            raise BinXmlError("nested BinXML is substituted twice")
        self._charge(value[0] if value else None)
        return value

    # --- limits and bounds -------------------------------------------------------------------------------------------

    def _charge(self, item: Part | Element) -> None:
        if type(item) is str:
            self.budget.text(len(item))
        elif isinstance(item, Array):
            self.budget.text(len(value_text(item)))

    def _within(self, at: int, size: int, end: int) -> None:
        if at + size > end:
            raise BinXmlError(f"{size} bytes at offset {at} run over the end")

    def _token(self, at: int, end: int) -> int:
        return self._byte(at, end) & ~MORE

    def _byte(self, at: int, end: int) -> int:
        if at >= end:
            raise BinXmlError(f"1 byte at offset {at} runs over the end")
        return self.chunk[at]

    def _u16(self, at: int, end: int) -> int:
        if at + 2 > end:
            raise BinXmlError(f"2 bytes at offset {at} run over the end")
        number: int = _U16.unpack_from(self.chunk, at)[0]
        return number

    def _u32(self, at: int, end: int) -> int:
        if at + 4 > end:
            raise BinXmlError(f"4 bytes at offset {at} run over the end")
        number: int = _U32.unpack_from(self.chunk, at)[0]
        return number


def _fixed(attributes: list[tuple[str, Content]]) -> int:
    """Count the characters of attributes that no instance changes; -1 if one does."""
    characters = 0
    for _, parts in attributes:
        for part in parts:
            if type(part) is not str:
                return -1
            characters += len(part)
    return characters


class _Values:
    """The values of one template instance: where they are, and those that were read already."""

    __slots__ = ("read", "spans")

    def __init__(self, spans: list[tuple[int, int, int]]) -> None:
        self.spans = spans
        self.read: dict[int, Content] = {}


_PARTS: Final = frozenset(
    (Token.TEXT, Token.SUBSTITUTION, Token.OPTIONAL_SUBSTITUTION, Token.CDATA, Token.CHAR_REF, Token.ENTITY_REF)
)
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
