"""Rules as pandas code: functions from a DataFrame to a boolean mask.

Every test runs once per distinct value of its column, in plain Python, so that it means exactly what lotl means by it;
cells may hold lists, of which any element may match. Regular expressions run in `re`, without the engine's time budget.
"""

from __future__ import annotations

import re
from typing import Final

from lotl.convert.pandas_helpers import HELPERS
from lotl.convert.writer import Test, Writer, glob_pieces, literals, members
from lotl.errors import UnsupportedRule
from lotl.match.text import fold
from lotl.plan.ir import Atom, Op

_RELATIONS: Final = {"eq": "==", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_TESTS: Final = {Op.CONTAINS: "{0} in t", Op.STARTSWITH: "t.startswith({0})", Op.ENDSWITH: "t.endswith({0})"}


class PandasWriter(Writer):
    """Writes functions from a DataFrame to a boolean Series."""

    HELPERS = HELPERS

    _MODULES: Final = ("datetime", "functools", "ipaddress", "re")

    def test(self, test: Test) -> str:
        """Return the mask for a test."""
        atom = test.atom
        if atom.field is None:
            return f"anywhere({self._predicate(test)})"
        name = repr(atom.field)
        match atom.op:
            case Op.NULL:
                return f"null({name})"
            case Op.EXISTS:
                return f"present({name})"
            case Op.FIELDREF:
                return _reference(atom, name)
        return f"where({name}, {self._predicate(test)})"

    def negation(self, inner: str) -> str:
        """Return the inverted mask."""
        return f"~{inner}"

    def at_least(self, count: int, parts: list[str]) -> str:
        """Return a sum of masks."""
        return f"(np.sum({'[' + ', '.join(parts) + ']'}, axis=0) >= {count})"

    def constant(self, value: bool) -> str:
        """Return a constant mask."""
        return f"np.full(len(df), {value})"

    def result(self, expression: str) -> str:
        """Return the mask as a Series with the frame's index."""
        return f"pd.Series({expression}, index=df.index)"

    def function(self, name: str, body: str) -> str:
        """Return a function of a DataFrame."""
        modules = [module for module in self._MODULES if re.search(rf"\b{module}\.", body)]
        imports = "".join(f"    import {module}\n" for module in modules)
        spaced = "\n" if modules else ""
        return (
            f'def {name}(df):\n    """Mask: df[{name}(df)]."""\n'
            f"{imports}{spaced}    import numpy as np\n    import pandas as pd\n\n{body}\n"
        )

    def _predicate(self, test: Test) -> str:
        """Return a test of one text, and the form that the text must have."""
        atom = test.atom
        form = "" if atom.cased or atom.op in (Op.REGEX, Op.CIDR, Op.COMPARE, Op.TIMEPART) else ", fold"
        values = [value if atom.cased else fold(value) for value in test.values if isinstance(value, str)]
        match atom.op:
            case Op.EQUALS:
                return f"{literals(values)}.__contains__{form}"
            case Op.CONTAINS if values == [""]:
                return "lambda t: True"
            case Op.CONTAINS | Op.STARTSWITH | Op.ENDSWITH:
                return _each(atom.op, values) + form
            case Op.GLOB:
                return _glob(atom) + form
            case Op.NUMBER:
                return _number(atom)
            case Op.REGEX:
                pattern, flags = members(atom)
                mode = "".join(f" | re.{flag.upper()}" for flag in flags)
                return f"re.compile({pattern!r}{', ' + mode[3:] if mode else ''}).search"
            case Op.CIDR:
                return f"inside({atom.value!r})"
            case Op.COMPARE:
                relation, bound = members(atom)
                return f"lambda t: number(t) {_RELATIONS[relation]} {bound!r}"
            case Op.TIMEPART:
                part, relation, unit = members(atom)
                return f"lambda t: part_of_time(t, {part!r}) {_RELATIONS[relation]} {unit!r}"
        raise UnsupportedRule(f"pandas code has no test for '{atom.op.value}' (field {atom.field})")


def _each(op: Op, values: list[str]) -> str:
    if len(values) == 1:
        return f"lambda t: {_TESTS[op].format(repr(values[0]))}"
    return f"lambda t: any({_TESTS[op].format('part')} for part in {literals(values)})"


def _glob(atom: Atom) -> str:
    assert isinstance(atom.value, tuple)
    parts = [fold(part) if isinstance(part, str) and not atom.cased else part for part in atom.value]
    written = glob_pieces(parts)
    if len(written) == 1:
        return f"re.compile({written[0][0]!r}, re.DOTALL).fullmatch"
    return f"glob({', '.join(map(repr, written))})"


def _number(atom: Atom) -> str:
    assert isinstance(atom.value, int | float)
    if atom.hexed and isinstance(atom.value, int) and atom.value >= 0:
        return f"{[str(atom.value), hex(atom.value)]!r}.__contains__, fold"
    return f"{[str(atom.value)]!r}.__contains__"


def _reference(atom: Atom, name: str) -> str:
    relation, other = members(atom)
    tests = {"equals": "a == b", "startswith": "a.startswith(b)", "endswith": "a.endswith(b)", "contains": "b in a"}
    return f"related({name}, {other!r}, lambda a, b: {tests[relation]})"
