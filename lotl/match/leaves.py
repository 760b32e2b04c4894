"""Tests that the literal scan does not decide: one function per operation, from a column to the set of its places."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lotl.columns import Int
from lotl.match.reference.times import part_of_time
from lotl.match.reference.values import as_number
from lotl.match.scanner import glob_code
from lotl.match.searches import Searches
from lotl.match.sets import EXTRA, Codes, Values
from lotl.match.text_kernels import glob_values, relate_rows
from lotl.match.value_kernels import READ, UNSURE, read_integers
from lotl.match.values import frozen
from lotl.plan.ir import Atom, Op

RELATIONS: Final = {"equals": 0, "startswith": 1, "endswith": 2, "contains": 3}
_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "eq": lambda a, b: a == b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
}


def decide(atom: Atom, codes: Codes, candidates: Any, searches: Searches) -> Values:
    """Return the places of a column for which an atom holds.

    Parameters
    ----------
    atom : Atom
        Not a FIELDREF (`related`).
    codes : Codes
    candidates : ndarray of int32 or None
        Values that may match; None: all.
    searches : Searches
    """
    size = codes.size - EXTRA
    match atom.op:
        case Op.NULL:
            return Values(np.arange(size, size + EXTRA, dtype=np.int32))
        case Op.EXISTS:
            return Values(np.array([codes.size - 1], np.int32), True)
        case Op.REGEX:
            places = np.arange(size, dtype=np.int32) if candidates is None else candidates
            return Values(searches.matching(codes, atom.value, places))  # type: ignore[arg-type]
        case Op.CIDR:
            return _places(_cidr(codes, str(atom.value)))
        case Op.COMPARE:
            return _places(_compare(codes, *atom.value))  # type: ignore[misc]
        case Op.TIMEPART:
            return _places(_timepart(codes, *atom.value))  # type: ignore[misc]
        case Op.GLOB:
            return _places(_glob(codes, atom))
        case _:  # an empty literal: any value that is not null
            return Values(np.arange(size, dtype=np.int32))


def _places(matched: Any) -> Values:
    return Values(np.flatnonzero(matched).astype(np.int32))


def _glob(codes: Codes, atom: Atom) -> Any:
    values = codes.values
    buffer, offsets = (values.original, values.original_offsets) if atom.cased else (values.folded, values.offsets)
    pattern = frozen(np.array(glob_code(atom.value, atom.cased), np.int16))  # type: ignore[arg-type]
    matched = np.zeros(offsets.size - 1, np.bool_)
    glob_values(buffer, offsets, pattern, frozen(np.arange(matched.size, dtype=np.int32)), matched)
    return matched


_network = lru_cache(maxsize=4096)(ipaddress.ip_network)


def _cidr(codes: Codes, text: str) -> Any:
    network = _network(text)
    numbers, status = codes.addresses
    matched = np.zeros(numbers.size, np.bool_)
    if network.version == 4:
        matched = (status == READ) & (numbers & int(network.netmask) == int(network.network_address))
    for place, value in _unsure(codes, status):
        matched[place] = _in_network(value, network)
    return matched


def _unsure(codes: Codes, status: Any) -> Iterator[tuple[int, str]]:
    """Yield the values that a kernel left to slower means, with their places."""
    places = np.flatnonzero(status == UNSURE)
    if places.size:
        yield from zip(places.tolist(), codes.text.values.take(pa.array(places)).to_pylist(), strict=True)


def _in_network(value: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address in network


def _compare(codes: Codes, relation: str, number: int | float) -> Any:
    values = codes.values
    numbers = np.zeros(values.offsets.size - 1, np.int64)
    status = np.zeros(numbers.size, np.uint8)
    read_integers(values.original, values.original_offsets, numbers, status)
    matched = (status == READ) & _integers(numbers, relation, number)
    for place, value in _unsure(codes, status):
        read = as_number(value)
        matched[place] = read is not None and _COMPARE[relation](read, number)
    return matched


def _integers(numbers: Any, relation: str, number: int | float) -> Any:
    """Compare int64 with any number exactly: floats do not hold every integer."""
    if isinstance(number, float):
        # x < 2.5 is x < 3, x <= 2.5 is x <= 2; the other two likewise.
        number = math.ceil(number) if relation in ("lt", "gte") else math.floor(number)
    if not -(2**63) <= number < 2**63:
        return np.full(numbers.shape, (number > 0) == (relation in ("lt", "lte")))
    return _COMPARE[relation](numbers, np.int64(number))


def _timepart(codes: Codes, part: str, relation: str, number: int) -> Any:
    column = codes.column
    if isinstance(column, Int) and column.time:
        return _timepart_of_times(codes, column, part, relation, number)
    found = [part_of_time(value, part) for value in codes.text.values.to_pylist()]
    return np.array([read is not None and _COMPARE[relation](read, number) for read in found], np.bool_)


def _timepart_of_times(codes: Codes, column: Int, part: str, relation: str, number: int) -> Any:
    """As `_timepart`, from the numbers themselves: one per distinct text, found through the codes."""
    rows = np.zeros(codes.size - EXTRA, np.int64)
    present = np.flatnonzero(codes.codes >= 0)
    rows[codes.codes[present]] = present
    times = pa.array(column.numbers[rows]).cast(pa.timestamp("us"))
    read = {"week": pc.iso_week}.get(part) or getattr(pc, part)
    return _COMPARE[relation](read(times).to_numpy(zero_copy_only=False), number)


def related(relation: str, left: Codes, right: Codes) -> Any:
    """Return in which rows two columns are related (`Op.FIELDREF`): bool, shape (n,)."""
    matched = np.zeros(left.length, np.bool_)
    if left.text.offsets is None and right.text.offsets is None:
        _relate(relation, left, left.codes, right, right.codes, matched)
        return matched
    rows, left_at, right_at = _element_pairs(left, right)
    pairs = np.zeros(rows.size, np.bool_)
    _relate(relation, left, frozen(left.codes[left_at]), right, frozen(right.codes[right_at]), pairs)
    matched[rows[pairs]] = True
    return matched


def _relate(relation: str, left: Codes, left_codes: Any, right: Codes, right_codes: Any, matched: Any) -> None:
    a, b = left.values, right.values
    relate_rows(a.folded, a.offsets, left_codes, b.folded, b.offsets, right_codes, RELATIONS[relation], matched)


def _element_pairs(left: Codes, right: Codes) -> tuple[Any, Any, Any]:
    """Return every pair of elements of the same row: (row, index into left's codes, index into right's)."""
    a, b = (
        np.arange(codes.length + 1) if codes.text.offsets is None else codes.text.offsets for codes in (left, right)
    )
    sizes = np.diff(a) * np.diff(b)
    rows = np.repeat(np.arange(left.length), sizes)
    inner = np.arange(rows.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    width = np.diff(b)[rows]
    return rows, a[rows] + inner // np.maximum(width, 1), b[rows] + inner % np.maximum(width, 1)
