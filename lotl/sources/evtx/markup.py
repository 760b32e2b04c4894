"""XML element trees and their BinXML form: what the writer puts into templates and into records without one."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final

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


@lru_cache(maxsize=65536)
def _name_node(name: str) -> tuple[int, bytes]:
    """Return the bucket of a name, and its node without the offset of the next one."""
    hashed, units = name_hash(name), utf16(name)
    return hashed % NAME_BUCKETS, NAME.pack(0, hashed, len(units) // 2)[4:] + units + b"\0\0"


class Names:
    """The name table of one chunk: where each name stands, and the heads of the hash chains."""

    __slots__ = ("_added", "buckets", "offsets")

    def __init__(self) -> None:
        self.offsets: dict[str, int] = {}
        self.buckets = [0] * NAME_BUCKETS
        self._added: list[tuple[str, int, int]] = []

    def add(self, name: str, offset: int) -> int:
        """Register `name`, whose node stands at `offset`; return the offset of the next node in its chain."""
        bucket = _name_node(name)[0]
        before = self.buckets[bucket]
        self._added.append((name, bucket, before))
        self.offsets[name] = self.buckets[bucket] = offset
        return before

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
    slots : bool
        True: a template; `Sub` becomes a substitution token and elements carry a dependency id. False: a record
        without template; `Sub` becomes text and, as in Windows' own logs, there is no dependency id.

    Attributes
    ----------
    out : bytearray
    references : list of (int, str, bool)
        Where `out` refers to a name, which one, and whether the name's node follows right there.
    """

    def __init__(self, names: Names, base: int, *, slots: bool) -> None:
        self.out = bytearray()
        self.references: list[tuple[int, str, bool]] = []
        self._names, self._base, self._slots = names, base, slots
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
        layout, values = (OPEN_START, (token, 0xFFFF, 0, 0)) if self._slots else (OPEN_START_INLINE, (token, 0, 0))
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
        self.references.append((len(self.out), name, known is None))
        if known is not None:
            self.out += known.to_bytes(4, "little")
            return
        offset = self._base + len(self.out) + 4
        self.out += offset.to_bytes(4, "little") + self._names.add(name, offset).to_bytes(4, "little")
        self.out += _name_node(name)[1]

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


class Template:
    """A template ready to be defined in a chunk.

    Attributes
    ----------
    root : Element
    guid : bytes
        Follows from the structure: the same structure has the same GUID in every file.
    """

    __slots__ = ("_names", "_plans", "guid", "root")

    _cache: ClassVar[dict[tuple[object, ...], Template]] = {}

    @classmethod
    def of(cls, root: Element) -> Template:
        """Return the template of a tree; the values in the tree play no part."""
        shape = structure(root)
        if shape not in cls._cache:
            if len(cls._cache) >= 4096:
                cls._cache.clear()
            cls._cache[shape] = cls(root, shape)
        return cls._cache[shape]

    def __init__(self, root: Element, shape: tuple[object, ...]) -> None:
        self.root = root
        self.guid = template_guid(shape)
        emitter = Emitter(Names(), 0, slots=True)
        emitter.fragment(root)
        self._names = [name for _, name, first in emitter.references if first]
        self._plans: dict[tuple[bool, ...], _Plan] = {}

    def place(self, names: Names, base: int) -> bytes:
        """Return the BinXML of the definition at chunk offset `base`; names new to the chunk are added to `names`."""
        known = tuple([name in names.offsets for name in self._names])
        if known not in self._plans:
            self._plans[known] = _Plan(self.root, [name for name, old in zip(self._names, known, strict=True) if old])
        return self._plans[known].place(names, base)


class _Plan:
    """The definition of a template for one set of names that the chunk has already: only offsets are open."""

    __slots__ = ("_pieces", "_references", "_struct")

    def __init__(self, root: Element, known: Sequence[str]) -> None:
        names = Names()
        for name in known:
            names.add(name, 0)
        emitter = Emitter(names, 0, slots=True)
        data = bytes(emitter.fragment(root))
        self._references = emitter.references
        holes = [at + shift for at, _, first in self._references for shift in ((0, 4) if first else (0,))]
        cuts = [0, *(hole + 4 for hole in holes)]
        self._pieces = [data[start:end] for start, end in zip(cuts, [*holes, len(data)], strict=True)]
        sizes = [len(piece) for piece in self._pieces]
        self._struct = struct.Struct("<" + "I".join(f"{size}s" for size in sizes))

    def place(self, names: Names, base: int) -> bytes:
        """Fill in the offsets."""
        offsets: list[int] = []
        for at, name, first in self._references:
            if first:
                offset = base + at + 4
                offsets += (offset, names.add(name, offset))
            else:
                offsets.append(names.offsets[name])
        mixed: list[bytes | int] = [b""] * (2 * len(offsets) + 1)
        mixed[::2] = self._pieces
        mixed[1::2] = offsets
        return self._struct.pack(*mixed)


def data_element(data: Sequence[tuple[str | None, Typed]]) -> Element:
    """Build ``<EventData>`` with one ``<Data>`` per field; a nameless BINARY at the end is ``<Binary>``."""
    fields = []
    for index, (name, value) in enumerate(data, 1):
        binary = name is None and value.type == ValueType.BINARY and index == len(data)
        attributes = () if name is None else (("Name", name),)
        fields.append(Element("Binary" if binary else "Data", attributes, (Sub(value),)))
    return Element("EventData", (), tuple(fields))
