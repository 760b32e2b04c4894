"""PowerShell expressions of constants replaced by what they give: joins, formats, characters, Base64."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from lotl.normalise.canonical.environment import KNOWN
from lotl.normalise.canonical.operators import (
    METHODS,
    OPERATORS,
    STATIC,
    NotConstant,
    Value,
    cast,
    index,
    limited,
    listed,
    number_of,
    text_of,
)
from lotl.normalise.canonical.tokens import Token, literal, tokens, unescape

VARIABLES: Final = {
    "pshome": "C:\\Windows\\System32\\WindowsPowerShell\\v1.0",
    "shellid": "Microsoft.PowerShell",
    "verbosepreference": "SilentlyContinue",
    "ofs": " ",
    "true": "True",
    "false": "False",
}
"""Automatic variables whose value is the same everywhere."""

_NAME: Final = re.compile(r"\$\{([^}]{1,64})\}|\$([A-Za-z_][\w:]{0,63})")
_SEPARATOR: Final = re.compile(
    r"\s*\$\(\s*(?:set-?\w*|sv|si)\s+(?:-\w+\s+)?['\"]?(?:variable:)?ofs['\"]?\s+(?:-\w+\s+)?'([^']{0,8})'\s*\)", re.I
)
NESTED: Final = 40
"""Brackets in brackets."""
STEPS: Final = 60_000
"""Reductions of one script."""


class Folder:
    """Folds the constants of one script.

    Parameters
    ----------
    script : str
    own : dict of str to Value
        Variables that are known already, by lower-case name; assignments of constants are added.
    decoded : callable
        Called with the bytes of each Base64 string that was decoded.
    """

    def __init__(self, script: str, own: dict[str, Value], decoded: Callable[[bytes], None]) -> None:
        self.own, self.decoded = own, decoded
        self.tokens = [token for token in tokens(script) if token.kind not in ("space", "comment")]
        self.script, self.steps = script, STEPS

    def fold(self) -> str:
        """Return the script with its constants folded and its backticks, and comments, gone."""
        out: list[str] = []
        place, end = 0, 0
        while place < len(self.tokens):
            token = self.tokens[place]
            gap = " " if token.start > end and out else ""
            text, after = self._one(place)
            if text[:1] == "'" and token.text == "(" and place and (self._called(place) or out[-2:-1] == ["."]):
                text = f"({text})"
            elif text[:1] == "'" and not gap and out and (out[-1][-1:] == "'" or out[-1][-1:].isalnum()):
                gap = " "  # two strings side by side would read as one
            out.append(gap + text)
            place, end = after, self.tokens[after - 1].end
        return "".join(out)

    def _one(self, place: int) -> tuple[str, int]:
        """Return what stands at `place`, folded as far as it goes, and where the next token is."""
        token = self.tokens[place]
        assigned = self._assignment(place)
        if assigned is not None:
            return assigned
        if self._may_begin(place):
            try:
                value, after = self._expression(place, 1, 0)
            except (NotConstant, IndexError, TypeError, ValueError, OverflowError):
                after = place
            else:
                value = value[0] if isinstance(value, list) and len(value) == 1 else value
                if isinstance(value, str) and (after > place + 1 or token.kind in ("text", "variable")):
                    return literal(value), after
                if after > place + 1 and _numbers(value):
                    return self.script[token.start : self.tokens[after - 1].end], after
                several = token.kind == "type" or (token.text == "(" and isinstance(value, list) and len(value) > 1)
                if several and after > place + 1 and all(isinstance(item, str) for item in listed(value)):
                    return f"({','.join(map(literal, value))})", after
        if token.kind == "string" and token.text[:1] in '"@':
            return (literal(token.value) if "\n" not in token.value or token.text[0] == "@" else token.text), place + 1
        return token.text, place + 1

    def _called(self, place: int) -> bool:
        """Tell whether the brackets at `place` hold the arguments of what stands right before them."""
        before = self.tokens[place - 1]
        return before.end == self.tokens[place].start and before.kind in ("word", "variable", "string", "type")

    def _may_begin(self, place: int) -> bool:
        token = self.tokens[place]
        before = self.tokens[place - 1] if place else None
        if token.kind in ("string", "text"):
            return True
        if token.kind == "variable":
            name = _variable(token.text)
            return name in self.own or name in VARIABLES or name.startswith("env:")
        if token.kind == "type":
            return before is None or before.kind not in ("word", "variable") or before.end < token.start
        if token.kind == "dash":
            follows = self._next(place) in ("(", "string", "variable", "type")
            return follows and token.text.lower() in ("-join", "-split")
        return token.kind == "number" or token.text in ("(", "@", "$")

    def _next(self, place: int) -> str:
        if place + 1 >= len(self.tokens):
            return ""
        token = self.tokens[place + 1]
        return token.text if token.kind == "sign" else token.kind

    def _sign(self, place: int, sign: str) -> bool:
        return place < len(self.tokens) and self.tokens[place].kind == "sign" and self.tokens[place].text == sign

    def _assignment(self, place: int) -> tuple[str, int] | None:
        token = self.tokens[place]
        if token.kind != "variable" or not self._sign(place + 1, "=") or self._sign(place + 2, "="):
            return None
        name = _variable(token.text)
        try:
            value, after = self._expression(place + 2, 1, 0)
        except (NotConstant, IndexError, TypeError, ValueError, OverflowError):
            self.own.pop(name, None)
            return None
        following = self.tokens[after] if after < len(self.tokens) else None
        if following is not None and following.kind != "line" and following.text not in (";", ")", "}"):
            self.own.pop(name, None)
            return None
        if len(self.own) < 256:
            self.own[name] = value
        if isinstance(value, str):
            return f"{token.text}={literal(value)}", after
        end = self.tokens[after - 1].end
        return self.script[token.start : end], after

    def _expression(self, place: int, tightness: int, depth: int) -> tuple[Value, int]:
        """Return the value of the longest constant expression from `place` on, and where it ends."""
        self.steps -= 1
        if depth > NESTED or self.steps < 0:
            raise NotConstant
        value, place = self._comma(place, depth)
        while place < len(self.tokens):
            token = self.tokens[place]
            if token.text == "|" and tightness == 1:
                value, after = self._each(value, place, depth)
                if after == place:
                    break
                place = after
                continue
            if token.kind not in ("sign", "dash") or token.text.lower() not in OPERATORS:
                break
            level, operate = OPERATORS[token.text.lower()]
            if level < tightness:
                break
            try:
                right, after = self._expression(place + 1, level + 1, depth + 1)
                value = limited(operate(value, right))
            except (NotConstant, IndexError, TypeError, ValueError, OverflowError):
                break
            place = after
        return value, place

    def _each(self, value: Value, place: int, depth: int) -> tuple[Value, int]:
        """``| % { … $_ … }``: the block on each element; nothing is taken where that is not constant."""
        names = ("%", "foreach", "foreach-object")
        if not (
            place + 2 < len(self.tokens) and self.tokens[place + 1].text.lower() in names and self._sign(place + 2, "{")
        ):
            return value, place
        results: list[Value] = []
        after = place
        outer = self.own.get("_")
        try:
            for item in listed(value):
                self.own["_"] = item
                result, after = self._expression(place + 3, 1, depth + 1)
                if not self._sign(after, "}"):
                    return value, place
                results.append(result)
        except (NotConstant, IndexError, TypeError, ValueError, OverflowError):
            return value, place
        finally:
            self.own.pop("_", None)
            if outer is not None:
                self.own["_"] = outer
        return (limited(results), after + 1) if results else (value, place)

    def _comma(self, place: int, depth: int) -> tuple[Value, int]:
        value, place = self._unary(place, depth)
        if not self._sign(place, ","):
            return value, place
        values = [value]
        while self._sign(place, ","):
            value, place = self._unary(place + 1, depth + 1)
            values.append(value)
        return limited(values), place

    def _unary(self, place: int, depth: int) -> tuple[Value, int]:
        self.steps -= 1
        if depth > NESTED or self.steps < 0:
            raise NotConstant
        token = self.tokens[place]
        if token.kind == "dash" and token.text.lower() in ("-join", "-split"):
            value, after = self._comma(place + 1, depth + 1)
            operate = OPERATORS[token.text.lower()][1]
            return limited(operate(value, "" if token.text.lower() == "-join" else r"\s")), after
        if token.kind == "sign" and token.text in "-+":
            value, after = self._unary(place + 1, depth + 1)
            return (-number_of(value) if token.text == "-" else number_of(value)), after
        if token.kind == "type" and self._sign(place + 1, "::"):
            return self._static(place, depth)
        if token.kind == "type":
            value, after = self._unary(place + 1, depth + 1)
            if token.text.lower() == "[string]" and isinstance(value, list) and "ofs" in self.own:
                return limited(text_of(self.own["ofs"]).join(map(text_of, value))), after
            return cast(token.text[1:-1], value), after
        return self._postfix(*self._primary(place, depth), depth)

    def _primary(self, place: int, depth: int) -> tuple[Value, int]:
        token = self.tokens[place]
        if token.kind == "string":
            return token.value, place + 1
        if token.kind == "text":
            return self._interpolated(token.value), place + 1
        if token.kind == "number":
            return _number(token.text), place + 1
        if token.kind == "variable":
            return self._value(token), place + 1
        if token.text == "$" and self._sign(place + 1, "("):
            return self._separator(place)
        if token.text == "@" and self._sign(place + 1, "("):
            value, after = self._primary(place + 1, depth)
            return (value if isinstance(value, list) else [value]), after
        if token.text == "(" and token.kind == "sign":
            value, after = self._expression(place + 1, 1, depth + 1)
            if not self._sign(after, ")"):
                raise NotConstant
            return value, after + 1
        raise NotConstant

    def _separator(self, place: int) -> tuple[Value, int]:
        """``$(set-variable ofs '')``: what joins lists from here on; its value is empty."""
        found = _SEPARATOR.match(self.script, self.tokens[place].start)
        if found is None:
            raise NotConstant
        self.own["ofs"] = found.group(1)
        while place < len(self.tokens) and self.tokens[place].start < found.end():
            place += 1
        return "", place

    def _postfix(self, value: Value, place: int, depth: int) -> tuple[Value, int]:
        while place < len(self.tokens):
            token, before = self.tokens[place], self.tokens[place - 1]
            if token.start != before.end:
                break
            if token.text == "[":
                places, after = self._expression(place + 1, 1, depth + 1)
                if not self._sign(after, "]"):
                    break
                try:
                    value, place = index(value, places), after + 1
                except NotConstant:
                    break
            elif token.text == "." and place + 1 < len(self.tokens):
                called = self._method(place + 1, depth)
                if called is None:
                    break
                name, given, after = called
                value, place = limited(METHODS[name](value, *given)), after
            else:
                break
        return value, place

    def _method(self, place: int, depth: int) -> tuple[str, list[Value], int] | None:
        token = self.tokens[place]
        name = token.value.strip("'\"").lower()
        if token.kind not in ("word", "string") or name not in METHODS or not self._sign(place + 1, "("):
            return None
        given, after = self._given(place + 1, depth)
        return name, given, after

    def _given(self, place: int, depth: int) -> tuple[list[Value], int]:
        """Return the arguments in the brackets at `place`."""
        given: list[Value] = []
        place += 1
        while not self._sign(place, ")"):
            value, place = self._argument(place, depth + 1)
            given.append(value)
            if self._sign(place, ","):
                place += 1
            elif not self._sign(place, ")"):
                raise NotConstant
            if len(given) > 4096:
                raise NotConstant
        return given, place + 1

    def _argument(self, place: int, depth: int) -> tuple[Value, int]:
        """Return one argument: an expression that commas end."""
        value, place = self._unary(place, depth)
        while place < len(self.tokens):
            token = self.tokens[place]
            if token.kind not in ("sign", "dash") or token.text.lower() not in OPERATORS:
                break
            right, place = self._unary(place + 1, depth)
            value = limited(OPERATORS[token.text.lower()][1](value, right))
        return value, place

    def _static(self, place: int, depth: int) -> tuple[Value, int]:
        kind = self.tokens[place].text[1:-1].lower().removeprefix("system.")
        name = self.tokens[place + 2].value.strip("'\"").lower()
        place += 3
        while self._sign(place, ".") and place + 1 < len(self.tokens):  # [Text.Encoding]::UTF8.GetString(
            name += "." + self.tokens[place + 1].value.strip("'\"").lower()
            place += 2
        if self.tokens[place - 1].kind == "word" and kind == "char" and name.isalnum() and not self._sign(place, "("):
            raise NotConstant
        operate = STATIC.get(f"{kind}::{name}")
        if operate is None or not self._sign(place, "("):
            raise NotConstant
        given, after = self._given(place, depth)
        value = limited(operate(*given))
        if isinstance(value, bytes):
            self.decoded(value)
        return self._postfix(value, after, depth)

    def _value(self, token: Token) -> Value:
        name = _variable(token.text)
        if name in self.own:
            return self.own[name]
        known = KNOWN.get(name[4:]) if name.startswith("env:") else VARIABLES.get(name)
        if known is None:
            raise NotConstant
        return known

    def _interpolated(self, text: str) -> str:
        separator = _SEPARATOR.match(text)
        if separator and not text[separator.end() :].strip():
            self.own["ofs"] = separator.group(1)
            return ""
        if "$(" in text:
            raise NotConstant

        def fill(found: re.Match[str]) -> str:
            name = (found.group(1) or found.group(2)).lower()
            value = self.own.get(name, KNOWN.get(name[4:]) if name.startswith("env:") else VARIABLES.get(name))
            if value is None:
                raise NotConstant
            return text_of(value)

        value: str = limited(unescape(_NAME.sub(fill, text)))
        return value


def _numbers(value: Value) -> bool:
    return isinstance(value, int | bytes) or (isinstance(value, list) and all(isinstance(item, int) for item in value))


def _variable(text: str) -> str:
    return text.lstrip("$@").strip("{}").lower().removeprefix("global:").removeprefix("script:")


def _number(text: str) -> int:
    low = text.lower()
    scale = 1024 if low.endswith("kb") and not low.startswith("0x") else 1 << 20 if low.endswith("mb") else 1
    digits = low.removesuffix("kb").removesuffix("mb") if scale > 1 else low
    if len(digits) > 18:
        raise NotConstant
    return (int(digits, 16) if digits.startswith("0x") else int(digits)) * scale
