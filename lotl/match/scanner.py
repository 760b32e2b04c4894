"""Build the tables of the scan from the tests that rules make on one column, and run it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from lotl.match.reference.values import as_text
from lotl.match.scan_kernels import (
    ANYWHERE,
    AT_END,
    AT_START,
    GLOB,
    MULTIPLIER,
    UNWANTED,
    WHOLE,
    Grams,
    Graph,
    Leaves,
    State,
    Texts,
    Trie,
    group,
    scan,
)
from lotl.match.table_kernels import choose_grams, count_grams, fill_trie
from lotl.match.text import fold
from lotl.match.values import frozen
from lotl.plan.ir import Atom, GlobParts, Op, Wild

COMMON: Final = "e\\snitaorc. lmdpwu-g3h2yfbv:k0/x1\"64q_5z=9870j,;(){}$@%&'+*?!#<>[]|~^`"
"""Bytes of Windows paths and command lines, commonest first."""
SAMPLE: Final = 1 << 20
"""Bytes of the first large batch that decide which 4-grams are rare."""
MOST_MARKS: Final = 17
"""Binary logarithm of the places of a table of pieces: at 2 bytes each it stays in a second-level cache."""
FILTERED: Final = 1 << 13
"""Bytes that are filtered at a time: the places that pass stay in the cache."""
FIRST_PAIRS: Final = 1 << 16

_KINDS: Final = {Op.CONTAINS: ANYWHERE, Op.STARTSWITH: AT_START, Op.ENDSWITH: AT_END, Op.EQUALS: WHOLE, Op.GLOB: GLOB}
_WILDS: Final = {Wild.RUN: -1, Wild.ONE: -2}


@dataclass(frozen=True, slots=True)
class Spec:
    """One test that the scan can make.

    Attributes
    ----------
    kind : int
        ANYWHERE, AT_START, AT_END, WHOLE or GLOB of `lotl.match.scan_kernels`.
    text : str
        What the scan looks for, folded unless `cased`; of a pattern its longest literal.
    cased : bool
    parts : tuple
        The pattern, for GLOB.
    """

    kind: int
    text: str
    cased: bool = False
    parts: GlobParts = ()


def specs_of(atom: Atom) -> list[Spec]:
    """Return the scan's forms of an atom, of which any may hold; none where the scan cannot decide it.

    Examples
    --------
    >>> specs_of(Atom("F", Op.GLOB, ("net", Wild.RUN, "user")))
    [Spec(kind=4, text='user', cased=False, parts=('net', <Wild.RUN: '*'>, 'user'))]
    >>> [spec.text for spec in specs_of(Atom("LogonId", Op.NUMBER, 999, hexed=True))]
    ['999', '0x3e7']
    """
    if atom.op is Op.NUMBER:
        return _number_specs(atom.value, atom.hexed)  # type: ignore[arg-type]
    if atom.op not in _KINDS:
        return []
    if isinstance(atom.value, str):
        # Empty text is everywhere: no literal to look for. As the whole value it ends every path of length 0.
        text = atom.value if atom.cased else fold(atom.value)
        return [Spec(_KINDS[atom.op], text, atom.cased)] if text or atom.op is Op.EQUALS else []
    parts: Any = atom.value
    longest = max((part for part in parts if isinstance(part, str)), key=len, default="")
    return [Spec(GLOB, longest, atom.cased, parts)] if longest else []


def _number_specs(number: int | float, hexed: bool) -> list[Spec]:
    """A number's one decimal text, and in a hex field its 0x text (up to 32 digits, no leading zeros)."""
    specs = [Spec(WHOLE, str(as_text(number)), True)]
    if hexed and isinstance(number, int) and 0 <= number < 1 << 128:
        specs.append(Spec(WHOLE, hex(number)))
    return specs


def glob_code(parts: GlobParts, cased: bool) -> list[int]:
    """Return a pattern as `lotl.match.text_kernels.glob` reads it."""
    code: list[int] = []
    for part in parts:
        if isinstance(part, str):
            code.extend((part if cased else fold(part)).encode("utf-8", "surrogatepass"))
        else:
            code.append(_WILDS[part])
    return code


@dataclass(frozen=True, eq=False)
class Wiring:
    """The column's own part of the condition graph; nodes are numbered leaves first.

    Attributes
    ----------
    counts : list of int
        Per inner node: how many of its children must hold.
    children : list of list of int
        Per inner node, in order of rising number: each child has a lower number than its parent.
    exported : ndarray of bool, shape (nodes,)
        Which nodes' values somebody asks for.
    """

    counts: list[int]
    children: list[list[int]]
    exported: Any


class Scanner:
    """All tests on one column.

    Parameters
    ----------
    specs : sequence of Spec
        The leaves.
    wiring : Wiring
    """

    def __init__(self, specs: Sequence[Spec], wiring: Wiring) -> None:
        self.nodes = len(specs) + len(wiring.counts)
        self._wiring = wiring
        self._leaves = _leaves(specs)
        kinds = self._leaves.kind
        self._ends = self._trie(np.flatnonzero((kinds == AT_END) | (kinds == WHOLE)), backwards=True)
        self._starts = self._trie(np.flatnonzero(kinds == AT_START), backwards=False)
        self._floating = (kinds == ANYWHERE) | (kinds == GLOB)
        self._sampled = -1

    def run(self, texts: Texts, wanted: Any = None) -> tuple[Any, Any]:
        """Scan distinct values.

        Parameters
        ----------
        texts : Texts
        wanted : ndarray of bool, shape (nodes,), optional
            Nodes that matter this time; the others are not looked for.

        Returns
        -------
        tuple of (ndarray of int64, shape (nodes + 1,); ndarray of int32)
            Values (rising) for which node i holds: ``values[start[i]:start[i + 1]]``; empty unless exported and wanted.
        """
        marks = np.full(4 * self.nodes, -1, np.int32)
        if wanted is not None:
            marks[::4][~wanted] = UNWANTED
        state = State(marks, np.empty(self.nodes, np.uint32))
        self._tune(texts.folded)
        grams = self._grams
        if wanted is not None and texts.folded.size >= FILTERED and not wanted.all():
            grams = tuple(_only(one, wanted) for one in grams)  # type: ignore[assignment]
        tables = (self._leaves, grams, self._starts, self._ends, self._graph, state)
        size = min(FILTERED, texts.folded.size) + 1
        spots = (np.empty(size, np.int64), np.empty(size, np.uint64))
        values_left = texts.offsets.size - 1
        pieces, value, room = [], 0, self.nodes * min(values_left, 4) + min(FIRST_PAIRS, 8 * values_left) + 1
        while True:
            nodes, values = np.empty(room, np.int32), np.empty(room, np.int32)
            value, written = scan(texts, value, *tables, *spots, nodes, values)
            pieces.append((nodes[:written], values[:written]))
            if value >= texts.offsets.size - 1:
                break
            room = min(room * 4, 1 << 22)
        nodes = np.concatenate([piece for piece, _ in pieces]) if len(pieces) > 1 else pieces[0][0]
        values = np.concatenate([piece for _, piece in pieces]) if len(pieces) > 1 else pieces[0][1]
        start, grouped = np.zeros(self.nodes + 1, np.int64), np.empty(values.size, np.int32)
        group(nodes, values, start, grouped)
        return start, grouped

    def _tune(self, folded: Any) -> None:
        """Decide what to look for first, again when there is much more text to learn from than before."""
        if self._sampled >= 0 and (self._sampled >= SAMPLE // 4 or folded.size <= 16 * max(self._sampled, 1 << 12)):
            return
        self._sampled = min(folded.size, SAMPLE)
        leaves = self._leaves
        long = np.flatnonzero(self._floating & (leaves.size >= 4))
        bits = 16 if long.size > 1000 or folded.size > SAMPLE // 16 else 10
        counts = np.zeros(1 << bits, np.int32)
        count_grams(_sample(folded), counts)
        pieces, at = np.zeros(long.size, np.uint32), np.zeros(long.size, np.int32)
        choose_grams(leaves.folded, leaves.start[long], leaves.size[long], counts.copy(), _weights(), pieces, at)
        frequency = np.where(self._floating, SAMPLE // np.maximum(leaves.size, 1), 0)
        frequency[long] = counts[(pieces * MULTIPLIER) >> np.uint32(32 - bits)]
        self._graph, lazy = _graph(leaves.kind.size, self._wiring, frequency - 1e-6 * leaves.size)
        lazy &= self._floating
        self._leaves = leaves._replace(lazy=frozen(lazy))
        scanned = ~lazy[long]
        short = np.flatnonzero(self._floating & (leaves.size < 4) & ~lazy)
        fours = _gram_table(pieces[scanned], self._entries(long[scanned], at[scanned] + 3), 4)
        self._grams = (fours, *self._short_tables(short))

    def _short_tables(self, chosen: Any) -> tuple[Grams, Grams]:
        """Return the tables of literals of three bytes, and of two or one (which follows any byte)."""
        if not chosen.size:
            return _no_grams(3), _no_grams(2)
        leaves, any_byte = self._leaves, np.arange(256, dtype=np.uint32) << np.uint32(16)
        bytes_of = leaves.folded.astype(np.uint32)
        start, size = leaves.start[chosen], leaves.size[chosen]
        newest = bytes_of[start + size - 1] << np.uint32(24)
        second = bytes_of[start + np.maximum(size - 2, 0)] << np.uint32(16)
        third, two, one = size == 3, size == 2, size == 1
        threes = newest[third] | second[third] | bytes_of[start[third]] << np.uint32(8)
        ones = (newest[one][:, None] | any_byte).ravel()
        leaf = np.concatenate([chosen[two], np.repeat(chosen[one], 256)])
        back = np.concatenate([np.ones(np.count_nonzero(two), np.int32), np.zeros(ones.size, np.int32)])
        return (
            _gram_table(threes, self._entries(chosen[third], np.full(threes.size, 2)), 3),
            _gram_table(np.concatenate([newest[two] | second[two], ones]), self._entries(leaf, back), 2),
        )

    def _entries(self, leaf: Any, back: Any) -> Any:
        return np.stack([leaf, back, self._leaves.size[leaf], self._leaves.start[leaf]], axis=1)

    def _trie(self, chosen: Any, *, backwards: bool) -> Trie:
        leaves = self._leaves
        sizes = leaves.size[chosen]
        slots = 1 << _bits(2 * int(sizes.sum()) + 2, 4)
        key, node = np.full(slots, -1, np.int64), np.zeros(slots, np.int32)
        end_of = np.zeros(chosen.size, np.int32)
        nodes = fill_trie(leaves.folded, leaves.start[chosen], sizes, backwards, key, node, end_of)
        start, leaf = _csr(end_of, chosen, nodes)
        return Trie(frozen(key), frozen(node), start, leaf)


@cache
def _no_grams(length: int) -> Grams:
    return _gram_table(np.zeros(0, np.uint32), np.zeros((0, 4), np.int64), length)


def _gram_table(pieces: Any, entries: Any, length: int) -> Grams:
    """Build the table of pieces of `length` bytes; `entries` says per piece what `Grams.entries` does."""
    multiplier = np.uint32(1) if length == 2 else MULTIPLIER
    # As many places as keep false alarms rare, but no more buckets than 16 bits can name.
    bits = 16 if length == 2 else 15 if pieces.size >= 1 << 16 else min(_bits(16 * pieces.size, 8), MOST_MARKS)
    hashes = (pieces * multiplier) >> np.uint32(32 - bits)
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if order.size else np.zeros(0, int)
    marks = np.zeros(1 << bits, np.uint16)
    marks[ordered[first]] = np.arange(1, first.size + 1)
    start = np.concatenate([[0], first, [order.size]]).astype(np.uint32)
    mask = np.uint32(0xFFFFFFFF << 8 * (4 - length) & 0xFFFFFFFF)
    table = entries[order].astype(np.uint32).ravel()
    return Grams(frozen(marks), np.uint32(32 - bits), mask, multiplier, frozen(start), frozen(table))


def _only(grams: Grams, wanted: Any) -> Grams:
    """Return a table without the buckets in which no leaf is wanted."""
    if not grams.entries.size:
        return grams
    alive = np.concatenate([[False], np.logical_or.reduceat(wanted[grams.entries[::4]], grams.start[1:-1])])
    return grams._replace(marks=frozen(np.where(alive[grams.marks], grams.marks, np.uint16(0))))


def _leaves(specs: Sequence[Spec]) -> Leaves:
    folded = [fold(spec.text).encode("utf-8", "surrogatepass") for spec in specs]
    original = [spec.text.encode("utf-8", "surrogatepass") if spec.cased else b"" for spec in specs]
    globs = [glob_code(spec.parts, spec.cased) for spec in specs]
    folded_start, folded_size, folded_bytes = _joined(folded)
    start, size, original_bytes = _joined(original)
    glob_start = np.concatenate([[0], np.cumsum([len(code) for code in globs])]).astype(np.int64)
    return Leaves(
        frozen(np.array([spec.kind for spec in specs], np.uint8)),
        frozen(np.array([spec.cased for spec in specs], np.bool_)),
        frozen(np.zeros(len(specs), np.bool_)),
        folded_start, folded_size, folded_bytes, start, size, original_bytes,
        frozen(glob_start), frozen(np.array([byte for code in globs for byte in code], np.int16)),
    )  # fmt: skip


def _joined(parts: list[bytes]) -> tuple[Any, Any, Any]:
    sizes = np.array([len(part) for part in parts], np.int64)
    starts = np.cumsum(sizes) - sizes
    return frozen(starts), frozen(sizes), frozen(np.frombuffer(b"".join(parts), np.uint8))


def _graph(leaves: int, wiring: Wiring, frequency: Any) -> tuple[Graph, Any]:
    """Let each node be woken by few children: a conjunction by its rarest leaf, the others are looked up.

    Returns
    -------
    tuple of (Graph, ndarray of bool, shape (leaves,))
        The second: leaves that wake nothing and that nobody asks for.
    """
    nodes = leaves + len(wiring.counts)
    need = np.ones(nodes, np.int32)
    checks: tuple[list[int], list[int]] = ([], [])
    parents: tuple[list[int], list[int]] = ([], [])
    commonness = frequency.tolist()
    for number, (count, children) in enumerate(zip(wiring.counts, wiring.children, strict=True), leaves):
        waking, looked_up = children, list[int]()
        if count == len(children) > 1:
            inner = [child for child in children if child >= leaves]
            ordered = sorted((child for child in children if child < leaves), key=commonness.__getitem__)
            waking = inner or ordered[:1]
            looked_up = ordered if inner else ordered[1:]
            count = len(waking)
        need[number] = count
        checks[0].extend([number] * len(looked_up))
        checks[1].extend(looked_up)
        parents[0].extend(waking)
        parents[1].extend([number] * len(waking))
    pairs = [_csr(np.array(keys, np.int64), np.array(values, np.int64), nodes) for keys, values in (parents, checks)]
    start, parent = pairs[0]
    table = np.stack([start[:-1], start[1:], need, wiring.exported], axis=1).astype(np.uint32)
    idle = (table[:leaves, 0] == table[:leaves, 1]) & ~wiring.exported[:leaves]
    return Graph(frozen(table.ravel()), parent, *pairs[1]), idle


def _csr(keys: Any, values: Any, size: int) -> tuple[Any, Any]:
    """Group values by key: (start of shape (size + 1,), values), both uint32."""
    order = np.argsort(keys, kind="stable")
    start = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(keys, minlength=size), out=start[1:])
    return frozen(start.astype(np.uint32)), frozen(values[order].astype(np.uint32))


def _sample(folded: Any) -> Any:
    """Return pieces from all over the text, about `SAMPLE` bytes."""
    if folded.size <= SAMPLE:
        return folded
    piece = 4096
    starts = np.linspace(0, folded.size - piece, SAMPLE // piece).astype(np.int64)
    return frozen(np.concatenate([folded[start : start + piece] for start in starts]))


def _weights() -> Any:
    weights = np.zeros(256, np.int32)
    for rank, character in enumerate(COMMON):
        weights[ord(character)] = 250 - 3 * rank
    return frozen(weights)


def _bits(size: int, least: int) -> int:
    return max(least, (size - 1).bit_length())
