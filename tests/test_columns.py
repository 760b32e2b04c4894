"""Columns against plain lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotl.columns import MISSING, Int, Text, coalesce, concat, format_time
from lotl.normalise.records import encode

SCALARS = st.one_of(st.just(MISSING), st.none(), st.sampled_from(["", "a", "B", "ß", "😀", "a\x00b"]))
CELLS = st.one_of(SCALARS, st.lists(st.one_of(st.none(), st.sampled_from(["", "x", "y"])), max_size=3))
COLUMNS = st.one_of(
    st.lists(SCALARS, max_size=12),
    st.lists(CELLS, max_size=12),
    st.lists(st.one_of(st.just(MISSING), st.integers(-(2**63), 2**63 - 1)), max_size=12),
)


def unfold(column: Any) -> list[Any]:
    return [column[row] for row in range(len(column))]


def expected(values: list[Any]) -> list[Any]:
    """What a column of `values` reads back as: one list makes every present cell a list."""
    multi = any(isinstance(value, list) for value in values)
    return [[value] if multi and value is not MISSING and not isinstance(value, list) else value for value in values]


def same(left: list[Any], right: list[Any]) -> bool:
    return [repr(value) for value in left] == [repr(value) for value in right]


@given(COLUMNS)
def test_encode_reads_back(values: list[Any]) -> None:
    assert same(unfold(encode(values)), expected(values))


@given(COLUMNS, st.data())
def test_take_is_indexing_and_compacts(values: list[Any], data: st.DataObject) -> None:
    column = encode(values)
    rows = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=8) if values else st.just([]))
    taken = column.take(np.array(rows, np.int64))
    assert same(unfold(taken), [expected(values)[row] for row in rows])
    if isinstance(taken, Text):
        assert set(range(len(taken.values))) == {code for code in taken.codes.tolist() if code >= 0}


@given(st.lists(COLUMNS, min_size=1, max_size=4))
def test_concat_is_list_addition(parts: list[list[Any]]) -> None:
    columns = [encode(values) for values in parts]
    texts = [column.text() for column in columns]
    joined = concat([*texts, None], [*map(len, parts), 2])
    plain = [value for values in parts for value in unfold(encode(values).text())]
    multi = any(text.offsets is not None for text in texts)
    wanted = [[v] if multi and v is not MISSING and not isinstance(v, list) else v for v in [*plain, MISSING, MISSING]]
    assert same(unfold(joined), wanted)
    assert len(set(joined.text().values.to_pylist())) == len(joined.text().values)


@given(COLUMNS)
def test_present_means_not_missing(values: list[Any]) -> None:
    assert encode(values).present.tolist() == [value is not MISSING for value in values]


@given(st.lists(SCALARS, min_size=1, max_size=8), st.data())
def test_coalesce_prefers_the_first(values: list[Any], data: st.DataObject) -> None:
    others = data.draw(st.lists(SCALARS, min_size=len(values), max_size=len(values)))
    merged = coalesce(encode(values), encode(others))
    assert same(unfold(merged), [b if a is MISSING else a for a, b in zip(values, others, strict=True)])


def test_concat_keeps_numbers_numbers() -> None:
    joined = concat([Int(np.array([1, 2])), None, Int(np.array([3]), np.array([False]))], [2, 1, 1])
    assert isinstance(joined, Int)
    assert same(unfold(joined), [1, 2, MISSING, MISSING])


def test_numbers_and_text_join_as_text() -> None:
    joined = concat([Int(np.array([1])), Text.of(["a"])], [1, 1])
    assert unfold(joined) == ["1", "a"]


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "1970-01-01T00:00:00.000000Z"), (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z")],
)
def test_time_text_in_any_year(micros: int, text: str) -> None:
    assert format_time(micros) == text


@given(st.lists(st.integers(-(2**62), 2**62), max_size=5), st.lists(st.integers(-(10**15), 10**17), max_size=5))
def test_time_texts_of_columns_are_those_of_single_times(wild: list[int], usual: list[int]) -> None:
    for micros in (wild, usual):
        texts = unfold(Int(np.array(micros, np.int64), time=True).text())
        assert texts == [format_time(number) for number in micros]


def test_arrow_shapes() -> None:
    assert Text.of(["a", None]).to_arrow().to_pylist() == ["a", None]
    assert encode([["a", "b"], MISSING, []]).to_arrow().to_pylist() == [["a", "b"], None, []]
    assert str(Int(np.array([0]), time=True).to_arrow().type) == "timestamp[us, tz=UTC]"
