"""The second engine, and the field-by-field comparison of both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lotl.sources.base import Account, Block
from lotl.sources.evtx import pythonevtx, reader, verify
from lotl.sources.evtx.blocks import cut
from lotl.sources.evtx.format import FILE_HEADER_SIZE
from lotl.sources.evtx.format import ValueType as V
from lotl.sources.evtx.markup import element
from lotl.sources.evtx.writer import EvtxWriter, Record, Typed
from tests import hostile_evtx

GUID = "01234567-89ab-cdef-0011-223344556677"


def write(path: Path, *events: dict[str, Any]) -> Path:
    base = {"provider": "P", "event_id": 7, "channel": "C", "computer": "pc", "time": 1_700_000_000_123_456}
    with EvtxWriter(path) as log:
        for changes in events:
            log.write(Record(**{**base, **changes}))
    return path


def block(path: Path) -> Block:
    return Block(tuple(cut(0, path, Account(path.name, str(path)), 1 << 24)))


def kinds(result: verify.Verification) -> dict[str, str]:
    """Fields in which the readers differ, with the kind of the difference."""
    return {example.field.partition(".")[2]: kind.kind for kind in result.kinds.values() for example in kind.examples}


def test_both_engines_read_the_same_events(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.evtx",
        {"data": [("Image", "C:\\x.exe"), ("Text", "ü <&> \r\n\t")]},
        {"event_id": 8, "user_data": element("EventXML", element("Param", "v"))},
        {"data": [("Image", "y")]},
    )
    ours, theirs = reader.decode(block(path)), pythonevtx.decode(block(path))
    assert [part.kind for part in theirs.partitions] == [part.kind for part in ours.partitions]
    for mine, other in zip(ours.partitions, theirs.partitions, strict=True):
        assert mine.record.tolist() == other.record.tolist()
        assert mine.position.tolist() == other.position.tolist()
        for row in range(len(mine)):
            expected, actual = mine.flat(row), other.flat(row)
            for name in expected.keys() - {"TimeCreated"}:  # python-evtx rounds it
                assert actual[name] == expected[name], name
            assert not any(actual[name] for name in actual.keys() - expected.keys())
    assert theirs.accounts[0].records == 3


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (Typed(V.HEX_INT64, 0x3E7), "hexadecimal"),
        (Typed(V.GUID, GUID), "guid"),
        (Typed(V.BOOL, True), "boolean"),
        (Typed(V.SIZE_T, 0x7FFE12345678), "pointer"),
        (Typed(V.BINARY, b"\x00\x01\xff"), "binary"),
        (Typed(V.FILETIME, 133_536_527_985_000_001), "time"),
        (Typed(V.SYSTEMTIME, (2024, 2, 4, 29, 23, 59, 58, 123)), "time"),
        (Typed(V.FLOAT, 0.1), "number"),
        (["a", "b"], "array"),
        (["a\u2500b", "c"], "cut"),
        ("bell\x07", "control"),
    ],
)
def test_documented_differences_are_told_apart(tmp_path: Path, value: Any, kind: str) -> None:
    path = write(tmp_path / "a.evtx", {"data": [("X", value), ("Same", "same")]})
    result = verify.verify([path])
    assert kinds(result)["X"] == kind
    assert "Same" not in kinds(result)
    assert (result.records, result.python_evtx_records, result.undocumented) == (1, 1, 0)


def test_equal_values_are_no_difference(tmp_path: Path) -> None:
    values = [("A", "text"), ("B", 7), ("C", ""), ("D", Typed(V.INT64, -5)), ("E", Typed(V.SID, "S-1-5-18"))]
    result = verify.verify([write(tmp_path / "a.evtx", {"data": values})])
    assert not {"A", "B", "C", "D", "E"} & set(kinds(result))
    assert result.undocumented == 0


@pytest.mark.parametrize(
    ("ours", "theirs", "kind"),
    [
        (["0x3e7"], ["0x3e8"], "value"),
        (["true"], ["False"], "value"),
        (["a", "b"], ["<string>a</string>\n<string>c</string>\n"], "value"),
        (["x"], None, "extra"),
        (None, ["x"], "missing"),
        (None, [""], "optional"),
        (["2024-02-29T23:59:58.0000000Z"], ["2024-02-29 23:59:57"], "value"),
        (["{" + GUID.upper() + "}"], ["{" + GUID.replace("7", "8") + "}"], "value"),
        (["00FF"], ["AP8="], "binary"),
        (["00FE"], ["AP8="], "value"),
        (["a", "0x1"], ["b", "0x01"], "value"),
    ],
)
def test_real_differences_are_not_explained_away(ours: Any, theirs: Any, kind: str) -> None:
    rule = verify._judge(ours, theirs)
    assert rule is not None and rule.kind == kind
    assert rule.documented is (kind not in ("value", "extra", "missing"))


def test_a_wrong_reading_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.evtx", {"data": [("X", "right")]})
    real = verify.read_flat

    def wrong(*arguments: Any) -> Any:
        flat = real(*arguments)
        flat.data = [(name, "wrong") for name, _ in flat.data]
        return flat

    monkeypatch.setattr(verify, "read_flat", wrong)
    result = verify.verify([path])
    (difference,) = result.kinds["value"].examples
    assert (difference.record, difference.field, difference.lotl, difference.python_evtx) == (
        1, "EventData.X", "wrong", "right",
    )  # fmt: skip
    assert result.undocumented == 1


def test_damaged_records_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.evtx"
    good = hostile_evtx.sample(20)
    bad = bytearray(good)
    bad[hostile_evtx.record_starts(good, FILE_HEADER_SIZE)[5] + 24] = 0x7F
    path.write_bytes(bad)
    result = verify.verify([path])
    assert (result.files, result.records, result.lost) == (1, 19, 1)
    assert result.problems[0][0] == str(path)
    assert json.loads(json.dumps(result.to_dict()))["lost"] == 1


TWO_CHUNKS = ("mixed", "random_chunk", "zeroed_chunk")


@pytest.mark.parametrize("name", sorted({*hostile_evtx.ALL} - {"amplified"}))
def test_hostile_files_stop_neither_engine(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.evtx"
    path.write_bytes(hostile_evtx.ALL[name](hostile_evtx.sample(200 if name in TWO_CHUNKS else 40)))
    decoded = pythonevtx.decode(block(path))
    assert sum(map(len, decoded.partitions)) == sum(account.records for account in decoded.accounts.values())


def test_the_corpora_have_no_undocumented_difference(shared: Path) -> None:
    files = sorted((shared / "data").rglob("*.evtx"))[::16]
    result = verify.verify(files)
    assert result.files == len(files) and result.lost == 0
    assert result.undocumented == 0, result.to_dict()
    assert result.equal > 5_000
