"""Kernels against the plainest Python that says the same."""

from __future__ import annotations

import ipaddress
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lotl.columns import Text
from lotl.kernel_cache import announce, jit
from lotl.match.reference.patterns import Pattern
from lotl.match.reference.patterns import Wild as ReferenceWild
from lotl.match.reference.values import as_number
from lotl.match.regexes import linear, required, required_run, shortest
from lotl.match.scan_kernels import ANYWHERE, AT_END, AT_START, GLOB, WHOLE
from lotl.match.scanner import Scanner, Spec, Wiring
from lotl.match.sets import EXTRA, Codes, Values, at_least, intersection, union
from lotl.match.text import fold, fold_pairs
from lotl.match.text_kernels import find_run
from lotl.match.value_kernels import READ, UNSURE, read_integers, read_ipv4
from lotl.match.values import _fold_table, flat, frozen, texts
from lotl.plan.ir import Wild

LETTERS = st.text(st.sampled_from("abAB \\.é İKſσΣ😀Ⱥ"), max_size=12)
LITERALS = st.text(st.sampled_from("abAB \\.éKσ"), min_size=1, max_size=6)
PARTS = st.lists(st.one_of(LITERALS, st.sampled_from([Wild.RUN, Wild.ONE])), min_size=1, max_size=5)


def values_of(strings: list[str], large: bool = False) -> pa.Array:
    return pa.array(["skipped", *strings], pa.large_string() if large else pa.string())[1:]


def holds(spec: Spec, text: str) -> bool:
    value, literal = (text, spec.text) if spec.cased else (fold(text), fold(spec.text))
    if spec.kind == GLOB:
        parts = tuple({Wild.RUN: ReferenceWild.RUN, Wild.ONE: ReferenceWild.ONE}.get(part, part) for part in spec.parts)
        return Pattern(parts, spec.cased).span(text) is not None
    tests = {ANYWHERE: literal in value, AT_START: value.startswith(literal), AT_END: value.endswith(literal)}
    return tests.get(spec.kind, value == literal)


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    kind = draw(st.sampled_from([ANYWHERE, ANYWHERE, AT_START, AT_END, WHOLE, GLOB]))
    cased = draw(st.booleans())
    if kind != GLOB:
        return Spec(kind, draw(LITERALS), cased)
    merged: list[str | Wild] = []
    for part in draw(PARTS):
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    longest = max((part for part in merged if isinstance(part, str)), key=len, default="")
    return Spec(GLOB, longest, cased, tuple(merged)) if longest else Spec(WHOLE, "", cased)


@given(st.lists(specs(), min_size=1, max_size=8, unique=True), st.lists(LETTERS, max_size=8), st.booleans())
def test_scan_finds_what_python_finds(wanted: list[Spec], strings: list[str], large: bool) -> None:
    everything = np.ones(len(wanted), np.bool_)
    start, found = Scanner(wanted, Wiring([], [], everything)).run(texts(values_of(strings, large)), everything)
    for number, spec in enumerate(wanted):
        expected = [at for at, text in enumerate(strings) if holds(spec, text)]
        assert found[start[number] : start[number + 1]].tolist() == expected, spec


@given(st.lists(LITERALS, min_size=3, max_size=5, unique_by=fold), st.lists(LETTERS, max_size=8), st.integers(1, 3))
def test_scan_propagates_conditions(literals: list[str], strings: list[str], count: int) -> None:
    leaves = [Spec(ANYWHERE, literal) for literal in literals]
    n = len(leaves)
    children = [list(range(n)), [0, 1], [1, 2], [n + 1, n + 2], [0, 1, 2]]
    counts = [n, 2, 1, 2, count]
    exported = np.ones(n + len(counts), np.bool_)
    exported[[0, n + 1]] = False
    start, found = Scanner(leaves, Wiring(counts, children, exported)).run(texts(values_of(strings)), exported | True)
    for at, text in enumerate(strings):
        truth = [holds(leaf, text) for leaf in leaves]
        for need, listed in zip(counts, children, strict=True):
            truth.append(sum(truth[child] for child in listed) >= need)
        for node, expected in enumerate(truth):
            assert (at in found[start[node] : start[node + 1]]) is (expected and bool(exported[node])), node


def test_scan_of_much_text_over_full_outputs_and_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lotl.match.scanner.FIRST_PAIRS", 8)
    monkeypatch.setattr("lotl.match.scanner.FILTERED", 16)
    rng = np.random.default_rng(5)
    strings = ["".join(rng.choice(list("abcde\\. "), size)) for size in rng.integers(0, 60, 3000)]
    leaves = [Spec(ANYWHERE, text) for text in ("ab", "c", "dea", "abcd", "e\\.", "bbbbb")] + [Spec(AT_END, "ea")]
    wanted = np.array([True] * 6 + [False])
    start, found = Scanner(leaves, Wiring([], [], np.ones(7, np.bool_))).run(texts(pa.array(strings)), wanted)
    for number, leaf in enumerate(leaves):
        expected = [at for at, text in enumerate(strings) if wanted[number] and holds(leaf, text)]
        assert found[start[number] : start[number + 1]].tolist() == expected


def test_bytes_that_are_no_text() -> None:
    raw = [b"\xff\xfeabcd\xc3", b"\xe2\x82", b"ABCD\xf0\x9f"]
    offsets = np.cumsum([0, *map(len, raw)]).astype(np.int32)
    values = pa.StringArray.from_buffers(3, pa.py_buffer(offsets), pa.py_buffer(b"".join(raw)))
    leaves = [Spec(ANYWHERE, "abcd"), Spec(GLOB, "abcd", False, (Wild.ONE, Wild.RUN, "abcd", Wild.RUN, Wild.ONE))]
    everything = np.ones(2, np.bool_)
    start, found = Scanner(leaves, Wiring([], [], everything)).run(texts(values), everything)
    assert found[start[0] : start[1]].tolist() == [0, 2]


@given(st.lists(st.one_of(LETTERS, st.text(max_size=5)), max_size=6), st.booleans())
@example(["\u023a" * 50, "A"], False)
def test_folding(strings: list[str], large: bool) -> None:
    both = texts(values_of(strings, large))
    folded = [both.folded[first:last].tobytes().decode() for first, last in pairwise(both.offsets)]
    assert folded == [fold(text) for text in strings]
    buffer, offsets = flat(values_of(strings, large))
    assert [buffer[first:last].tobytes().decode() for first, last in pairwise(offsets)] == strings


def test_fold_table_is_the_definition() -> None:
    table = _fold_table()
    assert {point: int(low) for point, low in enumerate(table) if low != point} == fold_pairs()


@given(st.lists(st.one_of(st.integers().map(str), st.text("0123456789+-.eE x", max_size=20)), max_size=8))
def test_reading_integers(strings: list[str]) -> None:
    both = texts(pa.array(strings, pa.string()))
    numbers, status = np.zeros(len(strings), np.int64), np.zeros(len(strings), np.uint8)
    read_integers(both.original, both.original_offsets, numbers, status)
    for text, number, state in zip(strings, numbers.tolist(), status.tolist(), strict=True):
        expected = as_number(text)
        assert (expected is None and state != READ) or state == UNSURE or (state == READ and number == expected), text


@given(st.lists(st.one_of(st.ip_addresses(v=4).map(str), st.text("0123456789.", max_size=15)), max_size=8))
@example(["1.2.3.4.", ".1.2.3.4", "01.2.3.4", "256.1.1.1", "1.2.3", "0.0.0.0", "1..2.3", "::1", "1.2.3.4.5"])
def test_reading_addresses(strings: list[str]) -> None:
    both = texts(pa.array(strings, pa.string()))
    numbers, status = np.zeros(len(strings), np.int64), np.zeros(len(strings), np.uint8)
    read_ipv4(both.original, both.original_offsets, numbers, status)
    for text, number, state in zip(strings, numbers.tolist(), status.tolist(), strict=True):
        try:
            expected = int(ipaddress.IPv4Address(text))
        except ValueError:
            assert state != READ, text
            continue
        assert (state, number) == (READ, expected), text


SETS = st.builds(
    lambda places, negated: Values(np.array(sorted(places), np.int32), negated),
    st.sets(st.integers(0, 9)),
    st.booleans(),
)


def members(one: Values) -> set[int]:
    inside = set(one.places.tolist())
    return set(range(10)) - inside if one.negated else inside


@given(st.lists(SETS, min_size=1, max_size=5), st.integers(1, 5))
def test_algebra_of_sets(sets: list[Values], count: int) -> None:
    plain = [members(one) for one in sets]
    assert members(union(sets)) == set.union(*plain)
    assert members(intersection(sets)) == set.intersection(*plain)
    assert members(at_least(count, sets, 10)) == {at for at in range(10) if sum(at in one for one in plain) >= count}


@given(st.lists(st.integers(-2, 4), min_size=1, max_size=40), st.sets(st.integers(0, 7)), st.booleans())
def test_rows_of_sets(codes: list[int], places: set[int], negated: bool) -> None:
    column = Codes(Text(np.array(codes, np.int32), pa.array(list("abcde"))), len(codes))
    chosen = Values(np.array(sorted(places), np.int32), negated)
    place = [code if code >= 0 else column.size + code for code in codes]
    expected = [row for row, at in enumerate(place) if (at in places) is not negated]
    assert column.size == 5 + EXTRA
    assert column.rows(chosen).tolist() == expected
    assert np.flatnonzero(column.test(chosen, None)).tolist() == expected
    assert column.bound(chosen) == len(expected)


PATTERNS = [
    (r"a\s+$", ""), (r"^\w+\d{2,3}\.exe$", "i"), (r"(?:net|NET)\s+user", ""), (r"[^a-f\s]x", ""),
    (r"(?i)foo|ba[rz]$", ""),
    (r"\bcmd\b.*?/c", ""), (r"^a$", "m"), (r"a.b", "s"), (r"a.b", ""), (r"\$\{?x\}?", ""), (r"x\Z", ""),
    (r"\D\W\S", ""),
    (r"[Nn][Ee][Tt]\s", ""), (r"\.[ \"']{1}x", ""), (r"[a-f1]{12}", ""), (r"(?i)[a-e]{12}\.", ""),
    (r"\s[\da-c]{12,}$", ""),
    (r"é+", ""), (r"[\w-]+@[\w.]+", ""), (r"\Aa{3}", ""), (r"(a|b$)c?", ""), (r"a||b", ""), (r"[]^-]", ""),
]  # fmt: skip


@given(st.lists(st.text("abcdefx NETnetuser12.é\n\t\x1c\x0b${}@-^]/", max_size=14), min_size=1, max_size=20))
@example(["abcdef1abcde.", "ABCDEABCDEABCDE.x", " 12abc12abc12abc", "é" * 20, "abcdefabcde", "x.' .\"x", "nEt "])
@example(["a\n", "a \n", "a\n\n", "ab\n", "a\nb", "user12.exe\n", "NETuser"])
def test_rewritten_regexes_mean_the_same(strings: list[str]) -> None:
    plain = [text for text in strings if text.isascii()]
    for pattern, flags in PATTERNS:
        bits = sum({"i": re.I, "m": re.M, "s": re.S}[flag] for flag in flags)
        rewritten = linear(pattern, flags)
        if rewritten is not None:
            found = pc.match_substring_regex(pa.array(plain, pa.string()), rewritten).to_pylist()
            assert found == [re.search(pattern, text, bits) is not None for text in plain], pattern
        length, members = required_run(pattern, flags)
        values, every = texts(pa.array(strings)), frozen(np.arange(len(strings), dtype=np.int32))
        run = np.zeros(len(strings), np.bool_)
        if length:
            table = frozen(np.frombuffer(members, np.bool_))
            find_run(values.original, values.original_offsets, every, table, length, run)
        literals = required(pattern, flags)
        for text, has_run in zip(strings, run.tolist(), strict=True):
            if re.search(pattern, text, bits):
                assert not literals or any(literal in fold(text) for literal in literals), (pattern, text)
                assert not length or has_run, (pattern, text)
                assert len(text) >= shortest(pattern, flags)


def test_most_patterns_are_rewritten() -> None:
    assert sum(linear(*pattern) is not None for pattern in PATTERNS) >= len(PATTERNS) - 2
    assert linear(r"(?<=a)b", "") is None
    assert linear(r"(a)\1", "") is None
    assert linear(r".{1000,}", "") is None


def test_required_literals_under_i_leave_out_letters_with_strangers() -> None:
    # ſ matches s and ı matches i under `i`, but they are not each other's simple lower case.
    assert required("whois", "i") == ("who",)
    assert required("PowerShell", "") == ("powershell",)


def test_kernel_cache_survives_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path
    monkeypatch.setenv("LOTL_CACHE_DIR", str(folder))

    def compiled() -> list[str]:
        names: list[str] = []
        with announce(names.append):
            kernel = jit()(_double)
            assert kernel(21) == 42
        return names

    assert compiled() == ["_double"]
    assert compiled() == []
    for path in folder.rglob("*.nb*"):
        path.write_bytes(b"damaged")
    assert compiled() == ["_double"]
    assert compiled() == []
    unwritable = folder / "file"
    unwritable.write_text("", encoding="utf-8")
    monkeypatch.setenv("LOTL_CACHE_DIR", str(unwritable))
    compiled()


def _double(number: int) -> int:
    return number * 2


def test_frozen_leaves_the_original_writable() -> None:
    array = np.zeros(2)
    frozen(array)
    array[0] = 1
    assert array[0] == 1
