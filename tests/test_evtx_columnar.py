"""The column-wise EVTX decoder gives exactly what the complete reader gives, on good, odd and hostile bytes."""

from __future__ import annotations

import io
import random
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lotl.columns import Int, Text
from lotl.frame import Partition, merge
from lotl.schema import Kind
from lotl.sources.base import Account, Block, Decoded, Extent
from lotl.sources.evtx import columnar, reader, shapes
from lotl.sources.evtx.blocks import cut
from lotl.sources.evtx.format import ValueType as V
from lotl.sources.evtx.markup import CData, CharRef, Element, EntityRef, Sub, element
from lotl.sources.evtx.writer import EvtxWriter, Record, Typed
from tests import hostile_evtx

MICROS = 1_700_000_000_123_456


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start without known layouts, take even single records the fast way, and never fall back as a whole."""
    columnar._WORK.shapes.reset()
    monkeypatch.setattr(shapes, "WORTH", 1)
    monkeypatch.setattr(columnar, "complete", None)


def event(**changes: Any) -> Record:
    base = {"provider": "P", "event_id": 7, "channel": "C", "computer": "pc", "time": MICROS}
    return Record(**{**base, **changes})


def log(events: Iterable[Record]) -> bytes:
    out = io.BytesIO()
    with EvtxWriter(out) as writer:
        for record in events:
            writer.write(record)
    return out.getvalue()


def block_of(paths: Iterable[Path], target: int = 1 << 24) -> Block:
    extents: list[Extent] = []
    for source, path in enumerate(paths):
        extents.extend(cut(source, path, Account(path.name, str(path)), target))
    return Block(tuple(extents))


def by_kind(decoded: Decoded) -> dict[Kind, Partition]:
    parts: dict[Kind, list[Partition]] = {}
    for partition in decoded.partitions:
        parts.setdefault(partition.kind, []).append(partition)
    return {kind: merge(group) for kind, group in parts.items()}


def values(column: Text | Int) -> list[str]:
    """Every value with its type, so that 1, "1", absent and empty stay apart."""
    return [repr(column[row]) for row in range(len(column))]


def assert_same(expected: Decoded, found: Decoded) -> None:
    slow, fast = by_kind(expected), by_kind(found)
    assert list(slow) == list(fast)
    for kind, first in slow.items():
        second = fast[kind]
        for name in ("source", "record", "position"):
            one, other = getattr(first, name), getattr(second, name)
            assert one.dtype == other.dtype and np.array_equal(one, other), (kind, name)
        for section in ("system", "data"):
            columns, others = getattr(first, section), getattr(second, section)
            assert set(columns) == set(others), (kind, section)
            for name, column in columns.items():
                other = others[name]
                assert type(column) is type(other), (kind, name)
                if isinstance(column, Int):
                    assert column.time == other.time, (kind, name)
                else:
                    assert (column.offsets is None) == (other.offsets is None), (kind, name)
                    assert len(set(other.values.to_pylist())) == len(other.values), (kind, name, "not distinct")
                assert values(column) == values(other), (kind, name)
    assert expected.accounts.keys() == found.accounts.keys()
    for source, account in expected.accounts.items():
        assert {**vars(account), "slow": 0} == {**vars(found.accounts[source]), "slow": 0}


def check(tmp_path: Path, data: bytes) -> Decoded:
    """Compare both paths on a file; return what the fast one gave."""
    path = tmp_path / "log.evtx"
    path.write_bytes(data)
    block = block_of([path])
    found = columnar.decode(block)
    assert_same(reader.decode(block), found)
    assert_same(reader.decode(block), columnar.decode(block))  # with everything known
    return found


def slow_rows(decoded: Decoded) -> int:
    return sum(account.slow for account in decoded.accounts.values())


# --- values of every type --------------------------------------------------------------------------------------------

TYPED: dict[str, list[Typed]] = {
    "string": [Typed(V.STRING, text) for text in ("", "a", "é", "漢字", "😀 x", "nul\0", "\0", "a\0b", "x" * 5000)],
    "surrogates": [Typed(V.STRING, text) for text in ("\ud800", "\udc00a", "a\ud83d", "\ufffd")],
    "ansi": [Typed(V.ANSI_STRING, text) for text in ("", "abc", b"\xe9\x80\0")],
    "int8": [Typed(V.INT8, number) for number in (-128, -1, 0, 127)],
    "uint8": [Typed(V.UINT8, number) for number in (0, 255)],
    "int16": [Typed(V.INT16, number) for number in (-(2**15), 2**15 - 1)],
    "uint16": [Typed(V.UINT16, number) for number in (0, 2**16 - 1)],
    "int32": [Typed(V.INT32, number) for number in (-(2**31), 2**31 - 1)],
    "uint32": [Typed(V.UINT32, number) for number in (0, 2**32 - 1)],
    "int64": [Typed(V.INT64, number) for number in (-(2**63), 2**63 - 1)],
    "uint64": [Typed(V.UINT64, number) for number in (0, 7)],
    "wide": [Typed(V.UINT64, number) for number in (1, 2**63, 2**64 - 1)],
    "float": [Typed(V.FLOAT, number) for number in (0.5, -1e30, float("nan"))],
    "double": [Typed(V.DOUBLE, number) for number in (0.1, -1e300)],
    "bool": [Typed(V.BOOL, number) for number in (0, 1, 2)],
    "binary": [Typed(V.BINARY, data) for data in (b"", b"\x00", b"\xde\xad\xbe\xef\x01", bytes(300))],
    "guid": [Typed(V.GUID, uuid.UUID(int=number)) for number in (0, 2**128 - 1, 0x0123456789ABCDEF0123456789ABCDEF)],
    "size_t": [Typed(V.SIZE_T, number) for number in (0, 0xABC, 2**64 - 1)],
    "filetime": [Typed(V.FILETIME, ticks) for ticks in (0, 133_536_527_985_000_001, 116_444_736_000_000_000)],
    "systemtime": [Typed(V.SYSTEMTIME, [2024, 2, 4, 29, 23, 59, 59, 999]), Typed(V.SYSTEMTIME, [0] * 8)],
    "sid": [Typed(V.SID, sid) for sid in ("S-1-5-18", "S-1-5-21-1-2-3-500", "S-1-1099511627776-1", "S-1-0-0")],
    "hex32": [Typed(V.HEX_INT32, number) for number in (0, 0x3E7, 2**32 - 1)],
    "hex64": [Typed(V.HEX_INT64, number) for number in (0, 0x3E7, 2**64 - 1)],
    "null": [Typed(V.STRING, None), Typed(V.STRING, "x"), Typed(V.UINT32, None), Typed(V.UINT32, 5)],
    "texts": [Typed(V.STRING_ARRAY, items) for items in (["a"], ["a", ""], [], ["x", "y", "é"], [""])],
    "numbers": [Typed(V.UINT16_ARRAY, items) for items in ([1], [], [1, 2, 3])],
    "bytes": [Typed(V.UINT8_ARRAY, items) for items in ([1], [5, 255])],
    "times": [Typed(V.FILETIME_ARRAY, items) for items in ([1], [2, 3])],
    "guids": [Typed(V.GUID_ARRAY, [uuid.UUID(int=1)]), Typed(V.GUID_ARRAY, [uuid.UUID(int=2), uuid.UUID(int=1)])],
    "sids": [Typed(V.SID_ARRAY, ["S-1-5-18"]), Typed(V.SID_ARRAY, ["S-1-5-18", "S-1-5-19"])],
    "hexes": [Typed(V.HEX_INT32_ARRAY, [1, 255]), Typed(V.HEX_INT64_ARRAY, [2**40])],
    "mixed": [
        Typed(V.STRING, "7"),
        Typed(V.UINT32, 7),
        Typed(V.HEX_INT32, 7),
        Typed(V.STRING, "0x7"),
        Typed(V.INT8, 7),
    ],
}


@pytest.mark.parametrize("form", ["template", "inline", "nested_inline"])
@pytest.mark.parametrize("name", TYPED)
def test_values(tmp_path: Path, name: str, form: str) -> None:
    cells = [value for value in TYPED[name] for _ in range(3)]
    events = [
        event(form=form, data=[("Field", value), ("Other", cells[-index - 1]), (None, value)], record_id=index + 1)
        for index, value in enumerate(cells)
    ]
    check(tmp_path, log(events))


def test_everything_in_one_kind(tmp_path: Path) -> None:
    cells = [value for group in TYPED.values() for value in group]
    random.Random(3).shuffle(cells)
    found = check(tmp_path, log(event(data=[("Field", cell), ("Same", index % 4)]) for index, cell in enumerate(cells)))
    assert slow_rows(found) < len(cells) / 10


def test_usual_records_take_the_fast_way(tmp_path: Path) -> None:
    events = [
        event(
            event_id=index % 7,
            channel=f"C{index % 3}",
            process_id=index,
            user_sid="S-1-5-18" if index % 2 else None,
            data=[("Image", f"C:\\{index % 11}.exe"), ("Port", index), ("Flag", index % 2 == 0), ("Data", "x")],
        )
        for index in range(700)
    ]
    found = check(tmp_path, log(events))
    assert slow_rows(found) == 0
    assert sum(map(len, found.partitions)) == 700


@pytest.mark.parametrize("form", ["inline", "nested_inline"])
def test_records_without_template_are_grouped(tmp_path: Path, form: str) -> None:
    parts: list[Any] = [CData("<&>"), EntityRef("lt"), CharRef(0xE9), "plain", "  "]
    events = [
        event(
            form=form,
            user_data=element(
                "Thing", element("Name", f"v{index}", parts[index % 5]), element("Empty"), index=str(index)
            ),
        )
        for index in range(200)
    ]
    found = check(tmp_path, log(events))
    assert slow_rows(found) == 0


SHAPES: dict[str, dict[str, Any]] = {
    "classic": {"event_source": "Src", "qualifiers": 16384, "data": [(None, ["a", "b"])]},
    "literal": {"provider_literal": True, "provider_guid": "{01234567-89ab-cdef-0011-223344556677}"},
    "nothing": {"data": []},
    "sparse": {"level": None, "task": None, "opcode": None, "version": None, "keywords": None},
    "repeated": {"data": [("A", "1"), ("A", "2"), ("B", 3)]},
    "system name": {"data": [("Channel", "other"), ("EventID", 5), ("Computer", "x")]},
    "spaces": {"data": [("Threat Name", "x"), ("", "y"), ("A:b", "z")]},
    "unfragmented": {"nested_fragment": False, "data": [("A", 1)]},
    "inline": {"form": "inline", "data": [("A", 1)]},
    "attributes": {"user_data": element("U", element("A", Sub(Typed(V.STRING, "v")), x=Sub(Typed(V.UINT32, 4))))},
    "optional": {"user_data": element("U", element("A", Sub(Typed(V.STRING, None), True), x="k"), "tail")},
    "composite": {"user_data": element("U", element("A", "pre ", Sub(Typed(V.UINT32, 4)), " post"))},
    "text beside": {"user_data": element("U", Sub(Typed(V.STRING, " ")), element("A", "x"))},
    "deep": {"user_data": element("U", element("A", element("B", element("C", "x"), "y"), "z"))},
    "named by value": {
        "user_data": Element("EventData", (), (Element("Data", (("Name", Sub(Typed(1, "N"))),), ("v",)),))
    },
    "same twice": {"user_data": Element("EventData", (), tuple(element("Data", "x", Name="A") for _ in range(3)))},
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(tmp_path: Path, name: str) -> None:
    check(tmp_path, log(event(**SHAPES[name], record_id=10 + index) for index in range(5)))


def test_shapes_together(tmp_path: Path) -> None:
    check(tmp_path, log(event(**shape) for _ in range(4) for shape in SHAPES.values()))


def test_marks_cannot_be_forged(tmp_path: Path) -> None:
    names = [f"{number}" for number in range(9)] + ["0" * 16 + "1.", "\t \t" * 26]
    check(tmp_path, log(event(data=[(name, name), ("x", name)]) for name in names for _ in range(2)))


def test_single_records_go_to_the_complete_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "WORTH", 2)
    path = tmp_path / "log.evtx"
    path.write_bytes(
        log([*(event(data=[("A", n)]) for n in range(3)), event(data=[("B", "x")]), event(data=[("A", 1)])])
    )
    found = columnar.decode(block_of([path]))
    assert_same(reader.decode(block_of([path])), found)
    assert slow_rows(found) == 1


def test_many_files_share_a_block(tmp_path: Path) -> None:
    paths = []
    for number in range(12):
        paths.append(tmp_path / f"{number}.evtx")
        paths[-1].write_bytes(log(event(computer=f"pc{number}", data=[("A", n)]) for n in range(number)))
    paths[5].write_bytes(paths[5].read_bytes()[:-1000])
    block = block_of(paths)
    assert_same(reader.decode(block), columnar.decode(block))
    pieces = Block(tuple(reversed(block.extents)))
    assert_same(reader.decode(pieces), columnar.decode(pieces))


def test_files_that_are_gone(tmp_path: Path) -> None:
    path, other = tmp_path / "a.evtx", tmp_path / "b.evtx"
    for each in (path, other):
        each.write_bytes(log(event(data=[("A", n)]) for n in range(400)))
    block = block_of([path, other])
    path.unlink()
    other.write_bytes(other.read_bytes()[:100_000])
    assert_same(reader.decode(block), columnar.decode(block))


def test_knowledge_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "LITERAL_BYTES", 4096)
    for number in range(6):
        check(tmp_path, log(event(computer=f"host-{number}-{n}" * 9, data=[("A", n)]) for n in range(40)))
    assert columnar._WORK.shapes.literal_bytes <= 4096


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", hostile_evtx.ALL)
def test_hostile(tmp_path: Path, name: str) -> None:
    check(tmp_path, hostile_evtx.ALL[name](hostile_evtx.sample()))


def rich() -> bytes:
    """A small log in which everything occurs that the fast way knows."""
    cells = [value for group in TYPED.values() for value in group[:2]]
    events = [event(**shape) for shape in SHAPES.values()]
    events += [event(data=[("F", cell), ("G", "text"), (None, cell)]) for cell in cells]
    events += [event(form="inline", data=[("F", str(n)), ("G", "a<b")]) for n in range(5)]
    random.Random(1).shuffle(events)
    return log(events)


RICH = rich()


@pytest.mark.parametrize("fix", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_flipped_bytes(tmp_path: Path, seed: int, fix: bool) -> None:
    source = random.Random(seed)
    data = bytearray(RICH)
    for chunk in hostile_evtx.chunk_starts(RICH):
        for _ in range(source.randrange(1, 60)):
            data[chunk + source.randrange(0 if seed % 4 == 0 else 512, 65536)] = source.choice(
                (0, 1, 2, 0x0C, 0x21, 0x81, 255, source.randrange(256))
            )
    check(tmp_path, hostile_evtx.repair(bytes(data)) if fix else bytes(data))


@pytest.mark.parametrize(
    "change", [lambda data, n: data[:n], lambda data, n: data[n:], lambda data, n: data[n:] + data]
)
@pytest.mark.parametrize("length", [512, 4096 + 512, 70_001])
def test_cut(tmp_path: Path, change: Callable[[bytes, int], bytes], length: int) -> None:
    check(tmp_path, change(hostile_evtx.sample(200), length))


# --- real logs -------------------------------------------------------------------------------------------------------


def test_corpora(shared: Path) -> None:
    paths = sorted((shared / "data").rglob("*.evtx"))
    block = block_of(paths)
    expected = reader.decode(block)
    assert_same(expected, columnar.decode(block))
    again = columnar.decode(block)
    assert_same(expected, again)
    assert slow_rows(again) <= 0.02 * sum(account.records for account in again.accounts.values())
