"""Conditions: a small recursive-descent parser.

::

    or    = and { "or" and }
    and   = not { "and" not }
    not   = { "not" } term
    term  = "(" or ")" | quantifier "of" ( "them" | pattern ) | identifier
    quantifier = "1" | "any" | "all" | N

Operators are lower case. A pattern may have ``*`` anywhere; `them` and patterns leave out identifiers that begin with
``_``, unless the pattern itself begins with one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NoReturn

from lotl.errors import RuleError
from lotl.match.reference.nodes import Group, Negation, Node, both, either

DEEPEST: Final = 100
WHERE: Final = "detection.condition"

_TOKEN = re.compile(r"\s*([()]|[^\s()]+)")
_RESERVED: Final = frozenset({"and", "or", "not", "of", "(", ")"})


def parse_condition(text: str, detections: Mapping[str, Node]) -> Node:
    """Return the node of a condition over named detections.

    Raises
    ------
    RuleError
        The condition cannot be read, or names a detection that is not there.
    """
    if "|" in text:
        raise RuleError(
            f"aggregation after '|' in {text!r}",
            where=WHERE,
            hint="Sigma 2 replaced it by correlation rules: type event_count, value_count, temporal",
        )
    parser = _Parser(_TOKEN.findall(text), detections, text)
    node = parser.either(0)
    if parser.here is not None:
        parser.fail(f"unexpected '{parser.here}'")
    return node


class _Parser:
    def __init__(self, tokens: list[str], detections: Mapping[str, Node], text: str) -> None:
        self._tokens, self._at = tokens, 0
        self._detections, self._text = detections, text

    @property
    def here(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def fail(self, what: str, hint: str = "") -> NoReturn:
        raise RuleError(f"{what} in condition {self._text[:200]!r}", where=WHERE, hint=hint)

    def either(self, depth: int) -> Node:
        nodes = [self._both(depth)]
        while self._skip("or"):
            nodes.append(self._both(depth))
        return either(nodes)

    def _both(self, depth: int) -> Node:
        nodes = [self._maybe_not(depth)]
        while self._skip("and"):
            nodes.append(self._maybe_not(depth))
        return both(nodes)

    def _maybe_not(self, depth: int) -> Node:
        negations = 0
        while self._skip("not"):
            negations += 1
        node = self._term(depth)
        # Pairs cancel out in two-valued logic; a loop here keeps the tree shallow whatever the condition says.
        return Negation("not", node) if negations % 2 else node

    def _term(self, depth: int) -> Node:
        if depth > DEEPEST:
            self.fail("parentheses nested too deeply")
        if self._skip("("):
            node = self.either(depth + 1)
            if not self._skip(")"):
                self.fail("')' is missing")
            return node
        token = self._next()
        if self.here == "of" and (token in ("any", "all") or token.isdecimal()):
            self._at += 1
            return self._quantified(token, self._next())
        if token in _RESERVED:
            self.fail(f"unexpected '{token}'")
        if token not in self._detections:
            hint = "operators are lower case" if token.lower() in _RESERVED else self._available()
            self.fail(f"there is no detection '{token}'", hint)
        return self._detections[token]

    def _quantified(self, quantifier: str, pattern: str) -> Node:
        names = self._select(pattern)
        if not names:
            self.fail(f"'{pattern}' selects no detection", self._available())
        nodes = tuple(self._detections[name] for name in names)
        need = {"all": len(nodes), "any": 1}.get(quantifier) or int(quantifier[:9])
        if not 1 <= need <= len(nodes):
            self.fail(f"'{quantifier} of {pattern}' selects from {len(nodes)} detections")
        return Group("of", f"{quantifier} of {pattern}", nodes, need)

    def _select(self, pattern: str) -> list[str]:
        if pattern == "them":
            pattern = "*"
        wanted = re.compile(".*".join(map(re.escape, re.split(r"\*+", pattern))), re.DOTALL)
        hidden = not pattern.startswith("_")
        return [name for name in self._detections if wanted.fullmatch(name) and not (hidden and name.startswith("_"))]

    def _available(self) -> str:
        return "there are: " + ", ".join(list(self._detections)[:20])

    def _next(self) -> str:
        token = self.here
        if token is None:
            self.fail("something is missing at the end")
        self._at += 1
        return token

    def _skip(self, word: str) -> bool:
        if self.here != word:
            return False
        self._at += 1
        return True
