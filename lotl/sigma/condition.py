"""Conditions: a recursive-descent parser and what its result becomes.

::

    or         = and { "or" and }
    and        = not { "and" not }
    not        = { "not" } term
    term       = "(" or ")" | quantifier "of" ( "them" | pattern ) | identifier
    quantifier = "1" | "any" | "all" | N

Operators are lower case. A pattern may have ``*`` anywhere; `them` and patterns leave out identifiers that begin with
``_`` unless the pattern itself begins with one (Sigma specification 2.1, "Condition").
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from lotl.plan.ir import And, AtLeast, Node, Not, Or
from lotl.sigma.fault import Fault

DEEPEST = 100
"""Levels of parentheses."""
MOST_TERMS = 2000
"""Terms that `pinned` may need to spell out one ``N of``."""
PATH = ("detection", "condition")

_TOKEN = re.compile(r"[()]|[^\s()]+")
_RESERVED = frozenset({"and", "or", "not", "of", "(", ")"})


@dataclass(frozen=True)
class Name:
    """A detection by its identifier."""

    name: str


@dataclass(frozen=True)
class Group:
    """At least `count` of `parts`."""

    count: int
    parts: tuple[Tree, ...]


@dataclass(frozen=True)
class Negation:
    """Not `part`."""

    part: Tree


Tree: TypeAlias = "Name | Group | Negation"


def parse(text: str, names: Collection[str]) -> Tree:
    """Parse a condition over the detections `names`, in their order.

    Raises
    ------
    Fault
        It cannot be read, or names a detection that is not there.

    Examples
    --------
    >>> parse("a and not 1 of b*", ["a", "b1", "b2"])
    Group(count=2, parts=(Name(name='a'), Negation(part=Group(count=1, parts=(Name(name='b1'), Name(name='b2'))))))
    """
    if "|" in text:
        raise Fault(
            f"aggregation after '|' in condition {text[:200]!r}",
            PATH,
            hint="Sigma 2 has correlation rules instead: type event_count, value_count or temporal",
        )
    parser = _Parser(text, names)
    tree = parser.either(0)
    if parser.here is not None:
        parser.fail(f"unexpected {parser.here!r}")
    return tree


def lower(tree: Tree, nodes: Mapping[str, Node]) -> Node:
    """Put the nodes of the detections in the place of their names."""
    match tree:
        case Name(name):
            return nodes[name]
        case Negation(part):
            return Not(lower(part, nodes))
        case Group(count, parts):
            children = tuple(lower(part, nodes) for part in parts)
            if len(children) == 1:
                return children[0]
            if count == 1:
                return Or(children)
            return And(children) if count == len(children) else AtLeast(count, children)


def used(tree: Tree) -> set[str]:
    """Return the names that a condition reads."""
    match tree:
        case Name(name):
            return {name}
        case Negation(part):
            return used(part)
        case Group(_, parts):
            return set().union(*map(used, parts))


def pinned(tree: Tree, rename: Callable[[str], str] = str) -> str:
    """Write a condition with every detection by name, so that later ones cannot join a pattern.

    Raises
    ------
    Fault
        An ``N of`` has too many combinations to be spelled out.

    Examples
    --------
    >>> pinned(parse("a and not 1 of b*", ["a", "b1", "b2"]), "_x_".__add__)
    '(_x_a and not (_x_b1 or _x_b2))'
    """
    match tree:
        case Name(name):
            return rename(name)
        case Negation(part):
            return f"not {pinned(part, rename)}"
        case Group(count, parts):
            terms = [pinned(part, rename) for part in parts]
            if count in (1, len(terms)):
                return f"({(' or ' if count == 1 else ' and ').join(terms)})"
            if math.comb(len(terms), count) > MOST_TERMS:
                raise Fault(f"'{count} of' {len(terms)} detections is too much to combine with a filter", PATH)
            return f"({' or '.join('(' + ' and '.join(some) + ')' for some in itertools.combinations(terms, count))})"


def select(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names that a pattern or ``them`` selects, in order.

    Examples
    --------
    >>> select("sel_*_x", ["sel_a_x", "sel_b", "_sel_c_x"]), select("them", ["a", "_b"])
    (['sel_a_x'], ['a'])
    """
    if pattern == "them":
        pattern = "*"
    wanted = re.compile(".*".join(map(re.escape, re.split(r"\*+", pattern))), re.DOTALL)
    hidden = not pattern.startswith("_")
    return [name for name in names if wanted.fullmatch(name) and not (hidden and name.startswith("_"))]


class _Parser:
    def __init__(self, text: str, names: Collection[str]) -> None:
        self._tokens: list[str] = _TOKEN.findall(text)
        self._at = 0
        self._names, self._text = names, text

    @property
    def here(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def fail(self, what: str, hint: str = "") -> NoReturn:
        raise Fault(f"{what} in condition {self._text[:200]!r}", PATH, hint=hint)

    def either(self, depth: int) -> Tree:
        parts = [self._both(depth)]
        while self._skip("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Group(1, tuple(parts))

    def _both(self, depth: int) -> Tree:
        parts = [self._negation(depth)]
        while self._skip("and"):
            parts.append(self._negation(depth))
        return parts[0] if len(parts) == 1 else Group(len(parts), tuple(parts))

    def _negation(self, depth: int) -> Tree:
        odd = False
        while self._skip("not"):  # pairs cancel out; a loop keeps the tree shallow whatever the condition says
            odd = not odd
        term = self._term(depth)
        return Negation(term) if odd else term

    def _term(self, depth: int) -> Tree:
        if depth > DEEPEST:
            self.fail(f"more than {DEEPEST} levels of parentheses")
        if self._skip("("):
            tree = self.either(depth + 1)
            if not self._skip(")"):
                self.fail("')' is missing")
            return tree
        token = self._next()
        if self.here == "of" and (token in ("any", "all") or token.isdecimal()):
            self._at += 1
            return self._quantified(token, self._next())
        if token in _RESERVED:
            self.fail(f"unexpected {token!r}", "a detection, 'not', '(' or '1 of …' is expected")
        if token not in self._names:
            self.fail(f"there is no detection {token!r}", self._advice(token))
        return Name(token)

    def _advice(self, token: str) -> str:
        if token.lower() in _RESERVED:
            return "operators are lower case"
        return "there are: " + ", ".join(itertools.islice(self._names, 20))

    def _quantified(self, quantifier: str, pattern: str) -> Tree:
        names = select(pattern, self._names)
        if not names:
            self.fail(f"{pattern!r} selects no detection", self._advice(pattern))
        count = {"all": len(names), "any": 1}.get(quantifier) or int(quantifier[:9])
        if not 1 <= count <= len(names):
            self.fail(f"'{quantifier} of {pattern}' selects from {len(names)} detections")
        return Group(count, tuple(map(Name, names)))

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
