"""The work on one block: decode, select, match, keep the rows that were hit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from lotl.events import select
from lotl.frame import Partition
from lotl.hits.parts import HitPart
from lotl.match.engine import Matcher
from lotl.match.seen import Seen
from lotl.reading import BLOCK_BYTES, decode
from lotl.scanning.second import SecondPass
from lotl.sources.base import Account, Block


@dataclass(frozen=True)
class Job:
    """What holds for every block of a run: picklable, small.

    Attributes
    ----------
    engine : str
        Who decodes EVTX.
    start, end : int or None
        Half-open range of TimeCreated, µs.
    block_bytes : int
        Size of blocks.
    canonical : bool
        Match canonical command lines as well.
    """

    engine: str = "lotl"
    start: int | None = None
    end: int | None = None
    block_bytes: int = BLOCK_BYTES
    canonical: bool = False


@dataclass
class Done:
    """What became of one block."""

    parts: list[HitPart] = field(default_factory=list)
    accounts: dict[int, Account] = field(default_factory=dict)
    length: int = 0


def scan_block(name: str, block: Block, matcher: Matcher, job: Job, second: SecondPass | None = None) -> Done:
    """Decode a block of format `name` and match it, its canonical command lines as well if there is a second pass."""
    decoded = decode(name, block, job.engine)
    parts = [
        part
        for partition in decoded.partitions
        if (part := scan_partition(select(partition, start=job.start, end=job.end), matcher, second)) is not None
    ]
    return Done(parts, decoded.accounts, block.length)


def scan_partition(partition: Partition, matcher: Matcher, second: SecondPass | None = None) -> HitPart | None:
    """Match a batch; None where nothing hit."""
    if not len(partition):
        return None
    matched = matcher.match(partition)
    rule, row, canonical = matched.rule, matched.row, None
    further = second.further(partition, matched) if second is not None else None
    if further:
        rule, row = np.concatenate([rule, further.rule]), np.concatenate([row, further.row])
        canonical = np.arange(len(rule)) >= len(matched)
    if not len(rule):
        return None
    used = np.zeros(len(partition), np.bool_)
    used[row] = True
    rows = np.flatnonzero(used)
    place = np.cumsum(used) - 1
    return HitPart(partition.take(rows), rule, place[row], canonical)


def take_seen(matcher: Matcher) -> Seen:
    """Return what `matcher` saw since the last call: counts start anew, fields are those of all batches."""
    seen = matcher.seen
    taken = Seen(seen.rows, {key: set(names) for key, names in seen.fields.items()}, seen.stopped)
    seen.rows, seen.stopped = Counter(), Counter()
    return taken
