"""Finding logs: content decides, order is stable, nothing is hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from lotl.errors import InputError
from lotl.sources.discover import discover


def make(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "b.evtx").write_bytes(b"ElfFile\0" + bytes(4088))
    (folder / "a.log").write_bytes(b"ElfFile\0" + bytes(4088))
    (folder / "sub" / "c.evtx").write_bytes(b"not a log at all")
    (folder / "sub" / "empty.evtx").write_bytes(b"")
    (folder / "readme.txt").write_text("hello", encoding="utf-8")


def test_folders_are_walked_in_order_and_told_apart_by_content(tmp_path: Path) -> None:
    make(tmp_path)
    found = discover([tmp_path])
    assert [(account.name, account.format) for account in found.accounts] == [
        ("a.log", "evtx"),
        ("b.evtx", "evtx"),
        ("sub/c.evtx", ""),
        ("sub/empty.evtx", ""),
    ]
    assert [account.problems[0].what for account in found.accounts[2:]] == [
        "is not in a format that lotl reads",
        "is empty",
    ]
    assert found.skipped == ["readme.txt"]


def test_a_file_that_was_asked_for_is_never_skipped(tmp_path: Path) -> None:
    make(tmp_path)
    found = discover([tmp_path / "readme.txt"])
    assert found.skipped == []
    assert found.accounts[0].damaged


def test_the_same_file_is_read_once(tmp_path: Path) -> None:
    make(tmp_path)
    assert len(discover([tmp_path / "b.evtx", tmp_path, str(tmp_path / "*.evtx")]).accounts) == 4


def test_what_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        discover([tmp_path / "nothing*"])
