"""XML element trees and their BinXML form: what the writer puts into templates and into records without one."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lotl.errors import OutputError
from lotl.sources.evtx.encode import Typed, infer, text, utf16
from lotl.sources.evtx.format import (
    CHUNK_SIZE,
    FRAGMENT,
    MORE,
    NAME,
    NAME_BUCKETS,
    NAME_HASH_FACTOR,
    OPEN_START,
    OPEN_START_INLINE,
    SUBSTITUTION,
    Token,
    ValueType,
)


@dataclass(frozen=True, slots=True)
class Sub:
    """A value that a template leaves open. Written inline, it becomes text.

    Attributes
    ----------
    value : Typed
    optional : bool
        Token 0x0e rather than 0x0d: readers drop the attribute or element content when the value is null.
    index : int
        Place in the array of values; -1: the next in document order.
    """

    value: Typed
    optional: bool = False
    index: int = -1


@dataclass(frozen=True, slots=True)
class CData:
    """A CDATA section."""

    text: str


@dataclass(frozen=True, slots=True)
class CharRef:
    """A character reference, ``&#code;``."""

    code: int


@dataclass(frozen=True, slots=True)
class EntityRef:
    """An entity reference, ``&name;``."""

    name: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """A processing instruction, ``<?target data?>``."""

    target: str
    data: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """An XML element.

    Attributes
    ----------
    name : str
    attributes : tuple of (str, parts)
        Parts: text, `Sub`, references; one, or a tuple of them.
    children : tuple
        Elements, text, `Sub`, `CData`, `CharRef`, `EntityRef`, `Instruction`.
    """

    name: str
    attributes: tuple[tuple[str, Any], ...] = ()
    children: tuple[Any, ...] = ()


def element(name: str, *children: Any, **attributes: Any) -> Element:
    """Build an element; Python values that are neither text nor markup become `Sub` with their default type.

    Examples
    --------
    >>> element("Data", 7, Name="Port").children
    (Sub(value=Typed(type=<ValueType.UINT32: 8>, value=7), optional=False, index=-1),)
    """
    return Element(name, tuple((key, _part(value)) for key, value in attributes.items()), tuple(map(_part, children)))


_MARKUP: Final = (str, Element, Sub, CData, CharRef, EntityRef, Instruction, tuple)


def _part(value: Any) -> Any:
    return value if isinstance(value, _MARKUP) and not isinstance(value, Typed) else Sub(infer(value))


def _parts(content: Any) -> tuple[Any, ...]:
    return content if isinstance(content, tuple) and not isinstance(content, Typed) else (content,)


def walk_values(root: Element) -> Iterator[Sub]:
    """Yield the open values of a tree in document order: the order of a template's substitution array."""
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Sub):
            yield node
        elif isinstance(node, Element):
            contents = [part for _, content in node.attributes for part in _parts(content)]
            stack.extend(reversed([*contents, *node.children]))


def structure(root: Element) -> tuple[object, ...]:
    """Return a hashable description of all that a template of `root` fixes: everything but the values."""
    shape: list[object] = []
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Sub):
            shape.append((int(node.value.type), node.optional, node.index))
        elif isinstance(node, Element):
            shape.append((node.name, len(node.children)))
            stack.extend(reversed(node.children))
            for name, content in reversed(node.attributes):
                stack.extend(reversed(_parts(content)))
                stack.append(("attribute", name, len(_parts(content))))
        else:
            shape.append(repr(node))
    return tuple(shape)


def template_guid(shape: tuple[object, ...]) -> bytes:
    """Return the GUID (16 bytes) of a template: the same structure always has the same GUID, in every file."""
    return hashlib.blake2b(repr(shape).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def name_hash(name: str) -> int:
    """Return the 16-bit hash of an element or attribute name.

    Examples
    --------
    >>> hex(name_hash("Event"))
    '0xcba'
    """
    value = 0
    for unit in struct.unpack(f"<{len(utf16(name)) // 2}H", utf16(name)):
        value = (value * NAME_HASH_FACTOR + unit) & 0xFFFFFFFF
    return value & 0xFFFF


class Names:
    """The name table of one chunk: where each name stands, and the heads of the hash chains."""

    __slots__ = ("_added", "buckets", "offsets")
    _known: dict[str, tuple[int, bytes]] = {}  # noqa: RUF012  (hash and tail of the node; names are few)

    def __init__(self) -> None:
        self.offsets: dict[str, int] = {}
        self.buckets = [0] * NAME_BUCKETS
        self._added: list[tuple[str, int, int]] = []

    def node(self, name: str, offset: int) -> bytes:
        """Register `name` at chunk offset `offset` and return the bytes that must stand there."""
        if name not in self._known:
            hashed, units = name_hash(name), utf16(name)
            self._known[name] = hashed, NAME.pack(0, hashed, len(units) // 2)[4:] + units + b"\0\0"
        hashed, tail = self._known[name]
        bucket = hashed % NAME_BUCKETS
        before = self.buckets[bucket]
        self._added.append((name, bucket, before))
        self.offsets[name] = self.buckets[bucket] = offset
        return before.to_bytes(4, "little") + tail

    def keep(self) -> None:
        """Make the names added since the last call permanent."""
        self._added.clear()

    def undo(self) -> None:
        """Forget the names added since `keep`."""
        for name, bucket, before in reversed(self._added):
            del self.offsets[name]
            self.buckets[bucket] = before
        self._added.clear()


class Emitter:
    """Writes BinXML into `out`, whose first byte will stand at chunk offset `base`.

    Parameters
    ----------
    names : Names
    base : int
    dependency : bool
        Write the dependency id of elements, as templates have it. Windows leaves it out in records without template.
    slots : bool
        True: `Sub` becomes a substitution token (a template). False: `Sub` becomes text.
    """

    def __init__(self, names: Names, base: int, *, dependency: bool, slots: bool) -> None:
        self.out = bytearray()
        self._names, self._base, self._dependency, self._slots = names, base, dependency, slots
        self._slot = 0

    def fragment(self, root: Element) -> bytearray:
        """Write a fragment header, `root` and the end-of-stream token."""
        self.out += FRAGMENT
        self.tree(root)
        self.out.append(Token.END_OF_STREAM)
        return self.out

    def tree(self, root: Element) -> None:
        """Write an element with all below it. Depth is bounded by the chunk, not by Python's stack."""
        stack: list[Any] = [root]
        while stack:
            node = stack.pop()
            if isinstance(node, Element):
                start = self._open(node)
                if node.children:
                    stack.append(start)
                    stack.extend(reversed(node.children))
            elif type(node) is int:  # position of the size field of an open element
                self.out.append(Token.END_ELEMENT)
                self._patch(node)
            else:
                self._content(node)
            if len(self.out) > CHUNK_SIZE:
                raise OutputError("the markup does not fit into a 64 KiB chunk")

    def _open(self, node: Element) -> int:
        token = Token.OPEN_START | (MORE if node.attributes else 0)
        layout, values = (OPEN_START, (token, 0xFFFF, 0, 0)) if self._dependency else (OPEN_START_INLINE, (token, 0, 0))
        self.out += layout.pack(*values)
        del self.out[-4:]
        size_at = len(self.out) - 4
        self._name(node.name)
        if node.attributes:
            list_at = len(self.out)
            self.out += b"\0\0\0\0"
            for index, (name, content) in enumerate(node.attributes, 1):
                self.out.append(Token.ATTRIBUTE | (MORE if index < len(node.attributes) else 0))
                self._name(name)
                for part in _parts(content):
                    self._content(part)
            self._patch(list_at)
        self.out.append(Token.CLOSE_START if node.children else Token.CLOSE_EMPTY)
        if not node.children:
            self._patch(size_at)
        return size_at

    def _patch(self, at: int) -> None:
        self.out[at : at + 4] = (len(self.out) - at - 4).to_bytes(4, "little")

    def _name(self, name: str) -> None:
        known = self._names.offsets.get(name)
        if known is not None:
            self.out += known.to_bytes(4, "little")
            return
        offset = self._base + len(self.out) + 4
        self.out += offset.to_bytes(4, "little") + self._names.node(name, offset)

    def _content(self, part: Any) -> None:
        if isinstance(part, Sub) and self._slots:
            kind = Token.OPTIONAL_SUBSTITUTION if part.optional else Token.SUBSTITUTION
            self.out += SUBSTITUTION.pack(kind, part.index if part.index >= 0 else self._slot, part.value.type)
            self._slot += 1
        elif isinstance(part, Sub):
            self._text(Token.TEXT, text(part.value))
        elif isinstance(part, str):
            self._text(Token.TEXT, part)
        elif isinstance(part, CData):
            self._text(Token.CDATA, part.text)
        elif isinstance(part, CharRef):
            self.out += struct.pack("<BH", Token.CHAR_REF, part.code)
        elif isinstance(part, EntityRef):
            self.out.append(Token.ENTITY_REF)
            self._name(part.name)
        elif isinstance(part, Instruction):
            self.out.append(Token.PI_TARGET)
            self._name(part.target)
            self._text(Token.PI_DATA, part.data)
        else:
            raise OutputError(f"no BinXML form for {type(part).__name__} here")

    def _text(self, token: Token, content: str) -> None:
        units = utf16(content)
        if len(units) > 2 * 0xFFFF:
            raise OutputError("a BinXML text holds at most 65535 characters")
        kind = b"\x01" if token == Token.TEXT else b""  # the type of a literal value is always text
        self.out += bytes([token]) + kind + (len(units) // 2).to_bytes(2, "little") + units


@dataclass(frozen=True, slots=True)
class Template:
    """A template ready to be defined in a chunk."""

    root: Element
    guid: bytes

    @classmethod
    def of(cls, root: Element) -> Template:
        """Make the template of a tree; the values in the tree play no part."""
        return cls(root, template_guid(structure(root)))


def data_element(data: Sequence[tuple[str | None, Typed]]) -> Element:
    """Build ``<EventData>`` with one ``<Data>`` per field; a nameless BINARY at the end is ``<Binary>``."""
    fields = []
    for index, (name, value) in enumerate(data, 1):
        binary = name is None and value.type == ValueType.BINARY and index == len(data)
        attributes = () if name is None else (("Name", name),)
        fields.append(Element("Binary" if binary else "Data", attributes, (Sub(value),)))
    return Element("EventData", (), tuple(fields))
