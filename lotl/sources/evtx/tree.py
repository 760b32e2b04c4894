"""What BinXML becomes: elements with their content, template definitions, and the budget that bounds both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from lotl.sources.evtx.format import CHUNK_SIZE
from lotl.sources.evtx.values import Array, BinXmlError, Scalar

MAX_DEPTH: Final = 48
"""Nested elements, templates and values."""
MAX_NODES: Final = 2 * CHUNK_SIZE
MAX_TEXT: Final = 8 * CHUNK_SIZE


class Budget:
    """What may still be made of one chunk: elements, attributes and texts; and characters of names and texts.

    The densest real chunk of 600 took 12,344 of 131,072 nodes and 71,246 of 524,288 characters.
    """

    __slots__ = ("_characters", "_nodes")

    def __init__(self) -> None:
        self._nodes = MAX_NODES
        self._characters = MAX_TEXT

    def nodes(self, count: int) -> None:
        """Take `count` nodes; raises `BinXmlError` when there are not so many left."""
        self._nodes -= count
        if self._nodes < 0:
            raise BinXmlError("the chunk expands to too many elements")

    def text(self, characters: int) -> None:
        """Take `characters`; raises `BinXmlError` when there are not so many left."""
        self._characters -= characters
        if self._characters < 0:
            raise BinXmlError("the chunk expands to too much text")


@dataclass(frozen=True, slots=True)
class Substitution:
    """A place in a template that a value of the instance fills."""

    index: int
    optional: bool


@dataclass(slots=True)
class Element:
    """An XML element.

    Attributes
    ----------
    name : str
    attributes : list of (str, list of parts)
        A part is text, a whole number, None for a null value, or (in template definitions only) a `Substitution`.
    content : list of parts and elements
        In document order.
    fixed : int
        In template definitions: characters of the attributes if none of them has a substitution, else -1.
    """

    name: str
    attributes: list[tuple[str, Content]]
    content: list[Part | Element]
    fixed: int = -1


Part: TypeAlias = "Scalar | Array | Substitution"
Content: TypeAlias = "list[Part | Element]"


class Definition(NamedTuple):
    """A template definition: its GUID (16 bytes), its elements, and the offset behind it."""

    guid: bytes
    content: Content
    end: int
