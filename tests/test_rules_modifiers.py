"""Each modifier becomes exactly the atoms that the semantics ask for."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from lotl.plan.ir import And, Atom, Leaf, Node, Not, Op, Or, Wild
from lotl.sigma.fault import Fault
from lotl.sigma.lower import lower
from lotl.sigma.model import State
from lotl.sigma.modifiers import base64_offsets


def lowered(key: str, value: Any, **placeholders: list[str]) -> Node:
    return lower({"sel": {key: value}, "condition": "sel"}, placeholders)


def atom(key: str, value: Any) -> Atom:
    node = lowered(key, value)
    assert isinstance(node, Leaf), node
    return node.atom


def atoms(node: Node) -> list[Atom]:
    if isinstance(node, Leaf):
        return [node.atom]
    assert isinstance(node, Or), node
    return [each for child in node.children for each in atoms(child)]


@pytest.mark.parametrize(
    ("key", "value", "op", "expected"),
    [
        ("F", "Abc", Op.EQUALS, "Abc"),
        ("F", "", Op.EQUALS, ""),
        ("F", "*", Op.CONTAINS, ""),
        ("F", "**", Op.CONTAINS, ""),
        ("F", "*x", Op.ENDSWITH, "x"),
        ("F", "x*", Op.STARTSWITH, "x"),
        ("F", "*x*", Op.CONTAINS, "x"),
        ("F", "a*b", Op.GLOB, ("a", Wild.RUN, "b")),
        ("F", "??", Op.GLOB, (Wild.ONE, Wild.ONE)),
        ("F", r"a\*b", Op.EQUALS, "a*b"),
        ("F", r"a\?b", Op.EQUALS, "a?b"),
        ("F", r"C:\x\y", Op.EQUALS, r"C:\x\y"),
        ("F", r"C:\x" + "\\\\*", Op.STARTSWITH, "C:\\x\\"),
        ("F", "\\\\foo", Op.EQUALS, "\\foo"),
        ("F", "\\\\\\foo", Op.EQUALS, "\\\\foo"),
        ("F", "C:\\dir\\", Op.EQUALS, "C:\\dir\\"),
        ("F|contains", "x", Op.CONTAINS, "x"),
        ("F|contains", "", Op.CONTAINS, ""),
        ("F|contains", "a*b", Op.GLOB, (Wild.RUN, "a", Wild.RUN, "b", Wild.RUN)),
        ("F|startswith", "x", Op.STARTSWITH, "x"),
        ("F|startswith", "*x", Op.CONTAINS, "x"),
        ("F|endswith", "x", Op.ENDSWITH, "x"),
        ("F|endswith", "a*b", Op.GLOB, (Wild.RUN, "a", Wild.RUN, "b")),
        ("F", 5, Op.NUMBER, 5),
        ("F", 1.0, Op.NUMBER, 1),
        ("F", 1.5, Op.NUMBER, 1.5),
        ("F", True, Op.EQUALS, "true"),
        ("F", False, Op.EQUALS, "false"),
        ("F", None, Op.NULL, None),
        ("F", [], Op.NULL, None),
        ("F|re", r"a\*(?=b)", Op.REGEX, (r"a\*(?=b)", "")),
        ("F|re", 12, Op.REGEX, ("12", "")),
        ("F|re|s|i|m", "x", Op.REGEX, ("x", "ims")),
        ("F|re|ignorecase|multiline|dotall", "x", Op.REGEX, ("x", "ims")),
        ("F|re|startswith", "x", Op.REGEX, (r"\A(?:x)", "")),
        ("F|re|contains", "x", Op.REGEX, ("x", "")),
        ("F|cidr", "10.0.0.0/8", Op.CIDR, "10.0.0.0/8"),
        ("F|cidr", "2001:DB8::/32", Op.CIDR, "2001:db8::/32"),
        ("F|cidr", "::ffff:10.0.0.0/104", Op.CIDR, "10.0.0.0/8"),
        ("F|cidr", "10.1.2.3", Op.CIDR, "10.1.2.3/32"),
        ("F|gt", 5, Op.COMPARE, ("gt", 5)),
        ("F|gte", 5, Op.COMPARE, ("gte", 5)),
        ("F|lt", -1.5, Op.COMPARE, ("lt", -1.5)),
        ("F|lte", 5, Op.COMPARE, ("lte", 5)),
        ("F|exists", True, Op.EXISTS, None),
        ("F|fieldref", "G", Op.FIELDREF, ("equals", "G")),
        ("F|fieldref|startswith", "G", Op.FIELDREF, ("startswith", "G")),
        ("F|fieldref|endswith", "G", Op.FIELDREF, ("endswith", "G")),
        ("F|fieldref|contains", "G", Op.FIELDREF, ("contains", "G")),
        ("F|hour", 3, Op.TIMEPART, ("hour", "eq", 3)),
        ("F|minute|gte", 3, Op.TIMEPART, ("minute", "gte", 3)),
        ("F|day|lt", 3, Op.TIMEPART, ("day", "lt", 3)),
        ("F|week", 53, Op.TIMEPART, ("week", "eq", 53)),
        ("F|month", 12, Op.TIMEPART, ("month", "eq", 12)),
        ("F|year|gt", 2020, Op.TIMEPART, ("year", "gt", 2020)),
    ],
)
def test_modifier_makes_one_atom(key: str, value: Any, op: Op, expected: Any) -> None:
    assert atom(key, value) == Atom("F", op, expected)


def test_cased_counts_and_keeps_its_shape() -> None:
    assert atom("F|cased", "A*Z") == Atom("F", Op.GLOB, ("A", Wild.RUN, "Z"), cased=True)
    assert atom("F|startswith|cased", "Ab") == Atom("F", Op.STARTSWITH, "Ab", cased=True)
    assert atom("F|cased|contains", "Ab") == Atom("F", Op.CONTAINS, "Ab", cased=True)


def test_lists_are_or_and_all_is_and() -> None:
    assert lowered("F|contains", ["a", "b"]) == Or(
        (Leaf(Atom("F", Op.CONTAINS, "a")), Leaf(Atom("F", Op.CONTAINS, "b")))
    )
    for key in ("F|contains|all", "F|all|contains"):
        assert lowered(key, ["a", "b"]) == And((Leaf(Atom("F", Op.CONTAINS, "a")), Leaf(Atom("F", Op.CONTAINS, "b"))))
    assert lowered("F", ["", None]) == Or((Leaf(Atom("F", Op.EQUALS, "")), Leaf(Atom("F", Op.NULL))))


def test_neq_negates_the_whole_item() -> None:
    assert lowered("F|neq", ["a", "b"]) == Not(lowered("F", ["a", "b"]))
    assert lowered("F|contains|all|neq", ["a", "b"]) == Not(lowered("F|contains|all", ["a", "b"]))
    assert lowered("F|gt|neq", 10) == Not(lowered("F|gt", 10))
    assert lowered("F|exists", False) == Not(Leaf(Atom("F", Op.EXISTS)))


def test_windash_at_the_start_of_words_in_every_combination() -> None:
    values = {each.value for each in atoms(lowered("F|contains|windash", " -a foo-bar"))}
    assert values == {f" {dash}a foo-bar" for dash in "-/–—―"}
    assert len(atoms(lowered("F|windash|contains", " -a /b"))) == 25
    assert [each.value for each in atoms(lowered("F|contains|windash", "foo-bar"))] == ["foo-bar"]
    assert {each.value for each in atoms(lowered("F|windash", "―s"))} == {f"{dash}s" for dash in "-/–—―"}


def test_windash_of_many_dashes_is_one_expression() -> None:
    import re

    (made,) = atoms(lowered("F|contains|windash", " -a -b -c -d -e?"))
    assert made.op is Op.REGEX and isinstance(made.value, tuple)
    pattern, flags = made.value
    assert flags == "is"
    assert re.search(str(pattern), "x /a –b -C ―d —e\n!", re.I | re.S)
    assert not re.search(str(pattern), "x /a +b -C ―d —e!", re.I | re.S)


@pytest.mark.parametrize(
    ("chain", "data"),
    [
        ("base64", "straße".encode()),
        ("wide|base64", "straße".encode("utf-16-le")),
        ("utf16le|base64", "straße".encode("utf-16-le")),
        ("utf16be|base64", "straße".encode("utf-16-be")),
        ("utf16|base64", b"\xff\xfe" + "straße".encode("utf-16-le")),
    ],
)
def test_encodings_work_on_the_bytes_of_any_text(chain: str, data: bytes) -> None:
    encoded = base64.b64encode(data).decode()
    assert atom(f"F|{chain}", "straße") == Atom("F", Op.EQUALS, encoded, cased=True)
    assert atom(f"F|{chain}|contains", "straße") == Atom("F", Op.CONTAINS, encoded, cased=True)


def test_wide_alone_is_bytes_as_characters() -> None:
    assert atom("F|wide|contains", "ab") == Atom("F", Op.CONTAINS, "a\0b\0", cased=True)


@pytest.mark.parametrize("key", ["F|base64offset", "F|base64offset|contains"])
def test_base64offset_is_contained_whatever_the_neighbours(key: str) -> None:
    made = atoms(lowered(key, "straße 🔑"))
    assert {each.op for each in made} == {Op.CONTAINS} and all(each.cased for each in made)
    needle = "straße 🔑".encode()
    for before in range(6):
        for after in range(6):
            whole = base64.b64encode(b"\xff" * before + needle + b"\xee" * after).decode()
            assert any(str(each.value) in whole for each in made)


def test_base64_offsets_leaves_out_what_would_match_everything() -> None:
    assert all(base64_offsets(bytes([byte])) for byte in range(256))
    assert "" not in base64_offsets(b"a")


def test_expand_fills_placeholders_with_patterns() -> None:
    made = atoms(lowered("F|expand", "/srv/%dir%/x", dir=["tmp", "v*"]))
    assert [each.value for each in made] == ["/srv/tmp/x", ("/srv/v", Wild.RUN, "/x")]
    assert atoms(lowered("F|contains|expand", "%a%%b%", a=["x"], b=["1", "2"])) == [
        Atom("F", Op.CONTAINS, "x1"),
        Atom("F", Op.CONTAINS, "x2"),
    ]
    assert atom("F", "%TEMP%").value == "%TEMP%"


def test_expand_without_values_is_unsupported_and_names_the_placeholder() -> None:
    with pytest.raises(Fault, match="%Admins%") as caught:
        lowered("F|expand", "%Admins%")
    assert caught.value.state is State.UNSUPPORTED


def test_hex_fields_compare_as_numbers_too() -> None:
    assert lowered("ProcessId", 999) == Leaf(Atom("ProcessId", Op.NUMBER, 999, hexed=True))
    for text in ("999", "0x3E7"):
        assert lowered("Process Id", text) == Or(
            (Leaf(Atom("Process Id", Op.EQUALS, text)), Leaf(Atom("Process Id", Op.NUMBER, 999, hexed=True)))
        )
    for text in ("0999", "0x03e7", "9*", "999 "):
        assert len(atoms(lowered("ProcessId", text))) == 1
    assert len(atoms(lowered("ProcessId|endswith", "999"))) == 1
    assert lowered("Image", "0x10") == Leaf(Atom("Image", Op.EQUALS, "0x10"))


def test_keywords_are_contained_in_some_value() -> None:
    def keywords(definition: Any) -> Node:
        return lower({"kw": definition, "condition": "kw"})

    assert keywords("x") == keywords(["x"]) == Leaf(Atom(None, Op.CONTAINS, "x"))
    assert keywords([4104]) == Leaf(Atom(None, Op.CONTAINS, "4104"))
    assert keywords(["a*b"]) == Leaf(Atom(None, Op.GLOB, (Wild.RUN, "a", Wild.RUN, "b", Wild.RUN)))
    assert keywords({"|all": ["a", "b"]}) == And(
        (Leaf(Atom(None, Op.CONTAINS, "a")), Leaf(Atom(None, Op.CONTAINS, "b")))
    )
    assert keywords({"|re": "x"}) == Leaf(Atom(None, Op.REGEX, ("x", "")))
    assert keywords({"|startswith": "x"}) == Leaf(Atom(None, Op.STARTSWITH, "x"))
    assert keywords(["n", {"A": "1"}]) == Or((Leaf(Atom(None, Op.CONTAINS, "n")), Leaf(Atom("A", Op.EQUALS, "1"))))


def test_maps_are_and_and_lists_of_maps_are_or() -> None:
    a, b, c = (Leaf(Atom(name, Op.EQUALS, "x")) for name in "ABC")
    assert lower({"s": {"A": "x", "B": "x"}, "condition": "s"}) == And((a, b))
    assert lower({"s": [{"A": "x", "B": "x"}, {"C": "x"}], "condition": "s"}) == Or((And((a, b)), c))
    assert lower({"s": [[{"A": "x"}], {"C": "x"}], "condition": "s"}) == Or((a, c))


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("F|bogus", "x", "unknown modifier 'bogus'"),
        ("F|contains", 4444, "needs text, not a number 4444"),
        ("F|contains", None, "needs text, not null"),
        ("F|startswith", True, "needs text, not a truth value"),
        ("F|gt", "abc", "needs a number, not text 'abc'"),
        ("F|gt", "5", "needs a number"),
        ("F|gt", True, "needs a number"),
        ("F|hour", "3", "needs a whole number"),
        ("F|hour", 3.5, "needs a whole number"),
        ("F|exists", "true", "needs true or false"),
        ("F|re|exists", True, "needs text"),
        ("|exists", True, "needs a field"),
        ("|fieldref", "G", "needs a field"),
        ("|gt", 5, "needs a field"),
        ("|contains", None, "needs text"),
        ("F|cidr", "10.0.0.1/8", "host bits"),
        ("F|cidr", "nonsense", "invalid network"),
        ("F|cidr", 10, "needs text"),
        ("F|contains|cidr", "10.0.0.0/8", "unmodified values only"),
        ("F|re", "[", "invalid regular expression"),
        ("F|re", "a{99999999999}", "invalid regular expression"),
        ("F|re", "x" * 20_001, "longer than"),
        ("F|contains|re", "a", "unmodified values only"),
        ("F|i", "a", "option of 're'"),
        ("F|re|cased", "a", "needs text"),
        ("F|base64", "a*b", "wildcards"),
        ("F|contains|base64offset", "ab", "wildcards"),
        ("F|base64offset", "", "too short"),
        ("F|wide|utf16be", "a", "after another encoding"),
        ("F|base64", "\ud800", "not valid Unicode"),
        ("F|fieldref", "G*", "plain name"),
        ("F|fieldref|cased", "G", "needs text"),
        ("F", float("inf"), "not a number"),
        ("F", {"a": 1}, "cannot be compared"),
        ("F", [["a"]], "cannot be compared"),
        ("F", b"x", "cannot be compared"),
    ],
)
def test_misuse_is_refused_with_the_reason(key: str, value: Any, says: str) -> None:
    with pytest.raises(Fault) as caught:
        lowered(key, value)
    assert says in caught.value.what
    assert caught.value.path[:2] == ("detection", "sel")


def test_base64_of_an_escaped_star_is_allowed() -> None:
    # pySigma calls an escaped wildcard a wildcard in some versions and encodes the backslash in others.
    assert atom("F|base64", r"a\*b").value == base64.b64encode(b"a*b").decode()


def test_the_place_of_a_bad_value_in_a_list_is_named() -> None:
    with pytest.raises(Fault) as caught:
        lowered("F|gt", [1, "x"])
    assert caught.value.path == ("detection", "sel", "F|gt", 1)


def test_hostile_nesting_and_size_are_bounded() -> None:
    deep: Any = "x"
    for _ in range(60):
        deep = [deep]
    with pytest.raises(Fault, match="nested"):
        lower({"s": [{"A": "x"}, deep], "condition": "s"})
    shared = ["x"] * 1000
    with pytest.raises(Fault, match="more than"):
        lower({"s": [{"A": shared} for _ in range(300)], "condition": "s"})
    with pytest.raises(Fault, match="placeholders make"):
        lowered("F|expand", "%a%%a%%a%", a=["x"] * 100)
    with pytest.raises(Fault, match="too many dashes"):
        lowered("F|windash|base64", " -a" * 9)
