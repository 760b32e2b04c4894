"""The complete EVTX reader: one record after the other, whatever it is made of.

It is the reference for the column-wise decoder, which hands it what it cannot do itself: records without a template,
nested and mixed content, damage.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lotl.sources.base import Account, Block, Decoded
from lotl.sources.evtx.assemble import Assembler
from lotl.sources.evtx.binxml import Parser
from lotl.sources.evtx.blocks import Chunk, cut, examine, keep, load, lose, position
from lotl.sources.evtx.flatten import Flat, flatten
from lotl.sources.evtx.values import BinXmlError
from lotl.sources.evtx.walk import Slot


def decode(block: Block) -> Decoded:
    """Read the records of a block, row by row.

    Parameters
    ----------
    block : Block

    Returns
    -------
    Decoded
        Partitions in order of first appearance of their kinds, rows in file order. What cannot be read is in the
        accounts; nothing is raised.
    """
    rows = Assembler()
    accounts: dict[int, Account] = {}
    for extent in block.extents:
        account = accounts.setdefault(extent.source, Account(Path(extent.path).name, extent.path, format="evtx"))
        for chunk in load(extent, account):
            _decode_chunk(extent.source, chunk, rows, account)
    return Decoded(rows.partitions(), accounts)


def _decode_chunk(source: int, chunk: Chunk, rows: Assembler, account: Account) -> None:
    parser = Parser(chunk.data)
    for slot in examine(chunk, account).slots:
        try:
            flat = read_flat(parser, slot)
            rows.add(source, slot.record, position(account, chunk), flat)
        except BinXmlError as error:
            lose(account, chunk, slot.offset, f"record {slot.record}: {error}")
        else:
            keep(account, chunk, flat.system.get("TimeCreated"))


def read_flat(parser: Parser, slot: Slot) -> Flat:
    """Read one record of the parser's chunk.

    Raises
    ------
    BinXmlError
        It cannot be read.
    """
    roots = parser.record(*slot.body)
    if not roots:
        raise BinXmlError("the record holds no element")
    return flatten(roots, parser.budget)


def records(path: Path | str) -> Iterator[dict[str, Any]]:
    """Read one log as nested dicts: ``record`` (id of the record header), ``position``, ``System`` and ``EventData``.

    Fields that come several times in an event are lists. Damaged records are left out: use `decode` for their account.
    """
    account = Account(Path(path).name, str(path))
    for extent in cut(0, Path(path), account, 1 << 24):
        for chunk in load(extent, account):
            parser = Parser(chunk.data)
            for slot in examine(chunk, account).slots:
                try:
                    flat = read_flat(parser, slot)
                except BinXmlError:
                    continue
                identity = {"record": slot.record, "position": position(account, chunk)}
                keep(account, chunk, None)
                yield {**identity, "System": flat.system, "EventData": gather(flat)}


def gather(flat: Flat) -> dict[str, Any]:
    """Return the payload as a dict: a list where a name comes more than once."""
    data: dict[str, Any] = {}
    for name, value in flat.data:
        if name not in data:
            data[name] = value
        elif isinstance(data[name], list):
            data[name].append(value)
        else:
            data[name] = [data[name], value]
    return data
