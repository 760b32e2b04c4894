"""PowerShell on constants: what operators, methods and casts give. Everything else raises `NotConstant`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from lotl.normalise.canonical.payload import as_text, from_base64, unpacked

Value: TypeAlias = Any
"""str, int, bytes or a list of these."""

LARGEST: Final = 1 << 16
"""Characters or elements that a value may have."""


class NotConstant(Exception):
    """The expression depends on something that the script does not say."""


def limited(value: Value) -> Value:
    """Return `value`, unless it is too large."""
    if isinstance(value, str | bytes | list) and len(value) > LARGEST:
        raise NotConstant
    if isinstance(value, int) and abs(value) > 1 << 40:
        raise NotConstant
    return value


def text_of(value: Value) -> str:
    """Return a value as PowerShell turns it into a string."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        joined: str = limited(" ".join(map(text_of, value)))
        return joined
    if isinstance(value, bytes):
        return " ".join(map(str, value[: LARGEST // 4]))
    return str(value)


def number_of(value: Value) -> int:
    """Return a value as a whole number."""
    if isinstance(value, int):
        return value
    if isinstance(value, str) and len(value) < 20:
        try:
            return int(value.strip(), 16) if value.strip().lower().startswith("0x") else int(value.strip())
        except ValueError:
            raise NotConstant from None
    raise NotConstant


def listed(value: Value) -> list[Value]:
    """Return a value as a list."""
    if isinstance(value, list):
        return value
    return list(value) if isinstance(value, bytes) else [value]


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, list):
        return left + listed(right)
    if isinstance(left, str):
        return left + text_of(right)
    return number_of(left) + number_of(right)


def _times(left: Value, right: Value) -> Value:
    count = number_of(right)
    if isinstance(left, str | list):
        if count < 0 or len(left) * count > LARGEST:
            raise NotConstant
        return left * count
    return number_of(left) * count


def _range(left: Value, right: Value) -> Value:
    first, last = number_of(left), number_of(right)
    if abs(last - first) >= LARGEST:
        raise NotConstant
    return list(range(first, last + 1)) if first <= last else list(range(first, last - 1, -1))


_PLACE: Final = re.compile(r"\{(\d{1,4})(?:,(-?\d{1,4}))?(?::[^}]{0,16})?\}|\{\{|\}\}")


def _format(left: Value, right: Value) -> Value:
    items = listed(right)
    size = 0

    def fill(found: re.Match[str]) -> str:
        nonlocal size
        if found.group(1) is None:
            return found.group()[0]
        place = int(found.group(1))
        if place >= len(items):
            raise NotConstant
        text = text_of(items[place])
        width = max(-256, min(256, int(found.group(2) or 0)))
        text = text.rjust(width) if width > 0 else text.ljust(-width)
        size += len(text)
        if size > LARGEST:
            raise NotConstant
        return text

    return _PLACE.sub(fill, text_of(left))


def _join(left: Value, right: Value) -> Value:
    return text_of(right).join(map(text_of, listed(left)))


def _split(left: Value, right: Value) -> Value:
    parts = listed(right)
    pattern = text_of(parts[0]) if parts else " "
    found: list[str] = []
    for text in map(text_of, listed(left)):
        found += re.split(_simple(pattern), text, flags=re.I) if pattern else [text]
    return limited(found)


def _replace(left: Value, right: Value) -> Value:
    parts = [text_of(part) for part in listed(right)]
    old, new = parts[0], parts[1] if len(parts) > 1 else ""
    if "$" in new:
        raise NotConstant
    return _each(left, lambda text: _substituted(text, _simple(old), new))


def _substituted(text: str, pattern: str, new: str) -> str:
    found = re.findall(pattern, text, re.I) if pattern else []
    if not pattern or len(text) + len(found) * len(new) > LARGEST:
        raise NotConstant
    return re.sub(pattern, lambda _: new, text, flags=re.I)


def _simple(pattern: str) -> str:
    """Return a pattern that cannot run away: literal text, a set, or alternatives of these."""
    if len(pattern) > 128 or re.search(r"[*+?{(]", re.sub(r"\\.|\[[^\]]*\]", "", pattern)):
        raise NotConstant
    try:
        re.compile(pattern)
    except (re.error, RecursionError):
        raise NotConstant from None
    return pattern


def _each(value: Value, change: Callable[[str], Value]) -> Value:
    if isinstance(value, list):
        return [change(text_of(item)) for item in value]
    return change(text_of(value))


OPERATORS: Final[dict[str, tuple[int, Callable[[Value, Value], Value]]]] = {
    # operator: (how tightly it binds, what it gives)
    "-join": (1, _join),
    "-split": (1, _split),
    "-csplit": (1, _split),
    "-isplit": (1, _split),
    "-replace": (1, _replace),
    "-creplace": (1, _replace),
    "-ireplace": (1, _replace),
    "-bxor": (1, lambda a, b: number_of(a) ^ number_of(b)),
    "-band": (1, lambda a, b: number_of(a) & number_of(b)),
    "-bor": (1, lambda a, b: number_of(a) | number_of(b)),
    "-as": (1, lambda a, b: cast(text_of(b).strip("[]"), a)),
    "+": (2, _add),
    "-": (2, lambda a, b: number_of(a) - number_of(b)),
    "*": (3, _times),
    "/": (3, lambda a, b: number_of(a) // (number_of(b) or _fail())),
    "%": (3, lambda a, b: number_of(a) % (number_of(b) or _fail())),
    "-f": (4, _format),
    "..": (5, _range),
}
"""Binary operators (Microsoft, "about_Operator_Precedence")."""


def _fail() -> int:
    raise NotConstant


def cast(kind: str, value: Value) -> Value:
    """Return ``[kind]value``."""
    kind = kind.lower().removeprefix("system.")
    if kind.startswith("char"):
        if kind == "char[]" or isinstance(value, list | bytes):
            items = list(value) if isinstance(value, str) else listed(value)
            return limited([_character(item) for item in items])
        return _character(value)
    if kind in ("string", "text.stringbuilder", "management.automation.scriptblock", "scriptblock"):
        return text_of(value)
    if kind == "string[]":
        return [text_of(item) for item in listed(value)]
    if kind in ("int", "int32", "int64", "long", "byte", "uint32", "int16"):
        return ord(value) if kind == "byte" and isinstance(value, str) and len(value) == 1 else number_of(value)
    if kind in ("int[]", "int32[]", "byte[]"):
        items = [number_of(item) for item in listed(value)]
        return bytes(number_of(item) & 255 for item in items) if kind == "byte[]" else items
    if kind in ("array", "object[]"):
        return listed(value)
    if kind == "regex":
        return text_of(value)
    raise NotConstant


def _character(value: Value) -> str:
    if isinstance(value, str) and len(value) == 1:
        return value
    code = number_of(value)
    if not 0 <= code < 0xD800:
        raise NotConstant
    return chr(code)


def index(value: Value, places: Value) -> Value:
    """Return ``value[places]``."""
    items: Any = value if isinstance(value, str | list | bytes) else _fail()

    def one(place: Value) -> Value:
        number = number_of(place)
        if not -len(items) <= number < len(items):
            raise NotConstant
        return items[number]

    return [one(place) for place in places] if isinstance(places, list) else one(places)


def _substring(value: Value, start: Value, length: Value = None) -> Value:
    text, first = text_of(value), number_of(start)
    count = len(text) - first if length is None else number_of(length)
    if first < 0 or count < 0:
        raise NotConstant
    return text[first : first + count]


def _replace_text(value: Value, old: Value, new: Value = "") -> Value:
    before, after, text = text_of(old), text_of(new), text_of(value)
    if not before or len(text) + text.count(before) * len(after) > LARGEST:
        raise NotConstant
    return text.replace(before, after)


METHODS: Final[dict[str, Callable[..., Value]]] = {
    "replace": _replace_text,
    "substring": _substring,
    "remove": lambda v, start, count=None: (
        text_of(v)[: number_of(start)] + ("" if count is None else text_of(v)[number_of(start) + number_of(count) :])
    ),
    "insert": lambda v, at, new: text_of(v)[: number_of(at)] + text_of(new) + text_of(v)[number_of(at) :],
    "tolower": lambda v: text_of(v).lower(),
    "toupper": lambda v: text_of(v).upper(),
    "tolowerinvariant": lambda v: text_of(v).lower(),
    "tostring": lambda v, *_: text_of(v),
    "tochararray": lambda v: list(text_of(v)),
    "trim": lambda v, what=None: text_of(v).strip(None if what is None else text_of(what)),
    "trimstart": lambda v, what=None: text_of(v).lstrip(None if what is None else text_of(what)),
    "trimend": lambda v, what=None: text_of(v).rstrip(None if what is None else text_of(what)),
    "split": lambda v, what=" ", *_: re.split("|".join(re.escape(text_of(w)) for w in listed(what)) or " ", text_of(v)),
    "padleft": lambda v, width: text_of(v).rjust(min(number_of(width), 1024)),
    "normalize": lambda v, *_: text_of(v),
    "invoke": lambda v, *_: v,
}
"""Methods of strings, lower case."""


def _decoded(encoding: str) -> Callable[..., Value]:
    def decode(value: Value, *_: Value) -> Value:
        data = bytes(number_of(item) & 255 for item in value) if isinstance(value, list) else value
        if not isinstance(data, bytes):
            raise NotConstant
        return data.decode(encoding, "replace").lstrip("\ufeff")

    return decode


def _base64(value: Value) -> Value:
    data = from_base64(text_of(value))
    if data is None:
        raise NotConstant
    return data


def _encoded(value: Value) -> Value:
    import base64

    return base64.b64encode(value if isinstance(value, bytes) else bytes(listed(value))).decode()


def _number(value: Value, base: Value = 10) -> Value:
    try:
        return int(text_of(value), number_of(base)) if isinstance(value, str) else number_of(value)
    except ValueError:
        raise NotConstant from None


STATIC: Final[dict[str, Callable[..., Value]]] = {
    "convert::frombase64string": _base64,
    "convert::tobase64string": _encoded,
    "convert::tochar": lambda v, *_: _character(v),
    "convert::toint32": _number,
    "convert::toint16": _number,
    "convert::tobyte": _number,
    "char::convertfromutf32": _character,
    "string::join": lambda sep, *items: _join(items[0] if len(items) == 1 else list(items), sep),
    "string::concat": lambda *items: "".join(map(text_of, items)),
    "string::format": lambda pattern, *items: _format(pattern, items[0] if len(items) == 1 else list(items)),
    "string::new": lambda chars, *_: "".join(map(text_of, listed(chars))),
    "regex::replace": lambda text, old, new: _replace(text, [old, new]),
    "regex::unescape": lambda text: text_of(text),
    "regex::split": lambda text, what: _split(text, what),
    "scriptblock::create": lambda text: text_of(text),
    "text.encoding::unicode.getstring": _decoded("utf-16-le"),
    "text.encoding::utf8.getstring": _decoded("utf-8"),
    "text.encoding::ascii.getstring": _decoded("latin-1"),
    "text.encoding::default.getstring": _decoded("latin-1"),
    "text.encoding::utf7.getstring": _decoded("latin-1"),
    "text.unicodeencoding::new.getstring": _decoded("utf-16-le"),
}
"""Static methods, lower case, without ``System.``."""


def payload_text(data: bytes) -> str | None:
    """Return the text that decoded bytes hold, packed or not."""
    plain = unpacked(data)
    return as_text(data if plain is None else plain)
