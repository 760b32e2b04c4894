"""`lotl simulate`: what it writes, in every format, where the labels are, and what it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import lotl
from lotl.cli.simulate import command
from lotl.errors import InputError, OutputError

SMALL = ("--hosts", "2", "--users", "1", "--days", "0.2", "--rate", "0.2", "--intrusions", "remote")


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(command, [*map(str, args)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def labels(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_evtx_is_written_and_its_labels_point_at_records(tmp_path: Path) -> None:
    out = tmp_path / "logs"
    text = run(out, *SMALL).output
    files = sorted(out.rglob("*.evtx"))
    assert f"{len(files)} EVTX files of 2 machines" in text
    assert str(out / "labels.csv") in text and f"lotl scan {out}" in text
    attack = [row for row in labels(out) if row["behaviour"]]
    assert f"{len(attack)} attack records" in text
    wanted = {row["record_id"] for row in attack if row["file"] == attack[0]["file"]}
    table = lotl.read(out / attack[0]["file"]).to_arrow()
    assert wanted <= {str(number) for number in table["EventRecordID"].to_pylist()}


def test_the_ending_decides_the_format(tmp_path: Path) -> None:
    lines, table = tmp_path / "a" / "events.jsonl", tmp_path / "b" / "events.parquet"
    said = run(lines, *SMALL).output
    run(table, *SMALL)
    records = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    assert f"{len(records):,} events" in said
    assert pq.read_metadata(table).num_rows == len(records)
    assert labels(lines.parent)[0]["record_id"] == labels(table.parent)[0]["record_id"]


def test_format_wins_over_the_ending(tmp_path: Path) -> None:
    run(tmp_path / "events.log", *SMALL, "--format", "jsonl")
    assert json.loads((tmp_path / "events.log").read_text(encoding="utf-8").splitlines()[0])["Computer"]


def test_seed_decides_every_byte(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        run(tmp_path / name / "events.jsonl", *SMALL, "--seed", seed)
    a, b, c = ((tmp_path / name / "events.jsonl").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(
    ("given", "attacked"), [(("0",), False), (("2",), True), (("ntds", "tunnel"), True), (("ntds,tunnel",), True)]
)
def test_intrusions_by_number_or_name(tmp_path: Path, given: tuple[str, ...], attacked: bool) -> None:
    chosen = [part for one in given for part in ("--intrusions", one)]
    run(tmp_path / "events.jsonl", "--hosts", 2, "--users", 1, "--days", 0.3, "--rate", 0.1, *chosen)
    assert any(row["behaviour"] for row in labels(tmp_path)) is attacked


def test_obfuscation_shows(tmp_path: Path) -> None:
    run(tmp_path / "events.jsonl", *SMALL, "--obfuscation", "3")
    assert "^" in (tmp_path / "events.jsonl").read_text(encoding="utf-8")


def test_old_logs_are_never_mixed_with_new_labels(tmp_path: Path) -> None:
    run(tmp_path / "logs", *SMALL)
    before = labels(tmp_path / "logs")
    with pytest.raises(InputError, match="already"):
        run(tmp_path / "logs", *SMALL, "--seed", "9")
    with pytest.raises(InputError, match="already"):
        run(tmp_path / "logs" / "events.jsonl", *SMALL)
    assert labels(tmp_path / "logs") == before


def test_wrong_wishes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no playbook 'nothing'"):
        run(tmp_path / "x", "--intrusions", "nothing")
    with pytest.raises(InputError, match="days positive"):
        run(tmp_path / "x", "--days", "nan")
    for wish in (("--obfuscation", "4"), ("--hosts", "0"), ("--days", "0"), ("--days", "inf")):
        run(tmp_path / "x", *wish, code=2)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError):
        run(tmp_path / "file" / "logs", *SMALL)
