"""The EVTX reader: what the writer wrote is read, whatever form it has; what is damaged is accounted for."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lotl.columns import MISSING, Int, Text
from lotl.frame import Partition
from lotl.schema import Kind
from lotl.sources.base import Account, Block, Decoded
from lotl.sources.evtx.blocks import cut, sniff
from lotl.sources.evtx.format import CHUNK_HEADER_SIZE, CHUNK_SIZE, FILE_HEADER_SIZE, RECORD_MAGIC
from lotl.sources.evtx.format import ValueType as V
from lotl.sources.evtx.markup import CData, CharRef, Element, EntityRef, Instruction, Sub, element
from lotl.sources.evtx.reader import decode, records
from lotl.sources.evtx.source import EvtxSource
from lotl.sources.evtx.writer import EvtxWriter, Record, Typed
from lotl.sources.pack import pack
from tests import hostile_evtx

GUID = "01234567-89ab-cdef-0011-223344556677"
SID = "S-1-5-21-1004336348-1177238915-682003330-512"
TICKS = 133_536_527_985_000_001
MICROS = 1_700_000_000_123_456


def event(**changes: Any) -> Record:
    base = {"provider": "P", "event_id": 7, "channel": "C", "computer": "pc", "time": MICROS}
    return Record(**{**base, **changes})


def log(events: Iterable[Record]) -> bytes:
    out = io.BytesIO()
    with EvtxWriter(out) as writer:
        for item in events:
            writer.write(item)
    return out.getvalue()


def read(path: Path, data: bytes, target: int = 1 << 24) -> tuple[list[Partition], Account]:
    path.write_bytes(data)
    account = Account(path.name, str(path), len(data))
    partitions = []
    for block in pack(EvtxSource().blocks(0, path, account, target), target):
        decoded = decode(block)
        partitions += decoded.partitions
        for part in decoded.accounts.values():
            account.add(part)
    return partitions, account


def only(path: Path, *events: Record) -> Partition:
    partitions, account = read(path, log(events))
    assert (account.records, account.lost, account.problems) == (len(events), 0, [])
    assert len(partitions) == 1
    return partitions[0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.evtx"


# --- values and forms -------------------------------------------------------------------------------------------------

VALUES: list[tuple[Any, Any]] = [
    (Typed(V.STRING, 'Zoë \U0001f600 <&> "x"'), 'Zoë \U0001f600 <&> "x"'),
    (Typed(V.STRING, ""), ""),
    (Typed(V.ANSI_STRING, "plain"), "plain"),
    (Typed(V.INT8, -128), -128),
    (Typed(V.UINT8, 255), 255),
    (Typed(V.INT16, -32768), -32768),
    (Typed(V.UINT16, 65535), 65535),
    (Typed(V.INT32, -(2**31)), -(2**31)),
    (Typed(V.UINT32, 2**32 - 1), 2**32 - 1),
    (Typed(V.INT64, -(2**63)), -(2**63)),
    (Typed(V.UINT64, 2**63 - 1), 2**63 - 1),
    (Typed(V.UINT64, 2**64 - 1), str(2**64 - 1)),
    (Typed(V.FLOAT, 0.1), "0.1"),
    (Typed(V.DOUBLE, -1.25e300), "-1.25e+300"),
    (Typed(V.BOOL, True), "true"),
    (Typed(V.BOOL, False), "false"),
    (Typed(V.BINARY, b"\x00\xfe\xff"), "00FEFF"),
    (Typed(V.GUID, GUID), "{" + GUID.upper() + "}"),
    (Typed(V.SIZE_T, 0x7FFE12345678), "0x7ffe12345678"),
    (Typed(V.FILETIME, TICKS), "2024-02-29T03:59:58.5000001Z"),
    (Typed(V.FILETIME, 0), "1601-01-01T00:00:00.0000000Z"),
    (Typed(V.SYSTEMTIME, (2024, 2, 4, 29, 23, 59, 58, 7)), "2024-02-29T23:59:58.007Z"),
    (Typed(V.SID, SID), SID),
    (Typed(V.HEX_INT32, 0xC000006D), "0xc000006d"),
    (Typed(V.HEX_INT64, 0x3E7), "0x3e7"),
    (Typed(V.NULL, None), ""),
    (Typed(V.UINT32, None), ""),
]


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_a_value_of_every_type_is_printed_as_windows_does(path: Path, value: Typed, expected: Any) -> None:
    row = only(path, event(data=[("X", value)])).flat(0)
    assert row["X"] == expected
    assert type(row["X"]) is type(expected)


@pytest.mark.parametrize("form", ["template", "inline", "nested_inline"])
@pytest.mark.parametrize("fragment", [True, False])
def test_every_form_of_a_record_gives_the_same_text(path: Path, form: str, fragment: bool) -> None:
    data = [("CommandLine", "cmd /c x"), ("Port", 445), ("Logon", Typed(V.HEX_INT64, 0x3E7)), (None, "loose")]
    row = only(
        path, event(data=data, form=form, nested_fragment=fragment, user_sid=SID, process_id=4, thread_id=8)
    ).flat(0)
    assert {name: str(value) for name, value in row.items() if name not in ("Data", "EventRecordID")} == {
        "Channel": "C", "Provider_Name": "P", "EventID": "7", "Computer": "pc", "Level": "4", "Version": "0",
        "Task": "0", "Opcode": "0", "Keywords": "0x8000000000000000", "Security_UserID": SID,
        "Execution_ProcessID": "4", "Execution_ThreadID": "8", "TimeCreated": "2023-11-14T22:13:20.123456Z",
        "CommandLine": "cmd /c x", "Port": "445", "Logon": "0x3e7",
    }  # fmt: skip
    assert row["Data"] == ["loose"]


@pytest.mark.parametrize("form", ["template", "inline"])
def test_system_columns_have_their_types(path: Path, form: str) -> None:
    guid = "{" + GUID.upper() + "}"
    many = event(form=form, provider_guid=guid, qualifiers=3, activity_id=GUID, related_activity_id=GUID, record_id=9,
                 header_record_id=2)  # fmt: skip
    part = only(path, many)
    assert part.kind == Kind("C", "P", 7)
    assert part.record.tolist() == [2]
    time = part.system["TimeCreated"]
    assert isinstance(time, Int) and time.time and time.numbers.tolist() == [MICROS]
    for name, number in (("EventRecordID", 9), ("EventID_Qualifiers", 3), ("Level", 4), ("Version", 0)):
        column = part.system[name]
        assert isinstance(column, Int) and column.numbers.tolist() == [number]
    assert str(part.system["Provider_Guid"][0]).upper() == guid
    assert str(part.system["Correlation_ActivityID"][0]).strip("{}").lower() == GUID
    assert "Security_UserID" not in part.system


def test_integers_are_numbers_only_where_all_of_a_column_are(path: Path) -> None:
    part = only(
        path,
        event(data=[("A", 1), ("B", 1), ("C", Typed(V.UINT64, 2**63))]),
        event(data=[("A", -2), ("B", "x"), ("C", 1)]),
        event(data=[("B", 3)]),
    )
    a, b, c = (part.data[name] for name in "ABC")
    assert isinstance(a, Int) and a.numbers.tolist()[:2] == [1, -2] and a.present.tolist() == [True, True, False]
    assert isinstance(b, Text) and [b[row] for row in range(3)] == ["1", "x", "3"]
    assert isinstance(c, Text) and [c[row] for row in range(3)] == [str(2**63), "1", MISSING]


def test_arrays_repeated_and_nameless_fields_have_several_values(path: Path) -> None:
    part = only(
        path,
        event(data=[("List", ["a", "", "b"]), ("Twice", 1), ("Twice", "x"), (None, "n1"), (None, ["n2", "n3"])]),
        event(data=[("List", "sole"), ("Numbers", Typed(V.UINT16_ARRAY, [1, 2])), ("Threat Name", "t")]),
    )
    first, second = part.flat(0), part.flat(1)
    assert (first["List"], first["Twice"], first["Data"]) == (["a", "", "b"], ["1", "x"], ["n1", "n2", "n3"])
    assert "Data" not in second
    assert (second["List"], second["Numbers"], second["ThreatName"]) == (["sole"], ["1", "2"], "t")


def test_an_optional_null_is_absent_and_another_null_is_empty(path: Path) -> None:
    tree = element(
        "EventData",
        Element("Data", (("Name", "Optional"),), (Sub(Typed(V.STRING, None), optional=True),)),
        Element("Data", (("Name", "Normal"),), (Sub(Typed(V.STRING, None)),)),
        Element("Data", (("Name", "Mixed"),), ("<", Sub(Typed(V.UINT8, 7)), ">")),
    )
    row = only(path, event(user_data=tree)).flat(0)
    assert "Optional" not in row
    assert (row["Normal"], row["Mixed"]) == ("", "<7>")


@pytest.mark.parametrize("form", ["template", "inline"])
def test_user_data_is_flattened_to_its_leaves(path: Path, form: str) -> None:
    tree = element(
        "EventXML",
        element("SubjectUserName", "alice"),
        element("Deep", element("a:FilePath", "C:\\x"), element("FilePath", "C:\\y"), kind="k"),
        element("Empty"),
        xmlns="urn:x",
    )
    row = only(path, event(user_data=tree, form=form)).flat(0)
    assert (row["SubjectUserName"], row["FilePath"], row["Deep_kind"], row["Empty"]) == (
        "alice", ["C:\\x", "C:\\y"], "k", "",
    )  # fmt: skip
    assert not any("xmlns" in name for name in row)


@pytest.mark.parametrize("form", ["template", "inline"])
def test_every_kind_of_markup_is_text(path: Path, form: str) -> None:
    tree = element(
        "X",
        element("Text", "a", CData("<b>"), CharRef(0x263A), EntityRef("amp"), EntityRef("lt")),
        element("Lone", CharRef(0xD800)),
        Instruction("target", "data"),
    )
    row = only(path, event(user_data=tree, form=form)).flat(0)
    assert (row["Text"], row["Lone"]) == ("a<b>☺&<", "�")


def test_a_lone_surrogate_becomes_the_replacement_character(path: Path) -> None:
    good = log([event(data=[("X", "aQQb")])])
    assert good.count("QQ".encode("utf-16-le")) == 1
    partitions, _ = read(path, good.replace("QQ".encode("utf-16-le"), b"\x00\xd8Q\0"))
    assert partitions[0].flat(0)["X"] == "a�Qb"


# --- batches ----------------------------------------------------------------------------------------------------------


def test_partitions_follow_first_appearance_and_rows_follow_the_file(path: Path) -> None:
    events = [event(event_id=number % 3, channel="AB"[number % 2], data=[("N", number)]) for number in range(700)]
    partitions, account = read(path, log(events), target=CHUNK_SIZE)
    assert [(p.kind.channel, p.kind.event_id) for p in partitions[:4]] == [("A", 0), ("B", 1), ("A", 2), ("B", 0)]
    rows = [(position, part.flat(row)["N"]) for part in partitions for row, position in enumerate(part.position)]
    assert [number for _, number in sorted(rows)] == list(range(700))
    assert account.ordinals(np.array([position for position, _ in sorted(rows)])).tolist() == list(range(700))
    assert account.chunks > 1 and sum(account.chunk_records.values()) == 700
    assert account.first == account.last == MICROS


def test_blocks_pack_many_files(tmp_path: Path) -> None:
    extents = []
    for index in range(5):
        file = tmp_path / f"{index}.evtx"
        file.write_bytes(log([event(data=[("N", index)])]))
        extents += list(cut(index, file, Account(file.name, str(file)), 1 << 24))
    blocks = list(pack(extents, 3 * CHUNK_SIZE))
    assert [len(block.extents) for block in blocks] == [3, 2]
    part = decode(blocks[0]).partitions[0]
    assert part.source.tolist() == [0, 1, 2] and [part.flat(row)["N"] for row in range(3)] == [0, 1, 2]
    assert sorted(decode(blocks[1]).accounts) == [3, 4]


def test_events_without_common_fields_do_not_make_a_huge_table(path: Path) -> None:
    from lotl.sources.evtx.assemble import Assembler
    from lotl.sources.evtx.flatten import Flat

    rows = Assembler()
    for number in range(4000):
        rows.add(0, number, number, Flat({"EventID": 1}, [(f"F{number}", "x")]))
    partitions = rows.partitions()
    assert sum(map(len, partitions)) == 4000 and len(partitions) > 1
    assert sum(len(part) * len(part.data) for part in partitions) < 4000 * 4000 / 4


def test_records_gives_nested_dicts(path: Path) -> None:
    path.write_bytes(log([event(data=[("A", 1), ("B", "x"), ("B", "y")])]))
    (record,) = records(path)
    assert record["EventData"] == {"A": 1, "B": ["x", "y"]}
    assert (record["record"], record["position"], record["System"]["EventID"]) == (1, 0, 7)


# --- damage -----------------------------------------------------------------------------------------------------------

LIMITED: dict[str, Callable[[bytes], bytes]] = {
    **hostile_evtx.ALL,
    "amplified": lambda data: hostile_evtx.amplified(copies=8),
}


@pytest.mark.parametrize("name", sorted(LIMITED))
def test_hostile_files_are_read_and_accounted_for(path: Path, name: str) -> None:
    data = LIMITED[name](hostile_evtx.sample())
    partitions, account = read(path, data)
    assert account.records == sum(map(len, partitions)) == sum(account.chunk_records.values())
    assert len(account.problems) + account.more_problems >= account.lost
    positions = np.concatenate([np.zeros(0, np.int64), *(part.position for part in partitions)])
    assert len(np.unique(positions)) == len(positions)


@pytest.mark.parametrize(
    ("name", "records_read", "lost"),
    [
        ("bad_crc", 300, 0),
        ("no_header", 300, 0),
        ("dirty_header", 300, 0),
        ("bad_size_copy", 300, 0),
        ("bad_free_offset", 300, 0),
        ("cyclic_names", 300, 0),
        ("cyclic_templates", 300, 0),
        ("bad_record_size_0", 299, 1),
        ("bad_record_size_4294967295", 299, 1),
        ("deep", 0, 1),
        ("deep_values", 0, 1),
        ("random_bytes", 0, 0),
    ],
)
def test_what_is_readable_is_read(path: Path, name: str, records_read: int, lost: int) -> None:
    _, account = read(path, hostile_evtx.ALL[name](hostile_evtx.sample()))
    assert (account.records, account.lost) == (records_read, lost)


def test_depth_counts_through_templates_and_values(path: Path) -> None:
    tree = element("Leaf", 1)
    for _ in range(12):
        tree = element("Value", Typed(V.BINXML, tree))
        for _ in range(30):
            tree = element("Deep", tree)
    _, account = read(path, log([event(user_data=element("UserData", tree))]))
    assert (account.records, account.lost) == (0, 1)
    assert "nesting" in account.problems[0].what


def test_an_element_that_is_not_closed_is_no_record(path: Path) -> None:
    good = log([event(data=[("A", "x")], form="inline")])
    at = good.index(b"x\0" + b"\x04\x04\x04\x00")
    _, account = read(path, good[: at + 2] + b"\0\0\0" + good[at + 5 :])
    assert (account.records, account.lost) == (0, 1)


def test_damage_is_located(path: Path) -> None:
    good = hostile_evtx.sample()
    starts = hostile_evtx.record_starts(good, FILE_HEADER_SIZE)
    bad = bytearray(good)
    bad[starts[5] + 24] = 0x7F  # the first token of the sixth record
    _, account = read(path, bytes(bad))
    assert (account.records, account.lost, account.flagged_chunks) == (299, 1, 1)
    assert account.problems[0].where == f"chunk 0, offset {starts[5]}"
    assert "0x3f" in account.problems[0].what


def test_a_bad_chunk_does_not_shift_the_numbers_of_the_others(path: Path) -> None:
    good = log([event(data=[("N", number), ("Text", "x" * 200)]) for number in range(400)])
    partitions, _ = read(path, good)
    before = {int(p): part.flat(row)["N"] for part in partitions for row, p in enumerate(part.position)}
    bad = bytearray(good)
    bad[FILE_HEADER_SIZE + CHUNK_SIZE] ^= 0xFF
    partitions, account = read(path, bytes(bad))
    after = {int(p): part.flat(row)["N"] for part in partitions for row, p in enumerate(part.position)}
    assert account.bad_chunks == 1 and str(FILE_HEADER_SIZE + CHUNK_SIZE) in account.problems[0].where
    assert after == {position: n for position, n in before.items() if position >> 16 != 1}
    assert len(after) < len(before)


@pytest.mark.parametrize("offset", [0, 512, 4096 + 1536, CHUNK_SIZE * 3 + 512])
def test_chunks_are_found_at_any_sector(path: Path, offset: int) -> None:
    chunks = hostile_evtx.sample()[FILE_HEADER_SIZE:]
    junk = random.Random(offset).randbytes(offset)
    _, account = read(path, junk + chunks + junk[:512] + chunks[:CHUNK_SIZE])
    assert account.records == 300 + len(hostile_evtx.record_starts(hostile_evtx.sample(), FILE_HEADER_SIZE))
    assert account.chunks == 3 and account.lost == 0
    if offset < CHUNK_SIZE:
        assert sniff((junk + chunks)[:CHUNK_SIZE])


def test_a_signature_inside_garbage_hides_no_chunk(path: Path) -> None:
    good = hostile_evtx.sample()
    chunk = good[FILE_HEADER_SIZE : FILE_HEADER_SIZE + CHUNK_SIZE]
    # A garbage chunk that holds the start of a valid one, which would reach into the next.
    garbage = b"\xff" * 1024 + chunk[: CHUNK_SIZE - 1024]
    _, account = read(path, good[:FILE_HEADER_SIZE] + garbage + good[FILE_HEADER_SIZE:])
    assert account.records >= 300


def test_a_dirty_tail_is_read_and_slack_is_not(path: Path) -> None:
    good = log([event(data=[("N", number)]) for number in range(20)])
    starts = hostile_evtx.record_starts(good, FILE_HEADER_SIZE)
    data = bytearray(good)
    free = starts[15] - FILE_HEADER_SIZE
    struct.pack_into("<I", data, FILE_HEADER_SIZE + 48, free)  # the header knows of 15 records
    _, account = read(path, hostile_evtx.repair(bytes(data)))
    assert (account.records, account.slack) == (20, 0)
    for start in starts[15:]:  # remains of another time do not count on
        (number,) = struct.unpack_from("<Q", data, start + 8)
        struct.pack_into("<Q", data, start + 8, number + 1000)
    _, account = read(path, hostile_evtx.repair(bytes(data)))
    assert (account.records, account.lost, account.slack) == (15, 0, 5)


def test_empty_zero_and_truncated_files(path: Path) -> None:
    good = hostile_evtx.sample()
    assert read(path, b"")[1].records == 0
    _, account = read(path, good + bytes(3 * CHUNK_SIZE))
    assert (account.records, account.zeroed, account.damaged) == (300, 3, False)
    _, account = read(path, good[:-1])  # only padding is missing
    assert (account.records, account.lost, account.truncated) == (300, 0, CHUNK_SIZE - 1)


def test_chunks_that_the_header_counts_are_missed(path: Path) -> None:
    good = log([event(data=[("Text", "x" * 200)]) for _ in range(400)])
    _, account = read(path, good[: FILE_HEADER_SIZE + CHUNK_SIZE])
    assert "more chunks" in account.problems[0].what and account.damaged
    _, account = read(path, hostile_evtx.zeroed_chunk(good))
    assert account.zeroed == 1 and "never written" in account.problems[0].what and account.damaged


def test_a_file_that_shrinks_or_vanishes_is_no_crash(path: Path) -> None:
    good = hostile_evtx.sample()
    path.write_bytes(good)
    extents = tuple(cut(0, path, Account("x", str(path)), 1 << 24))
    path.write_bytes(good[: FILE_HEADER_SIZE + CHUNK_SIZE])
    shorter = decode(Block(extents)).accounts[0]
    assert 0 < shorter.records < 300 and "shorter" in shorter.problems[0].what
    path.unlink()
    gone: Decoded = decode(Block(extents))
    assert gone.partitions == [] and "cannot be read" in gone.accounts[0].problems[0].what


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bytes(path: Path, seed: int) -> None:
    good = hostile_evtx.sample(120)
    starts = hostile_evtx.record_starts(good, FILE_HEADER_SIZE)
    chance = random.Random(seed)
    bad = bytearray(good)
    end = starts[-1] + 200
    for _ in range(chance.choice([1, 5, 40])):
        bad[chance.randrange(FILE_HEADER_SIZE + CHUNK_HEADER_SIZE, end)] ^= 1 << chance.randrange(8)
    data = hostile_evtx.repair(bytes(bad)) if seed % 2 else bytes(bad)
    partitions, account = read(path, data)
    assert account.records == sum(map(len, partitions))
    if sum(data[at : at + 4] == RECORD_MAGIC for at in starts) == len(starts):
        assert account.records + account.lost >= len(starts)
    assert account.records > 0 or account.lost > 0


# --- public corpora ---------------------------------------------------------------------------------------------------


def used_records(data: bytes) -> int:
    """Count the records of a file by signatures and sizes, up to the free space of each chunk."""
    count = 0
    for start in range(FILE_HEADER_SIZE, len(data), CHUNK_SIZE):
        chunk = data[start : start + CHUNK_SIZE]
        if not chunk.startswith(b"ElfChnk\0"):
            continue
        at, (free,) = CHUNK_HEADER_SIZE, struct.unpack_from("<I", chunk, 48)
        while at < free and chunk[at : at + 4] == RECORD_MAGIC:
            at += struct.unpack_from("<I", chunk, at + 4)[0]
            count += 1
    return count


def test_every_record_of_the_corpora_is_read(shared: Path) -> None:
    files = sorted((shared / "data").rglob("*.evtx"))
    total, expected = Account("", ""), 0
    extents = []
    for index, file in enumerate(files):
        extents += list(cut(index, file, total, 1 << 24))
        expected += used_records(file.read_bytes())
    for block in pack(extents, 1 << 24):
        for account in decode(block).accounts.values():
            total.add(account)
    assert total.records == expected > 10_000
    assert (total.lost, total.bad_chunks, total.truncated) == (0, 0, 0)


def test_the_corpora_read_as_another_parser_reads_them(shared: Path) -> None:
    oracle = pytest.importorskip("evtx")
    import json

    files = sorted((shared / "data").rglob("*.evtx"))[::6]
    compared = 0
    for file in files:
        theirs = list(oracle.PyEvtxParser(str(file)).records_json())
        ours = list(records(file))
        assert [record["record"] for record in ours] == [record["event_record_id"] for record in theirs]
        for mine, other in zip(ours, theirs, strict=True):
            event_ = json.loads(other["data"])["Event"]
            expected = oracle_fields(event_)
            actual = {name: plain(value) for name, value in mine["EventData"].items()}
            for name in {**actual, **expected}:
                # The oracle shows optional parts that are null, and inline elements without content as nothing.
                assert actual.get(name, [""]) == expected.get(name, [""]), (file, mine["record"], name)
                compared += 1
    assert compared > 10_000


def plain(value: Any) -> list[str]:
    return [comparable(str(item)) for item in (value if isinstance(value, list) else [value])]


def comparable(text: str) -> str:
    """Take away what is printed differently on purpose: braces of GUIDs, the seventh digit of times."""
    if len(text) == 38 and text[0] == "{" and text[-1] == "}":
        return text[1:-1]
    if len(text) == 28 and text[10] == "T" and text[-1] == "Z":
        return text[:26] + "Z"
    return text


def oracle_fields(event_: dict[str, Any]) -> dict[str, list[str]]:
    found: list[tuple[str, str]] = []
    for part, content in event_.items():
        if part not in ("System", "#attributes") and isinstance(content, dict):
            for name, value in content.items():
                if name != "#attributes":
                    oracle_leaves(name, value, found)
                else:
                    found += [(f"{part}_{key}", str(item)) for key, item in value.items() if "xmlns" not in key]
    fields: dict[str, list[str]] = {}
    for name, text in found:
        fields.setdefault(name.replace(" ", ""), []).append(comparable(text))
    return fields


def oracle_leaves(name: str, value: Any, found: list[tuple[str, str]]) -> None:
    name = name.rpartition(":")[2]
    if isinstance(value, list):
        for item in value:
            oracle_leaves(name, item, found)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "#attributes":
                found += [(f"{name}_{k}", str(v)) for k, v in item.items() if not k.startswith("xmlns")]
            else:
                oracle_leaves(name if key == "#text" else key, item, found)
    else:
        found.append((name, "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)))
