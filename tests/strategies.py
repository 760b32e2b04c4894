"""Random Sigma rules and events that belong together.

`worlds` draws a rule and events for it. Wanted values are mostly cut out of the event's own values and bent a little
(case, wildcards, escapes, encodings), and conditions are drawn over them, so that rules fire about as often as not.
Only valid rules are drawn, and only values that every log format can carry.
"""

from __future__ import annotations

import ipaddress
from base64 import b64encode
from typing import Any, NamedTuple

from hypothesis import strategies as st

FIELDS = ("CommandLine", "Image", "ProcessId", "LogonId", "Data", "User", "UtcTime", "DestinationIp")
"""Two of them are hex fields, one is often multi-valued, one a time, one an address."""

_SPECIAL = "İıſKkÅåΣσςßẞǅ𐐀𐐨😀é\u0301Ⱥ"
_ALPHABET = st.one_of(
    st.sampled_from("abcABCxyz019 -/\\*?%.\"'$.()[]{}^|+&\t\r\n–—―_:"),
    st.sampled_from(_SPECIAL),
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"),
)
_WORDS = st.sampled_from(
    ["cmd.exe", r"C:\Windows\System32\whoami.exe", "net user /add", "-enc", "/c", "IEX", r"\\srv\c$", "SYSTEM", "%x%"]
)
texts = st.one_of(
    st.text(_ALPHABET, max_size=12),
    st.lists(_WORDS, min_size=1, max_size=3).map(" ".join),
    st.text(st.sampled_from("aAbB"), max_size=6),
    st.builds(
        lambda head, n, tail: head + "a" * n + tail,
        st.text(_ALPHABET, max_size=4),
        st.sampled_from([0, 1, 2, 40, 600]),
        _WORDS,
    ),
)
numbers = st.one_of(
    st.integers(0, 20),
    st.sampled_from([-1, 420, 999, 4104, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]),
)
number_texts = st.one_of(
    numbers.map(str),
    st.integers(0, 5000).map(hex),
    st.integers(0, 5000).map(lambda n: f"0X{n:X}"),
    st.sampled_from(["007", "0x0010", "0x", "1.5", "1e3", "-0", "+5", "5.", " 5", "18446744073709551615", "0x3e7", ""]),
)
addresses = st.one_of(
    st.integers(0, 2**32 - 1).map(lambda n: str(ipaddress.IPv4Address(n))),
    st.integers(0, 2**128 - 1).map(lambda n: str(ipaddress.IPv6Address(n))),
    st.integers(0, 255).map(lambda n: f"::ffff:10.0.0.{n}"),
    st.sampled_from(["10.0.0.1", "10.0.0.01", "10.0.0", "::1", "fe80::1%3", "-", "host"]),
)
times = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat(sep=" ") + "Z"),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.sampled_from(["2024-02-30 00:00:00", "2024-01-01", "2020-12-31T23:59:59.1234567Z"]),
)
scalars = st.one_of(st.none(), texts, texts, numbers, number_texts, st.booleans())
values = st.one_of(scalars, scalars, scalars, st.lists(st.one_of(st.none(), texts), max_size=3))
_OWN = {"UtcTime": times, "DestinationIp": addresses, "ProcessId": st.one_of(numbers, number_texts)}


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a flat event: some of `FIELDS`, with values of every type."""
    names = draw(st.lists(st.sampled_from(FIELDS), unique=True, max_size=len(FIELDS)))
    return {name: draw(st.one_of(_OWN.get(name, values), values)) for name in names}


class World(NamedTuple):
    """A rule (as loaded from YAML), events to try it on, and values for its placeholders."""

    rule: dict[str, Any]
    events: list[dict[str, Any]]
    placeholders: dict[str, list[str]]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a valid rule and one to four events that it is about."""
    tried = draw(st.lists(events(), min_size=1, max_size=4))
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4, unique=True))
    detection: dict[str, Any] = {name: draw(_detections(tried)) for name in names}
    detection["condition"] = draw(_condition_or_list(names))
    placeholders = {"p": draw(st.lists(_seen_text(tried), min_size=1, max_size=2)), "q": ["x*", "y"]}
    return World(rule_of(detection), tried, placeholders)


def rule_of(detection: dict[str, Any]) -> dict[str, Any]:
    """Wrap a detection section into a whole rule."""
    return {
        "title": "drawn",
        "id": "00000000-0000-4000-8000-000000000001",
        "status": "test",
        "level": "low",
        "logsource": {"product": "windows", "category": "process_creation"},
        "detection": detection,
    }


# --- values of a rule, cut out of the events ------------------------------------------------------------------------


def _seen_values(tried: list[dict[str, Any]], field: str | None) -> list[Any]:
    found: list[Any] = []
    for event in tried:
        for name, value in event.items():
            if field in (None, name):
                found += value if isinstance(value, list) else [value]
    return found


@st.composite
def _seen_text(draw: st.DrawFn, tried: list[dict[str, Any]], field: str | None = None) -> str:
    seen = [_as_text(value) for value in _seen_values(tried, field) if value is not None]
    return draw(st.one_of(st.sampled_from(seen), texts) if seen else texts)


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@st.composite
def _cut(draw: st.DrawFn, text: str, place: str) -> str:
    """Cut a piece out of `text` that stands at `place`, and change its case."""
    start = 0 if place in ("whole", "startswith") else draw(st.integers(0, len(text)))
    end = len(text) if place in ("whole", "endswith") else draw(st.integers(start, len(text)))
    piece = text[start:end]
    return draw(st.sampled_from([piece, piece, piece.upper(), piece.lower(), piece.swapcase()]))


@st.composite
def _pattern(draw: st.DrawFn, piece: str, wild: bool = True) -> str:
    """Write `piece` as a Sigma string: escaped, with some characters turned into wildcards."""
    written = "".join("\\" + sign if sign in "\\*?" else sign for sign in piece)
    if not wild or not piece or draw(st.integers(0, 3)):
        return draw(st.sampled_from([written, written, piece])) if wild else written
    at = draw(st.integers(0, len(piece) - 1))
    end = draw(st.integers(at, min(len(piece), at + 4)))
    head, tail = (
        "".join("\\" + sign if sign in "\\*?" else sign for sign in part) for part in (piece[:at], piece[end:])
    )
    return head + draw(st.sampled_from(["*", "?" * (end - at), "*", "*?*"])) + tail


@st.composite
def _text_values(draw: st.DrawFn, tried: list[dict[str, Any]], field: str | None, place: str) -> str:
    piece = draw(_cut(draw(_seen_text(tried, field)), place))
    return draw(_pattern(piece))


# --- items ----------------------------------------------------------------------------------------------------------

_Item = tuple[str, Any]


@st.composite
def _plain_item(draw: st.DrawFn, tried: list[dict[str, Any]], field: str) -> _Item:
    seen = [value for value in _seen_values(tried, field) if not isinstance(value, str)]
    one = st.one_of(
        _text_values(tried, field, "whole"),
        _text_values(tried, field, "whole"),
        st.sampled_from(seen) if seen else st.none(),
        number_texts,
        numbers,
        st.none(),
        st.just(""),
        st.booleans(),
        st.floats(-10, 10, width=16).filter(lambda number: number == number),
    )
    return "", draw(st.one_of(one, st.lists(one, min_size=1, max_size=4)))


@st.composite
def _placed_item(draw: st.DrawFn, tried: list[dict[str, Any]], field: str) -> _Item:
    place = draw(st.sampled_from(["contains", "startswith", "endswith"]))
    wanted = draw(st.lists(_text_values(tried, field, place), min_size=1, max_size=3))
    chain = draw(st.permutations([place, *draw(st.lists(st.sampled_from(["cased", "windash", "all"]), unique=True))]))
    return "|".join(chain), wanted if len(wanted) > 1 else wanted[0]


@st.composite
def _cased_item(draw: st.DrawFn, tried: list[dict[str, Any]], field: str) -> _Item:
    return draw(st.sampled_from(["cased", "windash"])), draw(_text_values(tried, field, "whole"))


@st.composite
def _regex_item(draw: st.DrawFn, tried: list[dict[str, Any]], field: str) -> _Item:
    piece = draw(_cut(draw(_seen_text(tried, field)), "contains"))[:20]
    quoted = "".join("\\" + sign if sign in r"\.^$*+?{}[]()|-/#&~ " else sign for sign in piece)
    form = draw(
        st.sampled_from(
            ["{}", "^{}", "{}$", "(?:{}|zz)", "{}.?", "[^q]{}", "(?={})", "{}\\s*", "^.*{}", "\\b{}", ".+{}.*$"]
        )
    )
    flags = draw(st.sampled_from(["", "", "|i", "|s", "|m", "|i|m|s"]))
    return "re" + flags, form.replace("{}", quoted)


@st.composite
def _number_item(draw: st.DrawFn, tried: list[dict[str, Any]], field: str) -> _Item:
    seen = [value for value in _seen_values(tried, field) if isinstance(value, int) and not isinstance(value, bool)]
    near = st.sampled_from(seen).flatmap(lambda n: st.integers(n - 1, n + 1)) if seen else numbers
    relation = draw(st.sampled_from(["gt", "gte", "lt", "lte"]))
    return relation, draw(st.one_of(near, numbers, st.just(1.5), st.lists(numbers, min_size=1, max_size=2)))


@st.composite
def _time_item(draw: st.DrawFn, tried: list[dict[str, Any]], field: str) -> _Item:
    part = draw(st.sampled_from(["minute", "hour", "day", "week", "month", "year"]))
    relation = draw(st.sampled_from(["", "", "|gt", "|gte", "|lt", "|lte"]))
    return part + relation, draw(st.one_of(st.integers(0, 60), st.just(2000)))


@st.composite
def _cidr_item(draw: st.DrawFn, tried: list[dict[str, Any]], field: str) -> _Item:
    networks = []
    for value in [*_seen_values(tried, field), "10.0.0.1", "fe80::1"]:
        try:
            address = ipaddress.ip_address(value.split("%")[0] if isinstance(value, str) else "-")
        except ValueError:
            continue
        networks.append(ipaddress.ip_network((address, draw(st.integers(0, address.max_prefixlen))), strict=False))
    return "cidr", str(draw(st.sampled_from(networks)))


@st.composite
def _encoded_item(draw: st.DrawFn, tried: list[dict[str, Any]], field: str) -> _Item:
    piece = draw(_pattern(draw(_cut(draw(_seen_text(tried, field)), "contains"))[:8] + "ab", wild=False))
    wide = draw(st.sampled_from(["", "", "wide|", "utf16le|", "utf16be|", "utf16|"]))
    return wide + draw(st.sampled_from(["base64", "base64|contains", "base64offset", "base64offset|contains"])), piece


@st.composite
def _hidden_item(draw: st.DrawFn, tried: list[dict[str, Any]], field: str) -> _Item:
    """Take the wanted text of a base64 item and hide it in one event, so that such items can match."""
    secret, before = draw(st.text("abcXYZ é", min_size=3, max_size=8)), draw(st.text("xy", max_size=3))
    wide = draw(st.booleans())
    data = (before + secret + "zz").encode("utf-16-le" if wide else "utf-8")
    draw(st.sampled_from(tried))[field] = f"-e {b64encode(data).decode()} "
    return ("wide|" if wide else "") + draw(st.sampled_from(["base64offset|contains", "base64offset"])), secret


@st.composite
def _reference_item(draw: st.DrawFn, tried: list[dict[str, Any]], field: str) -> _Item:
    place = draw(st.sampled_from(["", "", "|startswith", "|endswith", "|contains"]))
    return "fieldref" + place, draw(st.sampled_from([*FIELDS, "Missing"]))


@st.composite
def _exists_item(draw: st.DrawFn, tried: list[dict[str, Any]], field: str) -> _Item:
    return "exists", draw(st.booleans())


@st.composite
def _expand_item(draw: st.DrawFn, tried: list[dict[str, Any]], field: str) -> _Item:
    chain = draw(st.sampled_from(["expand", "expand|contains", "contains|expand", "contains|all|expand"]))
    wanted = draw(st.sampled_from(["%p%", "%q%", "a%q%", ["%p%", "%q%"]]))
    return chain, wanted


_ITEMS = (
    _plain_item,
    _plain_item,
    _placed_item,
    _placed_item,
    _placed_item,
    _cased_item,
    _regex_item,
    _number_item,
    _time_item,
    _cidr_item,
    _encoded_item,
    _hidden_item,
    _reference_item,
    _exists_item,
    _expand_item,
)


@st.composite
def _items(draw: st.DrawFn, tried: list[dict[str, Any]]) -> _Item:
    """Draw one key and value of a detection map."""
    seen = sorted({name for event in tried for name in event})
    field = draw(st.sampled_from(seen) if seen and draw(st.integers(0, 5)) else st.sampled_from(FIELDS))
    chain, wanted = draw(draw(st.sampled_from(_ITEMS))(tried, field))
    name = draw(st.sampled_from([field] * 8 + [field.upper(), field[:3] + " " + field[3:]]))
    if draw(st.integers(0, 7)) == 0:
        chain = f"{chain}|neq" if chain else "neq"
    return f"{name}|{chain}" if chain else name, wanted


# --- detections and conditions --------------------------------------------------------------------------------------


@st.composite
def _maps(draw: st.DrawFn, tried: list[dict[str, Any]]) -> dict[str, Any]:
    return dict(draw(st.lists(_items(tried), min_size=1, max_size=3)))


@st.composite
def _keywords(draw: st.DrawFn, tried: list[dict[str, Any]]) -> Any:
    words = draw(st.lists(st.one_of(_text_values(tried, None, "contains"), numbers), min_size=1, max_size=3))
    form = draw(st.sampled_from(["list", "list", "one", "all", "mixed"]))
    if form == "mixed":
        return [*words, draw(_maps(tried))]
    return {"list": words, "one": words[0], "all": {"|all": words}}[form]


def _detections(tried: list[dict[str, Any]]) -> st.SearchStrategy[Any]:
    one = _maps(tried)
    return st.one_of(one, one, one, st.lists(one, min_size=1, max_size=3), _keywords(tried))


_NAMES = ("selection", "selection_b", "filter_main", "notable", "_hidden", "1of")


@st.composite
def _conditions(draw: st.DrawFn, names: list[str], depth: int = 0) -> str:
    shown = [name for name in names if not name.startswith("_")]
    forms = ["name", "name"] + ["of"] * bool(shown) + ["not", "and", "or", "group"] * (depth < 3)
    form = draw(st.sampled_from(forms))
    if form == "name":
        return draw(st.sampled_from(names))
    if form == "of":
        pattern = draw(st.sampled_from(["them", "*", shown[0], shown[0][:3] + "*", "*" + shown[0][2:], shown[-1]]))
        return f"{draw(st.sampled_from(['1', 'any', 'all']))} of {pattern}"
    inner = draw(_conditions(names, depth + 1))
    if form == "not":
        return f"not ({inner})" if draw(st.booleans()) else f"not {inner}"
    if form == "group":
        return f"({inner})"
    return f"{inner} {form} {draw(_conditions(names, depth + 1))}"


@st.composite
def _condition_or_list(draw: st.DrawFn, names: list[str]) -> Any:
    one = _conditions(names)
    shown = [name for name in names if not name.startswith("_")]
    if shown and draw(st.integers(0, 7)) == 0:
        return f"{draw(st.integers(1, len(shown)))} of them"
    return draw(st.lists(one, min_size=1, max_size=2)) if draw(st.integers(0, 9)) == 0 else draw(one)
