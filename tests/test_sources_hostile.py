"""Hostile and damaged input: each a clear problem in the account, memory bounded, the rest still read."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import lotl
from lotl.sources import archive, text, unpack
from lotl.sources.discover import discover

from .conftest import ROOT
from .logs import write_sysmon

GOOD = {"SourceName": "S", "Channel": "Security", "Hostname": "H", "EventID": 4688, "CommandLine": "whoami"}


def line(**more: Any) -> bytes:
    return json.dumps({**GOOD, **more}).encode() + b"\n"


def read(path: Path, data: bytes, **options: Any) -> lotl.Events:
    path.write_bytes(data)
    return lotl.read(path, **options)


def problems(events: lotl.Events) -> str:
    return "; ".join(f"{a.name}: {p.where}: {p.what}" for a in events.accounts for p in a.problems)


def commands(events: lotl.Events) -> list[str]:
    return [str(event.get("CommandLine")) for event in events]


# --- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (b'{"SourceName":"S","EventID":1,' + b'"a":' * 100_000 + b"1", "broken JSON"),
        (
            b'{"EventID":4688,"Channel":"c","SourceName":"s","x":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
            "broken JSON",
        ),
        (b'{"EventID":4688,"Channel":"c","SourceName":"s","x":' + b"[" * 500 + b"]" * 500 + b"}", None),
        (b'{"EventID":4688,"Channel":"c","SourceName":"s","x":' + b'{"a":' * 500 + b"1" + b"}" * 501, "nested deeper"),
        (json.dumps({**GOOD, **{f"k{n}": n for n in range(100_000)}}).encode(), "fields, more than"),
        (b'{"EventID":4688,"Channel":', "broken JSON"),
        (b"\xff\xfe\x00garbage", "broken JSON"),
        (b"[1, 2]", "must be an object"),
        (b'"text"', "must be an object"),
        (b'{"unknown":1}', "no names of a Windows event"),
    ],
)
def test_a_bad_line_costs_only_itself(tmp_path: Path, bad: bytes, what: str | None) -> None:
    events = read(tmp_path / "x.json", line(CommandLine="a") + bad + b"\n" + line(CommandLine="b"))
    assert commands(events) == ["a", *(["None"] if what is None else []), "b"]
    assert (what is None) == (not events.accounts[0].damaged)
    assert what is None or what in problems(events)
    assert events.accounts[0].records + events.accounts[0].lost >= 3


def test_broken_lines_are_located(tmp_path: Path) -> None:
    first = line()
    events = read(tmp_path / "x.json", first + b"{broken\n" + line())
    assert events.accounts[0].problems[0].where == f"offset {len(first)}"
    assert events.accounts[0].lost == 1


def test_many_names_are_bounded(tmp_path: Path) -> None:
    from lotl.reading import decode_all, find

    path = tmp_path / "x.json"
    path.write_bytes(b"".join(line(**{f"field{n}": 1}) for n in range(25_000)))
    found = find(path)
    cells = sum(len(part) * len(part.data) for _, decoded in decode_all(found) for part in decoded.partitions)
    account = found.accounts[0]
    assert account.records + account.lost == 25_000
    assert account.lost
    assert cells < 20_000_000
    assert "names of fields" in account.problems[0].what


def test_mixed_types_never_abort(tmp_path: Path) -> None:
    values = [1, "x", 1.5, True, None, [1, "a"], {"b": 1}, 2**70, "", -5, False, 0, 1.0]
    events = read(tmp_path / "x.json", b"".join(line(CommandLine=value) for value in values))
    assert len(events) == len(values)
    # one list makes the column multi-valued: a rule sees the same either way
    got = [event["CommandLine"] for event in events if isinstance(event.get("CommandLine"), list)]
    assert got[:6] == [["1"], ["x"], ["1.5"], ["true"], [None], ["1", "a"]]
    assert got[-3:] == [["false"], ["0"], ["1"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\n\n"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str, newline: str) -> None:
    words = ["a", "ü€😀", "c" * 5000]
    data = newline.join(json.dumps({**GOOD, "CommandLine": word}, ensure_ascii=False) for word in words)
    events = read(tmp_path / "x.json", data.encode(encoding))
    assert commands(events) == words
    assert not problems(events)


def test_nuls_and_invalid_text(tmp_path: Path) -> None:
    data = (
        line(CommandLine="a")
        + b"\0" * 4096
        + b"\n"
        + line(CommandLine="X").replace(b"X", b"\xff\xfe")
        + line(CommandLine="b")
    )
    assert commands(read(tmp_path / "x.json", data)) == ["a", "\ufffd\ufffd", "b"]


def test_one_huge_line_is_lost_and_the_rest_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MAX_RECORD", 1 << 20)
    path = tmp_path / "x.json"
    huge = b'{"EventID":1,"x":"' + b"A" * (40 << 20) + b'"}\n'
    events = read(path, line(CommandLine="a") + huge + line(CommandLine="b"))
    assert commands(events) == ["a", "b"]
    assert events.accounts[0].lost == 1
    assert "too long" in problems(events)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("shape", ["array", "stream", "records"])
def test_layouts_of_json(tmp_path: Path, indent: int | None, shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [{**GOOD, "CommandLine": f'{n} "}}{{ \\'} for n in range(300)]
    texts = [json.dumps(record, indent=indent) for record in records]
    whole = {
        "array": json.dumps(records, indent=indent),
        "stream": "\n".join(texts),
        "records": "\n".join(f"Record {n}\n{record}" for n, record in enumerate(texts)),
    }[shape]
    path = tmp_path / "x.json"
    path.write_text(whole, encoding="utf-8")
    events = lotl.read(path)
    assert commands(events) == [record["CommandLine"] for record in records]
    assert not problems(events)


def test_an_object_that_never_ends_costs_only_itself(tmp_path: Path) -> None:
    texts = [json.dumps({**GOOD, "CommandLine": str(n)}, indent=2) for n in range(9)]
    texts[3] = texts[3][:-20]
    texts[6] = texts[6].replace('"4688', '"4688"').replace("4688,", '"4688,')
    events = read(tmp_path / "x.json", "\n".join(texts).encode())
    assert commands(events) == ["0", "1", "2", "4", "5", "7", "8"]
    assert events.accounts[0].lost == 2


def test_an_array_on_one_line_of_any_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MAX_RECORD", 1 << 16)
    records = [{**GOOD, "CommandLine": str(n)} for n in range(30_000)]
    events = read(tmp_path / "x.json", json.dumps(records).encode())
    assert commands(events) == [str(n) for n in range(30_000)]


def test_blocks_do_not_change_what_is_read(tmp_path: Path) -> None:
    from lotl.reading import decode_all, find

    path = tmp_path / "x.json"
    path.write_bytes(b"".join(line(CommandLine=str(n)) for n in range(50_000)))
    found = find(path)
    values = []
    for _, decoded in decode_all(found, block_bytes=1 << 20):
        for part in decoded.partitions:
            values += [part.data["CommandLine"][row] for row in range(len(part))]
    assert values == [str(n) for n in range(50_000)]
    events = lotl.read(path)
    assert found.accounts[0].records == events.accounts[0].records == 50_000
    positions = found.accounts[0].ordinals(events.partitions[0].position[-1:])
    assert positions.tolist() == [49_999]


# --- XML --------------------------------------------------------------------------------------------------------------

EVENT = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='P'/>"
    "<EventID>{id}</EventID><Channel>Security</Channel></System>"
    "<EventData><Data Name='CommandLine'>{text}</Data></EventData></Event>"
)


def xml(text: str, event_id: int = 1) -> str:
    return EVENT.format(id=event_id, text=text)


def test_billion_laughs(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
    data = f'<?xml version="1.0"?><!DOCTYPE lolz [{entities}]><Events>{xml("&l9;")}{xml("b")}</Events>'
    events = read(tmp_path / "x.xml", data.encode())
    assert commands(events) == ["&l9;", "b"]
    assert "a document type is not read" in problems(events)


def test_no_file_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret", encoding="utf-8")
    data = f'<!DOCTYPE x [<!ENTITY f SYSTEM "{secret.as_uri()}">]><Events>{xml("&f;")}</Events>'
    assert commands(read(tmp_path / "x.xml", data.encode())) == ["&f;"]


def test_characters_in_xml(tmp_path: Path) -> None:
    data = xml("&lt;a&gt; &#x1; &#65;\x02 &amp;lt; \"'") + xml("<![CDATA[<b>]]>") + xml("ü😀")
    assert commands(read(tmp_path / "x.xml", data.encode())) == ["<a> \x01 A\x02 &lt; \"'", "<b>", "ü😀"]


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ("<Event><System><EventID>1</EventID></System><EventData><Data Name='A'>x</EventData></Event>", "broken XML"),
        ("<Event>" + "<a>" * 100_000 + "</Event>", "nested deeper"),
        ("<Event><System/></Event>", "no event|no names"),
        ("<Event " + "a" * 100_000 + "></Event>", "broken XML"),
    ],
)
def test_a_bad_event_costs_only_itself(tmp_path: Path, bad: str, what: str) -> None:
    events = read(tmp_path / "x.xml", (xml("a") + bad + xml("b")).encode())
    assert commands(events) == ["a", "b"]
    assert any(word in problems(events) for word in what.split("|"))


def test_a_cut_off_event_is_said(tmp_path: Path) -> None:
    events = read(tmp_path / "x.xml", (xml("a") + xml("b")[:-20]).encode())
    assert commands(events) == ["a"]
    assert events.accounts[0].lost == 1


def test_user_data_and_nameless_data(tmp_path: Path) -> None:
    data = (
        "<Event><System><Provider Name='P'/><EventID Qualifiers='1'>7</EventID><Channel>c</Channel></System>"
        "<UserData><X xmlns='u'><Threat Name='n'>v</Threat><Deep><Leaf>w</Leaf></Deep></X></UserData></Event>"
        "<Event><System><Provider Name='P'/><EventID>8</EventID><Channel>c</Channel></System>"
        "<EventData><Data>one</Data><Data>two</Data><Binary>00FF</Binary></EventData></Event>"
    )
    first, second = read(tmp_path / "x.xml", data.encode())
    assert (first["Threat"], first["Threat_Name"], first["Leaf"], first["EventID_Qualifiers"]) == ("v", "n", "w", 1)
    assert (second["Data"], second["Binary"]) == (["one", "two"], "00FF")


# --- CSV --------------------------------------------------------------------------------------------------------------


def test_csv_rows_of_a_wrong_width_and_stray_quotes(tmp_path: Path) -> None:
    data = 'SourceName,Channel,EventID,Hostname,CommandLine\nS,C,1,H,a\nS,C,1,H\nS,C,1,H,b,c\nS,C,1,H,"x\ny"\n'
    events = read(tmp_path / "x.csv", data.encode())
    assert commands(events) == ["a", "x\ny"]
    assert events.accounts[0].lost == 2


def test_csv_of_event_viewer_is_lossy(tmp_path: Path) -> None:
    header = "Ebene,Datum und Uhrzeit,Quelle,Ereignis-ID,Aufgabenkategorie"
    data = f"{header}\r\nInformationen,01.03.2024 10:00:00,ESENT,326,x\r\n"
    events = read(tmp_path / "x.csv", data.encode("cp1252"))
    assert events.accounts[0].lossy
    assert next(iter(events))["TimeCreated"] == "2024-03-01T10:00:00.000000Z"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("labels.csv", b"host,file,record_id,label\na,b,1,c\n"),
        ("hits.csv", b"source_file,rule_id,EventID,Channel,Provider_Name\na,b,1,c,d\n"),
        ("config.json", b'{"name": "x", "version": 1}'),
        ("page.xml", b"<html><Event>no</Event></html>"),
        ("notes.txt", b"EventID Channel SourceName"),
        ("rule.yml", b"title: x\nEventID: 1\n"),
        ("empty.json", b""),
        ("binary.bin", bytes(range(256)) * 10),
        ("list.json", b"[1, 2, 3]"),
    ],
)
def test_what_is_no_log_is_skipped(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    found = discover([tmp_path])
    assert (found.accounts, found.skipped) == ([], [name])


def test_an_export_beside_its_log_is_not_read_twice(tmp_path: Path) -> None:
    write_sysmon(tmp_path / "a.evtx", ["whoami"])
    (tmp_path / "a.json").write_bytes(line())
    (tmp_path / "b.json").write_bytes(line())
    found = discover([tmp_path])
    assert [account.name for account in found.accounts] == ["a.evtx", "b.json"]
    assert found.skipped == ["a.json (beside a.evtx)"]
    assert discover([tmp_path / "a.json"]).accounts[0].format == "json"


# --- archives ---------------------------------------------------------------------------------------------------------


def zipped(members: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def tarred(members: dict[str, bytes], mode: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{mode}") as file:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst", "tar", "tar.gz", "zip in zip"])
def test_archives(tmp_path: Path, kind: str) -> None:
    data = b"".join(line(CommandLine=str(n)) for n in range(1000))
    members = {"a/x.json": data, "a/readme.md": b"# no log"}
    packed = {
        "gz": lambda: gzip.compress(data[:1000]) + gzip.compress(data[1000:]),
        "bz2": lambda: bz2.compress(data),
        "xz": lambda: lzma.compress(data),
        "zst": lambda: pa.compress(data, "zstd", asbytes=True),
        "tar": lambda: tarred(members, ""),
        "tar.gz": lambda: tarred(members, "gz"),
        "zip in zip": lambda: zipped(
            {"inner.zip": zipped(members, tmp_path / "i.zip").read_bytes()}, tmp_path / "o"
        ).read_bytes(),
    }[kind]()
    events = read(tmp_path / "log.bin", packed)
    assert commands(events) == [str(n) for n in range(1000)]
    assert not problems(events)
    if kind == "zip in zip":
        assert events.accounts[-1].name == "log.bin!inner.zip!a/x.json"


def test_evtx_in_archives(tmp_path: Path) -> None:
    plain = write_sysmon(tmp_path / "a.evtx", [f"cmd {n}" for n in range(500)])
    path = zipped({"logs/a.evtx": plain.read_bytes()}, tmp_path / "case.zip")
    first, second = lotl.read(plain), lotl.read(path)
    assert [dict(event) for event in second] == [dict(event) for event in first]
    assert second.accounts[1].name == "case.zip!logs/a.evtx"
    assert second.accounts[1].records == 500


def test_truncated_gz_gives_what_is_there(tmp_path: Path) -> None:
    data = gzip.compress(b"".join(line(CommandLine=str(n), x=str(n * 7919)) for n in range(5000)))
    events = read(tmp_path / "x.json.gz", data[: len(data) // 2])
    assert 1000 < len(events) < 5000
    assert "ends too early" in problems(events)


def test_damaged_members_cost_only_themselves(tmp_path: Path) -> None:
    path = zipped({"a.json": line(CommandLine="a") * 2000, "b.json": line(CommandLine="b")}, tmp_path / "x.zip")
    data = bytearray(path.read_bytes())
    data[60:80] = bytes(20)
    path.write_bytes(data)
    events = lotl.read(path)
    assert commands(events)[-1] == "b"
    assert problems(events)
    path.write_bytes(data[: len(data) // 2])
    assert "damaged" in problems(lotl.read(path))


def test_zip_bombs_are_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "FREE", 4 << 20)
    bomb = line(CommandLine="a") + b" " * (64 << 20)
    events = lotl.read(zipped({"bomb.json": bomb, "rest.json": line(CommandLine="b")}, tmp_path / "x.zip"))
    assert "times its size: stopped" in problems(events)
    assert commands(events)[0] == "a"


def test_archives_are_not_opened_without_end(tmp_path: Path) -> None:
    data = line()
    for _ in range(archive.MAX_DEPTH + 2):
        data = gzip.compress(data)
    assert "deep inside archives" in problems(read(tmp_path / "x.gz", data))


def test_a_member_name_is_never_a_path(tmp_path: Path) -> None:
    path = zipped({"../../evil.json": line()}, tmp_path / "x.zip")
    events = lotl.read(path)
    assert len(events) == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["x.zip"]


def encrypt(data: bytes, password: bytes) -> bytes:
    """Encrypt a stored zip member as PKWARE's APPNOTE 6.1 says (the standard library only decrypts)."""
    import zlib

    table = [0] * 256
    for n in range(256):
        c = n
        for _ in range(8):
            c = (c >> 1) ^ 0xEDB88320 if c & 1 else c >> 1
        table[n] = c
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte: int) -> None:
        keys[0] = (keys[0] >> 8) ^ table[(keys[0] ^ byte) & 0xFF]
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = (keys[2] >> 8) ^ table[(keys[2] ^ (keys[1] >> 24)) & 0xFF]

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in bytes(11) + bytes([zlib.crc32(data) >> 24]) + data:
        t = (keys[2] | 2) & 0xFFFF
        out.append(byte ^ (((t * (t ^ 1)) >> 8) & 0xFF))
        update(byte)
    name = b"a.json"
    sizes = zlib.crc32(data).to_bytes(4, "little") + len(out).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    common = (20).to_bytes(2, "little") + (1).to_bytes(2, "little") + bytes(2) + bytes(4) + sizes
    local = b"PK\x03\x04" + common + len(name).to_bytes(2, "little") + bytes(2) + name + bytes(out)
    central = b"PK\x01\x02" + (20).to_bytes(2, "little") + common + len(name).to_bytes(2, "little") + bytes(16) + name
    end = b"PK\x05\x06" + bytes(4) + (1).to_bytes(2, "little") * 2 + len(central).to_bytes(4, "little")
    return local + central + end + len(local).to_bytes(4, "little") + bytes(2)


def test_passwords(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(encrypt(line(CommandLine="secret"), b"infected"))
    assert commands(lotl.read(path, password="infected")) == ["secret"]
    assert "no password was given" in problems(lotl.read(path))
    wrong = lotl.read(path, password="wrong")
    assert len(wrong) == 0
    assert wrong.accounts[1].damaged


def test_damaged_parquet_and_arrow(tmp_path: Path) -> None:
    for magic in (b"PAR1", b"ARROW1\0\0"):
        events = read(tmp_path / "x.bin", magic + b"\xff" * 1000)
        assert len(events) == 0
        assert "cannot be read" in problems(events)


def test_seven_zip(tmp_path: Path) -> None:
    py7zr = pytest.importorskip("py7zr")
    data = b"".join(line(CommandLine=str(n)) for n in range(3000))
    members = {"a/x.json": data, "readme.md": b"# no log", "b/y.json": line(CommandLine="last")}
    for password in ("", "infected"):
        path = tmp_path / f"x{password}.7z"
        with py7zr.SevenZipFile(path, "w", password=password or None) as file:
            for name, content in members.items():
                file.writestr(content, name)
        events = lotl.read(path, password=password)
        assert commands(events) == [*(str(n) for n in range(3000)), "last"]
        assert [account.name for account in events.accounts[1:]] == [f"{path.name}!a/x.json", f"{path.name}!b/y.json"]
        assert not problems(events)
    assert "cannot be unpacked" in problems(lotl.read(path, password="wrong"))
    damaged = bytearray(path.read_bytes())
    damaged[40:400] = bytes(360)
    assert "cannot be unpacked" in problems(read(tmp_path / "d.7z", bytes(damaged)))


def test_seven_zip_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lotl.sources.sevenzip", None)
    assert "lotl-hunt[archives]" in problems(read(tmp_path / "x.7z", b"7z\xbc\xaf\x27\x1c" + bytes(100)))


# --- ways in ----------------------------------------------------------------------------------------------------------


def test_lists_of_files(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(line(CommandLine="a"))
    (tmp_path / "list.txt").write_text(f"# logs\n{tmp_path / 'a.json'}\n\n", encoding="utf-8")
    assert commands(lotl.read(f"@{tmp_path / 'list.txt'}")) == ["a"]
    with pytest.raises(lotl.InputError, match="list of files"):
        lotl.read("@nothing.txt")


@pytest.mark.parametrize("packed", [False, True])
def test_standard_input(packed: bool) -> None:
    data = line(CommandLine="a") + line(CommandLine="b")
    code = "import lotl; e = lotl.read('-'); print(*[x['CommandLine'] for x in e], e.accounts[0].name)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=gzip.compress(data) if packed else data,
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    assert run.stdout.split() == [b"a", b"b", b"standard", b"input"]


def test_house_formats(tmp_path: Path) -> None:
    mapping = tmp_path / "map.yml"
    mapping.write_text(
        "name: ours\nfields:\n  cmd: CommandLine\n  proc.path: Image\n  when: TimeCreated\n"
        "time_format: '%d/%m/%Y %H:%M:%S'\nconstants:\n  Channel: Security\n  EventID: 4688\n",
        encoding="utf-8",
    )
    data = json.dumps({"cmd": "whoami", "proc": {"path": "C:\\x.exe"}, "when": "01/03/2024 10:00:00", "site": "a"})
    (tmp_path / "x.log").write_text(data, encoding="utf-8")
    (event,) = lotl.read(tmp_path / "x.log", format="json", mapping=mapping)
    assert event == {
        "TimeCreated": "2024-03-01T10:00:00.000000Z",
        "Channel": "Security",
        "EventID": 4688,
        "CommandLine": "whoami",
        "Image": "C:\\x.exe",
        "site": "a",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fields: {cmd: CommandLine}\nfeilds: 1\n", r"m.yml:2: there is no key 'feilds'"),
        ("fields:\n  cmd: CommandLine\n  x: 3\n", r"m.yml:3: 'x' must be mapped"),
        ("name: x\n", r"m.yml:1: `fields`"),
        ("fields: {a: Image}\nconstants:\n  EventID: '1'\n", r"m.yml:3: EventID must be a int"),
        ("- a\n", r"m.yml:1: a mapping file is a mapping"),
        ("fields: [", r"m.yml: is no YAML"),
    ],
)
def test_wrong_mappings_name_the_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "m.yml").write_text(text, encoding="utf-8")
    with pytest.raises(lotl.InputError, match=message):
        lotl.read(tmp_path, format="json", mapping=tmp_path / "m.yml")


def test_unknown_formats(tmp_path: Path) -> None:
    with pytest.raises(lotl.InputError, match="no format 'pcap'"):
        lotl.read(tmp_path, format="pcap")
