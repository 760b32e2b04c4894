"""The column-wise EVTX decoder: same result as `lotl.sources.evtx.reader.decode`, two orders of magnitude faster.

    chunks ──► records ──► layouts and slots ──► kinds ──► codes and distinct values ──► partitions
    gather     walk_kernel  parse_kernel          encode_kernel      text_kernel, distinct
                                   │
                                   └─ shapes, layout: what a layout's columns are, asked once of the complete reader

Text is looked at once per distinct value, layouts once per process, and nothing once per row in Python. Chunks that are
not sound, and records that do not have the usual form, go to the complete reader; its rows are put between the others.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lotl.columns import Int
from lotl.frame import Partition, merge
from lotl.schema import Kind
from lotl.sources.base import Account, Block, Decoded
from lotl.sources.evtx.assemble import Assembler
from lotl.sources.evtx.binxml import Parser
from lotl.sources.evtx.blocks import examine, lose
from lotl.sources.evtx.distinct import Columns, Values
from lotl.sources.evtx.flatten import Flat
from lotl.sources.evtx.gather import Buffer
from lotl.sources.evtx.layout import Meter
from lotl.sources.evtx.loads import SLACK
from lotl.sources.evtx.reader import decode as complete
from lotl.sources.evtx.reader import read_flat
from lotl.sources.evtx.shapes import LITERAL_BYTES, Shapes
from lotl.sources.evtx.tables import Dictionaries, Input, Plan, Table, fill, group, place_literals
from lotl.sources.evtx.tree import MAX_NODES, MAX_TEXT
from lotl.sources.evtx.values import BinXmlError
from lotl.sources.evtx.walk import Slot

_LATEST: Final = (1 << 63) - 1
_WHOLE: Final = (1 << 64) - 1


class _Workspace(threading.local):
    """Memory and knowledge that are kept from block to block, for each thread."""

    def __init__(self) -> None:
        self.buffer, self.shapes, self.memory = Buffer(), Shapes(), Dictionaries()


_WORK = _Workspace()


def decode(block: Block) -> Decoded:
    """Read the records of a block, column by column.

    Parameters
    ----------
    block : Block

    Returns
    -------
    Decoded
        Partitions in order of first appearance of their kinds, rows in file order. What cannot be read is in the
        accounts; nothing is raised.
    """
    try:
        return _decode(block)
    except IndexError:  # a kernel met a place outside of its arrays: the checks in the code have a hole, not the run
        _WORK.shapes.reset()
        return complete(block)


def _decode(block: Block) -> Decoded:
    accounts: dict[int, Account] = {}
    gathered = _WORK.buffer.gather(block, accounts, LITERAL_BYTES)
    layouts, firsts = _WORK.shapes.parse(gathered)
    literals = place_literals(_WORK.shapes, gathered.data, len(gathered.data) - LITERAL_BYTES - SLACK)
    records = Input(gathered, layouts, firsts, _WORK.shapes.slots, literals)
    return _Decoder(records, accounts, _WORK.shapes, _WORK.memory).run()


class _Decoder:
    """Decodes one block that is in memory and parsed."""

    def __init__(self, records: Input, accounts: dict[int, Account], shapes: Shapes, memory: Dictionaries) -> None:
        self._records, self._accounts, self._shapes, self._memory = records, accounts, shapes, memory
        self._block = records.block
        chunk_of = self._block.records[3]
        sound = np.maximum(self._block.counts, 0)
        self._index = np.arange(len(chunk_of)) - (np.cumsum(sound) - sound)[chunk_of]
        self._slow: dict[int, list[_Read]] = {}
        self._lost: list[int] = []

    def run(self) -> Decoded:
        """Return what the block holds."""
        self._spend()
        self._read_singly(self._records.layouts < 0)
        tables = group(self._records, self._shapes, self._memory)
        self._read_singly(self._records.uses < 0)
        fast = self._partitions(tables)
        slow = self._account()
        return Decoded(self._join(fast, slow), self._accounts)

    # --- the complete reader's part -----------------------------------------------------------------------------------

    def _spend(self) -> None:
        """Leave to the complete reader the chunks that may exceed its budget, and the layouts it must read itself."""
        layouts, records = self._records.layouts, self._block.records
        usable = np.array([layout is not None for layout in self._shapes.layouts] + [False], np.bool_)
        layouts[~usable[layouts]] = -1
        fast = np.flatnonzero(layouts >= 0)
        costs, sizes = self._shapes.costs[layouts[fast]], records[1, fast]
        chunks, count = records[3, fast], len(self._block.places)
        first = np.unique(chunks * len(self._shapes.layouts) + layouts[fast])  # each layout once in each chunk
        once, where = self._shapes.costs[first % len(usable[:-1])], first // len(usable[:-1])
        nodes = np.bincount(chunks, costs[:, 0] + costs[:, 5] * sizes, count) + np.bincount(where, once[:, 3], count)
        texts = np.bincount(chunks, costs[:, 1] + costs[:, 2] * sizes, count) + np.bincount(where, once[:, 4], count)
        self._spent = nodes, texts
        over = (nodes > MAX_NODES) | (texts > MAX_TEXT)
        if over.any():
            self._block.counts[over] = -1
            layouts[over[records[3]]] = -1

    def _read_singly(self, which: npt.NDArray[np.bool_]) -> None:
        """Let the complete reader read records of sound chunks (those that it has not read already)."""
        todo = np.flatnonzero(which)
        chunks = self._block.records[3, todo]
        todo = todo[self._block.counts[chunks] >= 0]
        for chunk in np.unique(self._block.records[3, todo]).tolist():
            known = {read.index for read in self._slow.get(chunk, ())}
            mine = todo[self._block.records[3, todo] == chunk]
            columns = self._block.records[:3, mine].T.tolist()
            slots = [
                (index, Slot(at - (chunk << 16), size, record & _WHOLE, 0))
                for index, (at, size, record) in zip(self._index[mine].tolist(), columns, strict=True)
                if index not in known
            ]
            self._read_slots(chunk, slots)

    def _read_slots(self, chunk: int, slots: list[tuple[int, Slot]]) -> None:
        if not slots:
            return
        parser = Parser(self._block.chunk(chunk).data)
        parser.budget = meter = Meter()
        read = [_read(parser, index, slot) for index, slot in slots]
        nodes, texts = (float(spent[chunk]) for spent in self._spent)
        self._spent[0][chunk], self._spent[1][chunk] = nodes + meter.count, texts + meter.characters
        if nodes + meter.count > MAX_NODES or texts + meter.characters > MAX_TEXT:
            # whether the budget suffices for all records of the chunk, only reading all of them tells
            self._block.counts[chunk] = -1
            mine = self._block.records[3] == chunk
            self._records.layouts[mine] = -1
            if len(self._records.uses):
                self._records.uses[mine] = -1
            self._slow.pop(chunk, None)
        else:
            self._slow.setdefault(chunk, []).extend(read)

    def _account(self) -> list[Partition]:
        """Fill the accounts, chunk by chunk, and return what the complete reader has read."""
        rows = Assembler()
        fast = np.bincount(self._block.records[3, self._records.uses >= 0], minlength=len(self._block.places)).tolist()
        tails = {(before, index): tail for index, (before, *tail) in enumerate(self._block.tails)}
        pending = sorted(tails)
        for chunk, place in enumerate(self._block.places):
            pending = self._note_tails(pending, tails, chunk)
            account = self._accounts[place.source]
            if place.noted is not None:
                account.add(place.noted)
            read = self._slow.get(chunk, [])
            if self._block.counts[chunk] < 0:
                read = self._read_carefully(chunk, account)
            else:
                account.chunks += 1
                account.flagged_chunks += place.flagged
                account.slack += int(self._block.slack[chunk])
            slow = self._add_rows(chunk, sorted(read, key=lambda item: item.index), rows, account)
            account.records += fast[chunk] + slow
            account.slow += slow
            if fast[chunk] + slow:
                account.chunk_records[place.number] = account.chunk_records.get(place.number, 0) + fast[chunk] + slow
        self._note_tails(pending, tails, len(self._block.places))
        return rows.partitions()

    def _note_tails(self, pending: list[tuple[int, int]], tails: dict[tuple[int, int], Any], chunk: int) -> Any:
        while pending and pending[0][0] <= chunk:
            source, noted = tails[pending.pop(0)]
            self._accounts[source].add(noted)
        return pending

    def _read_carefully(self, chunk: int, account: Account) -> list[_Read]:
        whole = self._block.chunk(chunk)
        slots = examine(whole, account).slots
        parser = Parser(whole.data)
        return [_read(parser, index, slot) for index, slot in enumerate(slots)]

    def _add_rows(self, chunk: int, read: list[_Read], rows: Assembler, account: Account) -> int:
        """Add single events to the rows of the complete reader; return how many."""
        whole, added = None, 0
        for item in read:
            try:
                if isinstance(item.flat, BinXmlError):
                    raise item.flat
                time = item.flat.system.get("TimeCreated")
                rows.add(0, item.slot.record, chunk << 16 | item.index, item.flat)
            except BinXmlError as error:
                whole = whole or self._block.chunk(chunk)
                lose(account, whole, item.slot.offset, f"record {item.slot.record}: {error}")
                self._lost.append(chunk << 16 | item.index)
                continue
            added += 1
            if isinstance(time, int):
                _widen(account, time, time)
        return added

    # --- the kernels' part --------------------------------------------------------------------------------------------

    def _partitions(self, tables: list[Table]) -> list[Partition]:
        """Build partitions whose positions are still chunk of the block and index."""
        records = self._records
        plan = Plan(tables, int(records.uses.max(initial=-1)) + 1)
        if not tables:
            return []
        cells = fill(records, plan, self._memory)
        columns = Columns(plan, cells, Values(self._block.data, self._memory), self._memory)
        known = np.flatnonzero(records.uses >= 0)
        parts = plan.use_parts[records.uses[known]]
        order = known[np.argsort(parts, kind="stable")]
        ends = np.cumsum([table.rows for table in tables])
        identity = self._block.records[2][order], (self._block.records[3] << 16 | self._index)[order]
        partitions, start = [], 0
        for part, (table, end) in enumerate(zip(tables, ends.tolist(), strict=True)):
            system, data = columns.of(part)
            record, position = (values[start:end] for values in identity)
            partitions.append(Partition(table.kind, system, data, np.zeros(end - start, np.int32), record, position))
            start = end
        return partitions

    def _join(self, fast: list[Partition], slow: list[Partition]) -> list[Partition]:
        """Put the rows of both paths together, and name their sources and positions."""
        slow_of: dict[Kind, list[Partition]] = {}
        for partition in slow:
            slow_of.setdefault(partition.kind, []).append(partition)
        joined = [_interleave(partition, slow_of.pop(partition.kind, [])) for partition in fast]
        joined.extend(partition for rest in slow_of.values() for partition in rest)
        joined.sort(key=lambda partition: int(partition.position[0]))
        sources = np.array([place.source for place in self._block.places], np.int32)
        numbers = np.array([place.number for place in self._block.places], np.int64)
        located = []
        for partition in joined:
            chunks = partition.position >> 16
            # positions count what was read
            before = np.searchsorted(self._lost, partition.position) - np.searchsorted(self._lost, chunks << 16)
            position = (numbers[chunks] << 16 | partition.position & 0xFFFF) - before
            located.append(replace(partition, source=sources[chunks], position=position))
            self._note_times(located[-1])
        return located

    def _note_times(self, partition: Partition) -> None:
        times = partition.system.get("TimeCreated")
        if not isinstance(times, Int):
            return
        starts = np.flatnonzero(np.append(True, partition.source[1:] != partition.source[:-1]))
        valid = times.present
        lows = np.minimum.reduceat(np.where(valid, times.numbers, _LATEST), starts).tolist()
        highs = np.maximum.reduceat(np.where(valid, times.numbers, -_LATEST), starts).tolist()
        for source, low, high in zip(partition.source[starts].tolist(), lows, highs, strict=True):
            if low <= high:
                _widen(self._accounts[source], low, high)


@dataclass(frozen=True, slots=True)
class _Read:
    """What the complete reader made of a record: index in the chunk, place, and the event or why there is none."""

    index: int
    slot: Slot
    flat: Flat | BinXmlError


def _read(parser: Parser, index: int, slot: Slot) -> _Read:
    try:
        return _Read(index, slot, read_flat(parser, slot))
    except BinXmlError as error:
        return _Read(index, slot, error)


def _widen(account: Account, low: int, high: int) -> None:
    account.first = low if account.first is None else min(account.first, low)
    account.last = high if account.last is None else max(account.last, high)


def _interleave(partition: Partition, others: list[Partition]) -> Partition:
    """Put rows of one kind in order of their positions."""
    if not others:
        return partition
    whole = merge([partition, *others])
    return whole.take(np.argsort(whole.position, kind="stable"))
