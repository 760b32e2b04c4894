"""The EVTX writer: every value of every type and form is read back by parsers that are not ours."""

from __future__ import annotations

import io
import json
import re
import struct
import uuid
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from lotl.errors import OutputError
from lotl.sources.evtx.format import CHUNK_SIZE, FILE_HEADER_SIZE
from lotl.sources.evtx.format import ValueType as V
from lotl.sources.evtx.markup import CData, CharRef, Element, EntityRef, Instruction, Sub, element
from lotl.sources.evtx.writer import EvtxWriter, Layout, Record, Typed
from tests import hostile_evtx

NAMESPACE = "{http://schemas.microsoft.com/win/2004/08/events/event}"
MOMENT = datetime(2024, 2, 29, 23, 59, 58, 123456, tzinfo=UTC)
GUID = "01234567-89ab-cdef-0011-223344556677"
SID = "S-1-5-21-1004336348-1177238915-682003330-512"
TICKS = 133_536_527_985_000_000

TYPES: list[tuple[V, Any, Any, str]] = [
    # type, value, as the Rust parser prints it (JSON), as python-evtx prints it
    (V.STRING, 'Zoë\'s \U0001f600 <&> "x"', 'Zoë\'s \U0001f600 <&> "x"', 'Zoë\'s \U0001f600 <&> "x"'),
    (V.STRING, "", "", ""),
    (V.ANSI_STRING, "plain", "plain", "plain"),
    (V.INT8, -128, -128, "-128"),
    (V.UINT8, 255, 255, "255"),
    (V.INT16, -32768, -32768, "-32768"),
    (V.UINT16, 65535, 65535, "65535"),
    (V.INT32, -(2**31), -(2**31), str(-(2**31))),
    (V.UINT32, 2**32 - 1, 2**32 - 1, str(2**32 - 1)),
    (V.INT64, -(2**63), -(2**63), str(-(2**63))),
    (V.UINT64, 2**64 - 1, 2**64 - 1, str(2**64 - 1)),
    (V.FLOAT, 0.5, 0.5, "0.5"),
    (V.DOUBLE, -1.25e300, -1.25e300, "-1.25e+300"),
    (V.BOOL, True, True, "True"),
    (V.BOOL, False, False, "False"),
    (V.BINARY, b"\x00\xfe\xff", "00FEFF", "AP7/"),
    (V.GUID, GUID, GUID.upper(), "{" + GUID + "}"),
    (V.SIZE_T, 0x7FFE12345678, "0x7ffe12345678", str(0x7FFE12345678)),
    (V.FILETIME, TICKS, "2024-02-29T03:59:58.500000Z", "2024-02-29 03:59:58.500000+00:00"),
    (V.SYSTEMTIME, MOMENT, "2024-02-29T23:59:58.123000Z", "2024-02-29 23:59:58.000123"),  # its defect
    (V.SID, SID, SID, SID),
    (V.HEX_INT32, 0xC000006D, "0xc000006d", "0xc000006d"),
    (V.HEX_INT64, 0x3E7, "0x3e7", "0x00000000000003e7"),
    (V.NULL, None, None, ""),
    (V.UINT32, None, None, ""),
]

ARRAYS: list[tuple[V, list[Any], list[str]]] = [
    (V.STRING_ARRAY, ["one", "two three", "four"], ["one", "two three", "four"]),
    (V.INT8_ARRAY, [-1, 2], ["-1", "2"]),
    (V.UINT8_ARRAY, [1, 255], ["1", "255"]),
    (V.INT16_ARRAY, [-300, 2], ["-300", "2"]),
    (V.UINT16_ARRAY, [1, 65535], ["1", "65535"]),
    (V.INT32_ARRAY, [-7, 7], ["-7", "7"]),
    (V.UINT32_ARRAY, [1, 2, 3], ["1", "2", "3"]),
    (V.INT64_ARRAY, [-(2**40)], [str(-(2**40))]),
    (V.UINT64_ARRAY, [2**64 - 1, 0], [str(2**64 - 1), "0"]),
    (V.FLOAT_ARRAY, [0.5, 1.5], ["0.5", "1.5"]),
    (V.DOUBLE_ARRAY, [0.25], ["0.25"]),
    (V.BOOL_ARRAY, [True, False], ["true", "false"]),
    (V.GUID_ARRAY, [GUID, GUID], [GUID.upper(), GUID.upper()]),
    (V.FILETIME_ARRAY, [TICKS, TICKS], ["2024-02-29T03:59:58.500000Z"] * 2),
    (V.SYSTEMTIME_ARRAY, [MOMENT], ["2024-02-29T23:59:58.123000Z"]),
    (V.SID_ARRAY, [SID, "S-1-5-18"], [SID, "S-1-5-18"]),
    (V.HEX_INT32_ARRAY, [16, 255], ["0x10", "0xff"]),
    (V.HEX_INT64_ARRAY, [16], ["0x10"]),
]


def record(**changes: Any) -> Record:
    base: dict[str, Any] = {
        "provider": "Lotl-Test", "provider_guid": GUID, "event_id": 7, "channel": "Lotl/Test",
        "computer": "pc-1.example", "time": MOMENT, "process_id": 4, "thread_id": 8, "user_sid": "S-1-5-18",
        "data": [("A", "x")],
    }  # fmt: skip
    return Record(**base | changes)


def write(path: Path, *records: Record, **options: Any) -> Path:
    with EvtxWriter(path, **options) as log:
        for item in records:
            log.write(item)
    return path


def rust_json(path: Path) -> list[dict[str, Any]]:
    evtx = pytest.importorskip("evtx")
    return [json.loads(row["data"])["Event"] for row in evtx.PyEvtxParser(str(path)).records_json()]


def rust_xml(path: Path) -> list[str]:
    evtx = pytest.importorskip("evtx")
    return [row["data"] for row in evtx.PyEvtxParser(str(path)).records()]


def verify(path: Path) -> int:
    """Have python-evtx check every checksum; return its count of records."""
    module = pytest.importorskip("Evtx.Evtx")
    with module.Evtx(str(path)) as log:
        header = log.get_file_header()
        assert header.verify()
        assert all(chunk.verify() for chunk in header.chunks())
        return sum(1 for _ in log.records())


def python_xml(path: Path) -> list[str]:
    """All records as python-evtx reads them, after it has checked every checksum."""
    verify(path)
    with pytest.importorskip("Evtx.Evtx").Evtx(str(path)) as log:
        return [row.xml() for row in log.records()]


def fields(xml: str) -> dict[str, str]:
    root = ElementTree.fromstring(xml)
    found = root.iter(NAMESPACE + "Data")
    return {item.get("Name", str(index)): item.text or "" for index, item in enumerate(found)}


def test_every_type_reads_the_same_in_both_parsers(tmp_path: Path) -> None:
    data = [(f"F{index}", Typed(kind, value)) for index, (kind, value, _, _) in enumerate(TYPES)]
    path = write(tmp_path / "types.evtx", record(data=data), record(data=data))
    for event in rust_json(path):
        for index, (kind, _, expected, _) in enumerate(TYPES):
            got = event["EventData"][f"F{index}"]
            assert str(got or "") == str(expected or "") or (got, expected) in ((0, 0), (False, False)), kind
    for xml in python_xml(path):
        got_python = fields(xml)
        for index, (kind, _, _, text) in enumerate(TYPES):
            assert got_python[f"F{index}"] == text, kind


def test_system_values_reach_both_parsers(tmp_path: Path) -> None:
    item = record(
        version=2, level=3, task=12544, opcode=15, keywords=0x8020000000000000, qualifiers=16384, record_id=991,
        activity_id=GUID, related_activity_id=GUID[::-1].replace("-", "").ljust(32, "0"), user_sid=SID,
    )  # fmt: skip
    path = write(tmp_path / "system.evtx", item)
    (event,) = rust_json(path)
    system = event["System"]
    assert system["Provider"]["#attributes"] == {"Name": "Lotl-Test", "Guid": GUID.upper()}
    assert system["EventID"] == {"#attributes": {"Qualifiers": 16384}, "#text": 7}
    assert (system["Version"], system["Level"], system["Task"], system["Opcode"]) == (2, 3, 12544, 15)
    assert system["Keywords"] == "0x8020000000000000"
    assert system["TimeCreated"]["#attributes"]["SystemTime"] == "2024-02-29T23:59:58.123456Z"
    assert system["EventRecordID"] == 991
    assert system["Correlation"]["#attributes"]["ActivityID"] == GUID.upper()
    assert system["Execution"]["#attributes"] == {"ProcessID": 4, "ThreadID": 8}
    assert (system["Channel"], system["Computer"]) == ("Lotl/Test", "pc-1.example")
    assert system["Security"]["#attributes"]["UserID"] == SID
    (xml,) = python_xml(path)
    assert f'ActivityID="{{{GUID}}}"' in xml
    assert f'UserID="{SID}"' in xml
    assert '<EventID Qualifiers="16384">7</EventID>' in xml


@pytest.mark.parametrize(("kind", "value", "expected"), ARRAYS)
def test_arrays(tmp_path: Path, kind: V, value: list[Any], expected: list[str]) -> None:
    path = write(tmp_path / "arrays.evtx", record(data=[("A", Typed(kind, value)), ("B", "after")]))
    root = ElementTree.fromstring(rust_xml(path)[0])
    data = [(item.get("Name"), item.text or "") for item in root.iter(NAMESPACE + "Data")]
    assert data == [("A", text) for text in expected] + [("B", "after")]


def test_string_array_and_binary_of_classic_providers(tmp_path: Path) -> None:
    item = record(
        provider="ESENT", event_source="ESENT", provider_guid=None, qualifiers=0, version=None, opcode=None,
        data=[(None, ["lsass", "700", "", "D:\\x.dit"]), (None, b"\x01\x02")],
    )  # fmt: skip
    path = write(tmp_path / "classic.evtx", item)
    (event,) = rust_json(path)
    assert event["EventData"]["Data"]["#text"] == ["lsass", "700", "", "D:\\x.dit"]
    assert event["EventData"]["Binary"] == "0102"
    assert event["System"]["Provider"]["#attributes"] == {"Name": "ESENT", "EventSourceName": "ESENT"}
    (xml,) = python_xml(path)
    assert re.findall("<string>(.*?)</string>", xml.replace("&lt;", "<").replace("&gt;", ">")) != []


def test_user_data_keeps_its_tree_and_namespaces(tmp_path: Path) -> None:
    tree = element(
        "LogFileCleared", element("SubjectUserSid", Typed(V.SID, SID)), element("Channel", "Security"),
        element("Empty"), xmlns="urn:test",
    )  # fmt: skip
    path = write(tmp_path / "user.evtx", record(data=(), user_data=tree))
    (event,) = rust_json(path)
    cleared = event["UserData"]["LogFileCleared"]
    assert cleared["#attributes"] == {"xmlns": "urn:test"}
    assert (cleared["SubjectUserSid"], cleared["Channel"], cleared["Empty"]) == (SID, "Security", None)
    (xml,) = python_xml(path)
    assert f"<SubjectUserSid>{SID}</SubjectUserSid>" in xml


def test_mixed_literal_text_in_templates(tmp_path: Path) -> None:
    tree = element("UserData", element("Note", "port ", 445, " of ", "host ", Typed(V.STRING, "dc-1")))
    path = write(tmp_path / "mixed.evtx", record(data=(), user_data=tree))
    assert ">port 445 of host dc-1<" in rust_xml(path)[0]
    assert ">port 445 of host dc-1<" in python_xml(path)[0]


def test_nested_binxml_value(tmp_path: Path) -> None:
    inner = element("Inner", element("Deep", 7), element("Text", Typed(V.STRING, "leaf")))
    path = write(tmp_path / "nested.evtx", record(data=[("A", "x"), ("B", Typed(V.BINXML, inner)), ("C", "z")]))
    (xml,) = rust_xml(path)
    assert "<Deep>7</Deep>" in re.sub(r"\s", "", xml) and "<Text>leaf</Text>" in re.sub(r"\s", "", xml)
    (text,) = python_xml(path)
    assert "<Deep>7</Deep>" in text and '<Data Name="C">z</Data>' in text


@pytest.mark.parametrize("fragment", [True, False])
def test_nested_value_with_and_without_fragment_header(tmp_path: Path, fragment: bool) -> None:
    rows = [record(data=[("A", f"v{index}"), ("B", index)], nested_fragment=fragment) for index in range(300)]
    path = write(tmp_path / "fragment.evtx", *rows)
    assert [event["EventData"]["A"] for event in rust_json(path)] == [f"v{index}" for index in range(300)]


def test_inline_records_as_forwarded_logs_have_them(tmp_path: Path) -> None:
    # python-evtx does not read records without a template, so there is one witness only.
    data = [("P", Typed(V.HEX_INT64, 999)), ("N", None)]
    rows = [record(form="inline", data=[("A", f"a {index}"), *data]) for index in range(50)]
    events = rust_json(write(tmp_path / "inline.evtx", *rows))
    assert [event["EventData"]["A"] for event in events] == [f"a {index}" for index in range(50)]
    assert events[3]["EventData"]["P"] == "0x3e7"
    assert events[3]["System"]["EventID"] == "7"
    assert events[3]["System"]["Execution"]["#attributes"] == {"ProcessID": "4", "ThreadID": "8"}
    assert events[3]["System"]["TimeCreated"]["#attributes"]["SystemTime"] == "2024-02-29T23:59:58.1234560Z"


def test_nested_inline_event_data(tmp_path: Path) -> None:
    path = write(
        tmp_path / "nested_inline.evtx", *[record(form="nested_inline", data=[("A", str(n))]) for n in range(9)]
    )
    assert [event["EventData"]["A"] for event in rust_json(path)] == [str(n) for n in range(9)]


@pytest.mark.parametrize("form", ["inline", "template"])
def test_entity_references(tmp_path: Path, form: str) -> None:
    tree = element("UserData", element("N", "a", EntityRef("amp"), "b", EntityRef("lt"), "end"))
    path = write(tmp_path / "entities.evtx", record(form=form, data=(), user_data=tree))
    assert "a&amp;b&lt;end" in rust_xml(path)[0]


def test_rare_tokens_have_the_documented_bytes(tmp_path: Path) -> None:
    # Neither parser reads these tokens, so [MS-EVEN6] 2.2.12 is the witness.
    tree = element("UserData", element("N", CharRef(0x263A), CData("<r>"), Instruction("tgt", "d")))
    for form in ("inline", "template"):
        raw = write(tmp_path / "rare.evtx", record(form=form, data=(), user_data=tree)).read_bytes()
        at = raw.index(b"\x08\x3a\x26\x07\x03\x00<\0r\0>\0\x0a")
        name = struct.unpack_from("<I", raw, at + 13)[0]
        assert raw[FILE_HEADER_SIZE + name + 6 :][:8] == b"\x03\x00t\0g\0t\0"
        assert raw[FILE_HEADER_SIZE + name + 16 :][:5] == b"\x0b\x01\x00d\0"


def test_depth_is_bounded_by_the_chunk_only() -> None:
    tree: Any = "leaf"
    for _ in range(2000):
        tree = element("N", tree)
    for form in ("inline", "template"):
        with EvtxWriter(io.BytesIO()) as log:
            log.write(record(form=form, data=(), user_data=tree))


def test_header_id_may_differ_from_event_record_id(tmp_path: Path) -> None:
    path = write(tmp_path / "ids.evtx", record(record_id=5000, header_record_id=1), record(header_record_id=2))
    evtx = pytest.importorskip("evtx")
    rows = list(evtx.PyEvtxParser(str(path)).records_json())
    assert [row["event_record_id"] for row in rows] == [1, 2]
    assert [json.loads(row["data"])["Event"]["System"]["EventRecordID"] for row in rows] == [5000, 5001]


def test_rotation_and_checksums(tmp_path: Path) -> None:
    rows = [record(data=[("A", "y" * (index % 700)), (f"N{index % 40}", index)]) for index in range(1200)]
    path = write(tmp_path / "many.evtx", *rows)
    raw = path.read_bytes()
    chunks = (len(raw) - FILE_HEADER_SIZE) // CHUNK_SIZE
    assert chunks > 5 and len(raw) == FILE_HEADER_SIZE + chunks * CHUNK_SIZE
    magic, first, last, following, size, minor, major, block, count = struct.unpack_from("<8sQQQIHHHH", raw)
    assert (magic, first, last, following, size, minor, major, block, count) == (
        b"ElfFile\0", 0, chunks - 1, 1201, 128, 1, 3, 4096, chunks,
    )  # fmt: skip
    assert struct.unpack_from("<I", raw, 124)[0] == zlib.crc32(raw[:120])
    number = 1
    for start in range(FILE_HEADER_SIZE, len(raw), CHUNK_SIZE):
        chunk = raw[start : start + CHUNK_SIZE]
        first, last, first_id, last_id, _, last_at, free, crc = struct.unpack_from("<QQQQIIII", chunk, 8)
        assert (first, first_id) == (number, number) and last == last_id
        assert zlib.crc32(chunk[512:free]) == crc
        assert zlib.crc32(chunk[:120] + chunk[128:512]) == struct.unpack_from("<I", chunk, 124)[0]
        size = struct.unpack_from("<I", chunk, last_at + 4)[0]
        assert last_at + size == free and size % 8 == 0
        assert struct.unpack_from("<I", chunk, free - 4)[0] == size
        number = last + 1
    assert number == 1201
    assert [event["System"]["EventRecordID"] for event in rust_json(path)] == list(range(1, 1201))


def test_hash_chains_reach_every_name(tmp_path: Path) -> None:
    names = [f"Name{index}" for index in range(150)]
    path = write(tmp_path / "names.evtx", record(data=[(name, 1) for name in names], user_data=None))
    tree = Element("T", tuple((name, Sub(Typed(V.UINT8, 1))) for name in names))
    path = write(tmp_path / "names.evtx", record(data=(), user_data=tree))
    chunk = path.read_bytes()[FILE_HEADER_SIZE:]
    seen = set()
    for bucket in range(64):
        at = struct.unpack_from("<I", chunk, 128 + 4 * bucket)[0]
        while at:
            following, hashed, length = struct.unpack_from("<IHH", chunk, at)
            assert hashed % 64 == bucket
            seen.add(chunk[at + 8 : at + 8 + 2 * length].decode("utf-16-le"))
            at = following
    assert set(names) <= seen and {"Event", "System", "EventRecordID"} <= seen
    templates = [struct.unpack_from("<I", chunk, 384 + 4 * bucket)[0] for bucket in range(32)]
    assert sum(at > 0 for at in templates) in (1, 2)


def test_flags(tmp_path: Path) -> None:
    path = write(tmp_path / "dirty.evtx", record(), dirty=True, full=True, minor=2)
    module = pytest.importorskip("Evtx.Evtx")
    with module.Evtx(str(path)) as log:
        header = log.get_file_header()
        assert header.verify() is not None and header.is_dirty() and header.is_full()
        assert header.minor_version() == 2


def test_layout_and_record_write_the_same_bytes() -> None:
    layout = Layout(
        "P", 3, "C", [("A", V.STRING), ("B", V.UINT32), ("C", V.GUID), ("D", V.STRING)], provider_guid=GUID, level=2
    )
    rows, records = io.BytesIO(), io.BytesIO()
    with EvtxWriter(rows) as log:
        for index in range(400):
            values = [f"text {index}", index, GUID, None if index % 3 else "z"]
            log.write_row(layout, 10**15 + index, "pc", values, 9, 8, SID)
    with EvtxWriter(records) as log:
        for index in range(400):
            data = [
                ("A", f"text {index}"), ("B", index), ("C", uuid.UUID(GUID)),
                ("D", Typed(V.STRING, None if index % 3 else "z")),
            ]  # fmt: skip
            log.write(
                Record(provider="P", provider_guid=GUID, event_id=3, channel="C", level=2, computer="pc", process_id=9,
                       thread_id=8, user_sid=SID, time=10**15 + index, data=data)
            )  # fmt: skip
    assert rows.getvalue() == records.getvalue()


def test_write_many_changes_only_ids_and_times(tmp_path: Path) -> None:
    rows = [record(time=index, data=[("A", f"v{index}"), ("B", index)]) for index in range(400)]
    path = tmp_path / "cloned.evtx"
    with EvtxWriter(path) as log:
        log.write(record(time=0))
        log.write_many(rows, 1000, step=250)
        log.write(record(time=10**6))
    events = rust_json(path)
    assert [event["System"]["EventRecordID"] for event in events] == list(range(1, 1003))
    period = next(index for index, event in enumerate(events[2:], 1) if event["EventData"]["A"] == "v0")
    assert [event["EventData"]["A"] for event in events[1:-1]] == [f"v{index % period}" for index in range(1000)]
    times = [event["System"]["TimeCreated"]["#attributes"]["SystemTime"] for event in events[1:-1]]
    assert times[:3] == ["1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000250Z", "1970-01-01T00:00:00.000500Z"]
    assert times[-1] == "1970-01-01T00:00:00.249750Z"
    assert verify(path) == 1002


def test_what_does_not_fit_is_refused() -> None:
    with EvtxWriter(io.BytesIO()) as log:
        with pytest.raises(OutputError):
            log.write(record(data=[("A", "x" * 40_000)]))
        with pytest.raises(OutputError):
            log.write(record(data=[("A", "x" * 20_000), ("B", "y" * 20_000)]))
        with pytest.raises(OutputError):
            log.write(record(data=[("A", Typed(V.UINT8, 300))]))
        with pytest.raises(OutputError):
            log.write(record(data=[("A", object())]))
        log.write(record())


def test_a_refused_record_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "refused.evtx"
    with EvtxWriter(path) as log:
        log.write(record(data=[("A", "first")]))
        with pytest.raises(OutputError):
            log.write(record(data=[("New", "x" * 32_000), ("Other", "y" * 32_000)]))
        log.write(record(data=[("New", "second"), ("Other", "third")]))
    assert [list(event["EventData"].values()) for event in rust_json(path)] == [["first"], ["second", "third"]]
    assert len(python_xml(path)) == 2


def test_empty_log(tmp_path: Path) -> None:
    path = write(tmp_path / "empty.evtx")
    assert path.stat().st_size == FILE_HEADER_SIZE
    assert rust_json(path) == []


@pytest.mark.parametrize("name", sorted(hostile_evtx.ALL))
def test_hostile_makers_change_what_they_claim(name: str) -> None:
    good = hostile_evtx.sample()
    bad = hostile_evtx.ALL[name](good)
    assert bad and bad != good
    assert bad == hostile_evtx.ALL[name](good)
    if name.endswith("_repaired"):
        assert hostile_evtx.repair(bad) == bad
