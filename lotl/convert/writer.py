"""From a condition to Python code: what all written forms have in common.

A form says how to write one test; names for intermediate results, the header and the helper functions are here.
Everything that comes from a rule is written by `repr`, or as a comment without control characters, never as code.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from textwrap import indent
from typing import Any, ClassVar, Final, NamedTuple

from lotl.plan.ir import And, AtLeast, Atom, AtomValue, Const, Leaf, Node, Not, Op, Or, Wild
from lotl.sigma.model import Meta, Rule

WIDE: Final = 100
"""Longer expressions get a name of their own."""
LISTED: Final = frozenset({Op.EQUALS, Op.CONTAINS, Op.STARTSWITH, Op.ENDSWITH})
"""Tests of which several on one field are written as one, with a list."""


class Test(NamedTuple):
    """One test, or several of which one must hold and that differ in nothing but the value.

    Attributes
    ----------
    atom : Atom
        The first of them.
    values : tuple
        Their values.
    """

    atom: Atom
    values: tuple[AtomValue, ...]


class Writer(ABC):
    """Writes one rule.

    Attributes
    ----------
    HELPERS : dict of name to code
        Functions that written code may call, in the order in which they are defined; each may call earlier ones.
    """

    HELPERS: ClassVar[Mapping[str, str]]

    def __init__(self) -> None:
        self._lines: list[str] = []

    @abstractmethod
    def test(self, test: Test) -> str:
        """Return the expression for a test.

        Raises
        ------
        UnsupportedRule
            The form has no way to say it.
        """

    @abstractmethod
    def negation(self, inner: str) -> str:
        """Return the expression for "not `inner`"."""

    @abstractmethod
    def at_least(self, count: int, parts: list[str]) -> str:
        """Return the expression for "at least `count` of `parts`"."""

    @abstractmethod
    def constant(self, value: bool) -> str:
        """Return an expression that always, or never, holds."""

    @abstractmethod
    def function(self, name: str, body: str) -> str:
        """Return the function around the body."""

    def result(self, expression: str) -> str:
        """Return what the function returns for the expression of the whole condition."""
        return expression

    def rule(self, rule: Rule) -> str:
        """Return the code for a rule."""
        result = self.expression(rule.node)
        body = "\n".join([*self._lines, f"return {self.result(result)}"])
        name = function_name(rule.meta)
        helpers = self._needed(body)
        return header(rule) + "\n" + self.function(name, indent("\n".join([*helpers, body]), "    "))

    def expression(self, node: Node) -> str:
        """Return the expression for a node; parts that are long become lines of their own."""
        match node:
            case Leaf(atom):
                return self._named(self.test(Test(atom, (atom.value,))))
            case Not(child):
                return self._named(self.negation(self.expression(child)))
            case Const(value):
                return self.constant(value)
            case AtLeast(count, children):
                return self._named(self.at_least(count, [self.expression(child) for child in children]))
            case And(children) | Or(children):
                if isinstance(node, And):
                    return self._joined([self.expression(part) for part in flattened(children, And)], True)
                return self._joined([self._part(part) for part in grouped(children)], False)

    def _part(self, part: Node | Test) -> str:
        return self._named(self.test(part)) if isinstance(part, Test) else self.expression(part)

    def _joined(self, parts: list[str], every: bool) -> str:
        if not parts:
            return self.constant(every)
        if len(parts) == 1:
            return parts[0]
        text = f"({(' & ' if every else ' | ').join(parts)})"
        if len(parts) > 8 or len(text) > WIDE:
            text = f"{'all_of' if every else 'any_of'}({listing(parts)})"
        return self._named(text)

    def _named(self, text: str) -> str:
        """Return `text`, or a name for it that was assigned before."""
        if len(text) <= WIDE and "\n" not in text:
            return text
        name = f"part_{len(self._lines) + 1}"
        self._lines.append(f"{name} = {text}")
        return name

    def _needed(self, body: str) -> list[str]:
        """Return the helper functions that `body` calls, directly or through others."""
        wanted: list[str] = []
        text = body
        for name, code in reversed(list(self.HELPERS.items())):
            if re.search(rf"\b{name}(?=[(,)])", text):
                wanted.insert(0, code.strip("\n") + "\n")
                text += code
        return wanted


def grouped(children: Iterable[Node]) -> list[Node | Test]:
    """Join alternatives of one field that differ in nothing but the value; keep the order of first mention.

    Only alternatives: where all must hold, each may hold for another element of a multi-valued field.
    """
    parts: dict[object, Node | Test] = {}
    for child in flattened(children, Or):
        if not isinstance(child, Leaf) or child.atom.op not in LISTED:
            parts[id(child)] = child
            continue
        atom = child.atom
        if atom.value == "" and atom.op is Op.CONTAINS:
            parts[child] = child
            continue
        before = parts.get((atom.field, atom.op, atom.cased))
        values = before.values if isinstance(before, Test) else ()
        known = values if atom.value in values else (*values, atom.value)
        parts[atom.field, atom.op, atom.cased] = Test(atom, known)
    return list(parts.values())


def flattened(children: Iterable[Node], kind: type[And] | type[Or]) -> list[Node]:
    """Return the children with the children of those of the same kind in their place."""
    pending, flat = [*children], list[Node]()
    pending.reverse()
    while pending:
        child = pending.pop()
        if isinstance(child, kind):
            pending += reversed(child.children)
        else:
            flat.append(child)
    return flat


def listing(parts: Iterable[str]) -> str:
    """Write a list, one element a line where it is long."""
    parts = list(parts)
    line = f"[{', '.join(parts)}]"
    if len(line) <= WIDE - 20 and "\n" not in line:
        return line
    return "[\n" + "".join(f"    {part},\n" for part in parts) + "]"


def literals(values: Iterable[object]) -> str:
    """Write a list of values."""
    return listing(repr(value) for value in values)


def function_name(meta: Meta) -> str:
    """Return a Python name for a rule.

    Examples
    --------
    >>> function_name(Meta("3f2b1c9d-0000-4000-8000-000000000000", "LSASS Access (mini-dump)"))
    'lsass_access_mini_dump_3f2b1c9d'
    """
    words = re.findall(r"[a-z0-9]+", meta.title.lower())[:12]
    unique = re.findall(r"[a-z0-9]+", meta.id.lower())[:1]
    name = "_".join([*words, *(part[:8] for part in unique if part not in words)])
    return name if name[:1].isalpha() else f"rule_{name}"


def header(rule: Rule) -> str:
    """Return what a rule says about itself, as comments."""
    meta = rule.meta
    facts = {
        "id": meta.id,
        "level": meta.level,
        "status": meta.status,
        "author": meta.author,
        "license": meta.license,
        "log source": str(rule.logsource),
        "tags": ", ".join(meta.tags),
    }
    lines = [meta.title, *(f"{name}: {value}" for name, value in facts.items() if value)]
    return "\n".join(f"# {plain(line)}" for line in lines)


def plain(text: str) -> str:
    """Return text without anything that could end a line or hide something."""
    return "".join(char if char.isprintable() else " " for char in text)


def members(atom: Atom) -> tuple[Any, ...]:
    """Return the members of an atom's compound value."""
    assert isinstance(atom.value, tuple)
    return atom.value


def glob_pieces(parts: Iterable[object]) -> list[tuple[str, int]]:
    """Return expressions for what stands between the runs of a glob, and how many characters each takes.

    Examples
    --------
    >>> glob_pieces(("a.", Wild.RUN, "b", Wild.ONE))
    [('a\\\\.', 2), ('b.', 2)]
    """
    pieces = [("", 0)]
    for part in parts:
        if part is Wild.RUN:
            pieces.append(("", 0))
            continue
        text, width = pieces[-1]
        one = part is Wild.ONE
        pieces[-1] = (text + ("." if one else re.escape(str(part))), width + (1 if one else len(str(part))))
    return pieces
