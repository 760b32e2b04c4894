"""Rules as Arrow expressions: filters for datasets, Parquet files and tables.

A null (a column that is missing, or a cell that is) counts as false; since Arrow's logic has three values, `coalesce`
stands wherever something is negated, and nowhere else. Arrow brings its own tables of Unicode: letters that are newer
than Python's may have a lower case there that they have not here.
"""

from __future__ import annotations

from typing import Final

from lotl.convert.addresses import network_regex
from lotl.convert.arrow_helpers import HELPERS
from lotl.convert.linear import to_re2
from lotl.convert.writer import Test, Writer, glob_pieces, listing, literals, members
from lotl.errors import UnsupportedRule
from lotl.match.text import fold
from lotl.plan.ir import Atom, Op

_LARGEST: Final = 2**53
_TESTS: Final = {Op.CONTAINS: "match_substring", Op.STARTSWITH: "starts_with", Op.ENDSWITH: "ends_with"}
_RELATIONS: Final = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


class ArrowWriter(Writer):
    """Writes functions from a schema to a `pyarrow.compute.Expression`."""

    HELPERS = HELPERS

    def test(self, test: Test) -> str:
        """Return the expression for a test."""
        atom = test.atom
        if atom.field is None:
            return f"anywhere(lambda cell: {self._on(test, 'cell', 'pc.utf8_lower(cell)')})"
        name = repr(_encodable(atom.field))
        if atom.op is Op.COMPARE:
            return _compare(atom, name)
        if atom.op is Op.FIELDREF:
            return _reference(atom, name)
        return self._on(test, f"text({name})", f"low({name})")

    def negation(self, inner: str) -> str:
        """Return the negation, for which null is false."""
        return f"untrue({inner})"

    def at_least(self, count: int, parts: list[str]) -> str:
        """Return a sum of ones."""
        ones = [f"pc.coalesce({part}, pc.scalar(False)).cast(pa.int32())" for part in parts]
        total = ones[0]
        for one in ones[1:]:
            total = f"pc.add({total}, {one})"
        return f"({total} >= {count})"

    def constant(self, value: bool) -> str:
        """Return a constant expression."""
        return f"pc.scalar({value})"

    def function(self, name: str, body: str) -> str:
        """Return a function of a schema."""
        return (
            f"def {name}(schema):\n"
            f'    """Filter: dataset.to_table(filter={name}(dataset.schema))."""\n'
            f"    import pyarrow as pa\n    import pyarrow.compute as pc\n\n{body}\n"
        )

    def _on(self, test: Test, text: str, low: str) -> str:
        """Return the expression for a test of an expression of text; `low` is the same in lower case."""
        atom = test.atom
        subject = text if atom.cased else low
        values = [_encodable(value if atom.cased else fold(value)) for value in test.values if isinstance(value, str)]
        match atom.op:
            case Op.EQUALS if len(values) == 1:
                return f"({subject} == {values[0]!r})"
            case Op.EQUALS:
                return f"{subject}.isin({literals(values)})"
            case Op.CONTAINS if values == [""]:
                return f"{text}.is_valid()"
            case Op.CONTAINS | Op.STARTSWITH | Op.ENDSWITH:
                return _each(f"pc.{_TESTS[atom.op]}", subject, values)
            case Op.GLOB:
                return _glob(atom, subject)
            case Op.NUMBER:
                return _number(atom, text, low)
            case Op.REGEX:
                pattern, flags = members(atom)
                return f"pc.match_substring_regex({text}, {to_re2(pattern, flags)!r})"
            case Op.CIDR:
                return _network(str(atom.value), text)
            case Op.NULL:
                return f"{text}.is_null()"
            case Op.EXISTS:
                return f"{text}.is_valid()"
        raise UnsupportedRule(f"an Arrow expression has no test for '{atom.op.value}' ({_place(atom)})")


def _each(function: str, subject: str, values: list[str]) -> str:
    if len(values) == 1:
        return f"{function}({subject}, {values[0]!r})"
    return f"any_of([{function}({subject}, part) for part in {literals(values)}])"


def _glob(atom: Atom, subject: str) -> str:
    assert isinstance(atom.value, tuple)
    parts = [fold(part) if isinstance(part, str) and not atom.cased else part for part in atom.value]
    pattern = _encodable(rf"(?s)\A{'.*'.join(piece for piece, _ in glob_pieces(parts))}\z")
    return f"pc.match_substring_regex({subject}, {pattern!r})"


def _number(atom: Atom, text: str, low: str) -> str:
    assert isinstance(atom.value, int | float)
    if atom.hexed and isinstance(atom.value, int) and atom.value >= 0:
        return f"{low}.isin({listing([repr(str(atom.value)), repr(hex(atom.value))])})"
    return f"({text} == {str(atom.value)!r})"


def _network(network: str, text: str) -> str:
    pattern, exception = (rf"\A(?:{part})\z" if part else "" for part in network_regex(network))
    found = f"pc.match_substring_regex({text}, {pattern!r})"
    return f"({found} & ~pc.match_substring_regex({text}, {exception!r}))" if exception else found


def _compare(atom: Atom, name: str) -> str:
    relation, bound = members(atom)
    if abs(bound) >= _LARGEST:
        raise UnsupportedRule(f"an Arrow expression compares numbers up to 2**53 ({_place(atom)})")
    return f"(number({name}) {_RELATIONS[relation]} {float(bound)!r})"


def _reference(atom: Atom, name: str) -> str:
    relation, other = members(atom)
    if relation != "equals":
        raise UnsupportedRule(
            f"an Arrow expression cannot search a column for another one ('fieldref' with '{relation}', {_place(atom)})"
        )
    return f"(low({name}) == low({_encodable(other)!r}))"


def _encodable(text: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise UnsupportedRule(f"a lone surrogate is no text for Arrow ({text!r})")
    return text


def _place(atom: Atom) -> str:
    return f"field {atom.field}" if atom.field is not None else "keyword"
