"""python-evtx as a second engine: an independent decoder behind the same contract.

It shares with lotl's own reader where chunks and records are, the names of fields, and the assembly into columns;
what the bytes of a record mean is python-evtx's work alone. Its text is taken as it is: hexadecimal numbers are padded,
truth values are ``True`` and ``False``, binary data is base64, and payload numbers are text
(`lotl.sources.evtx.verify` lists all differences).

python-evtx trusts its input. What would make it loop forever is refused here, chunk by chunk and record by record.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from lotl.sources.base import Account, Block, Decoded
from lotl.sources.evtx.assemble import Assembler
from lotl.sources.evtx.blocks import Chunk, examine, keep, load, lose, position
from lotl.sources.evtx.flatten import Flat, flatten
from lotl.sources.evtx.format import (
    CHUNK_NAMES_OFFSET,
    CHUNK_SIZE,
    NAME_BUCKETS,
    TEMPLATE_BUCKETS,
)
from lotl.sources.evtx.tree import Budget, Element
from lotl.sources.evtx.values import BinXmlError
from lotl.sources.evtx.walk import Slot

_BUCKETS: Final = struct.Struct(f"<{NAME_BUCKETS + TEMPLATE_BUCKETS}I")
_U32: Final = struct.Struct("<I")
_MAX_NESTING: Final = 16


def decode(block: Block) -> Decoded:
    """Read the records of a block with python-evtx.

    Parameters
    ----------
    block : Block

    Returns
    -------
    Decoded
        As `lotl.sources.evtx.reader.decode`. Records that python-evtx cannot read are counted as lost.
    """
    rows = Assembler()
    accounts: dict[int, Account] = {}
    for extent in block.extents:
        account = accounts.setdefault(extent.source, Account(Path(extent.path).name, extent.path, format="evtx"))
        for chunk in load(extent, account):
            _decode_chunk(extent.source, chunk, rows, account)
    return Decoded(rows.partitions(), accounts)


def _decode_chunk(source: int, chunk: Chunk, rows: Assembler, account: Account) -> None:
    reader = Reader(chunk.data)
    for slot in examine(chunk, account).slots:
        try:
            flat = reader.read(slot)
            rows.add(source, slot.record, position(account, chunk), flat)
        except BinXmlError as error:
            lose(account, chunk, slot.offset, f"record {slot.record}: {error}")
        else:
            keep(account, chunk, flat.system.get("TimeCreated"))


class Reader:
    """Reads the records of one chunk (64 KiB) with python-evtx."""

    def __init__(self, chunk: bytes) -> None:
        self._bytes = chunk
        self._problem = _endless_bucket(chunk)
        self._chunk: Any = None

    def read(self, slot: Slot) -> Flat:
        """Read one record.

        Raises
        ------
        BinXmlError
            python-evtx cannot read it, or must not be asked to.
        """
        if self._problem:
            raise BinXmlError(self._problem)
        try:
            return flatten([_element(ElementTree.fromstring(self._xml(slot)))], Budget())
        except BinXmlError:
            raise
        except Exception as error:  # python-evtx raises whatever its assumptions run into
            raise BinXmlError(f"python-evtx: {type(error).__name__}: {error}") from error

    def _xml(self, slot: Slot) -> str:
        from Evtx.Evtx import ChunkHeader, Record

        if self._chunk is None:
            self._chunk = ChunkHeader(self._bytes, 0)
        record = Record(self._bytes, slot.offset, self._chunk)
        _refuse_endless(record.root(), 0)
        text: str = record.xml()
        return text.replace("\r", "&#13;")  # an XML parser would take the carriage returns of values away

    def offsets(self) -> set[int]:
        """Return where python-evtx itself finds records: its own walk, not lotl's."""
        from Evtx.Evtx import ChunkHeader

        try:
            return {record.offset() for record in ChunkHeader(self._bytes, 0).records()}
        except Exception:  # as in `read`
            return set()


def _endless_bucket(chunk: bytes) -> str:
    """Say why python-evtx would follow a chain of names or templates of this chunk forever, if it would."""
    for number, start in enumerate(_BUCKETS.unpack_from(chunk, CHUNK_NAMES_OFFSET)):
        seen: set[int] = set()
        at = start
        while 0 < at <= CHUNK_SIZE - 4:
            if at in seen:
                return f"bucket {number} of the chunk is an endless chain, which python-evtx would follow"
            seen.add(at)
            at = _U32.unpack_from(chunk, at)[0]
    return ""


def _refuse_endless(root: Any, depth: int) -> None:
    """Refuse a record with an array of texts of an odd size: python-evtx would never come to its end."""
    from Evtx.Nodes import BXmlTypeNode, WstringArrayTypeNode

    if depth > _MAX_NESTING:
        raise BinXmlError("nested too deeply for python-evtx")
    for value in root.substitutions():
        if isinstance(value, WstringArrayTypeNode) and len(value.binary()) % 2:
            raise BinXmlError("an array of texts has an odd size, with which python-evtx does not come to an end")
        if isinstance(value, BXmlTypeNode):
            _refuse_endless(value.root(), depth + 1)


def _element(node: ElementTree.Element) -> Element:
    """Turn a node of the XML tree into an element of ours, without namespaces."""
    content: list[Any] = [node.text] if node.text else []
    for child in node:
        content.append(_element(child))
        if child.tail:
            content.append(child.tail)
    attributes = [(name.rpartition("}")[2], [value]) for name, value in node.attrib.items()]
    return Element(node.tag.rpartition("}")[2], attributes, content)  # type: ignore[arg-type]
