"""Text from logs in terminals and spreadsheets."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from lotl.report.safe import csv_cell, printable


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    clean = printable(text)
    assert not any(unicodedata.category(sign) in ("Cc", "Zl", "Zp") for sign in clean)
    assert not any(
        unicodedata.bidirectional(sign) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        for sign in clean
    )


@given(st.text(), st.integers(8, 40))
def test_long_text_is_cut(text: str, limit: int) -> None:
    assert len(printable(text, limit)) <= limit


def test_a_megabyte_is_cut_without_being_read_whole() -> None:
    assert printable("A" * 5_000_000 + "\x1b]0;x\x07", 60).endswith("·]0;x·")


@given(st.text())
def test_no_cell_is_a_formula(text: str) -> None:
    assert not csv_cell(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert csv_cell(text).endswith(text)
