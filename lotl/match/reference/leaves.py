"""Leaves: one wanted value against one field of one event."""

from __future__ import annotations

import ipaddress
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lotl.match.reference.patterns import Pattern, Span, show
from lotl.match.reference.regexes import SECONDS, OutOfTimeError, compile_regex, search
from lotl.match.reference.times import part_of_time
from lotl.match.reference.values import (
    Event,
    Number,
    Scalar,
    Value,
    as_number,
    as_text,
    elements,
    lookup,
    plain_integer,
)
from lotl.match.text import fold

ABSENT_FIELD: Final = "the event does not have the field"
NULL_VALUE: Final = "the value is null"
DIFFERS: Final = "the value is another"

RELATIONS: Final[dict[str, Callable[[Number, Number], bool]]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
AFFIXES: Final[dict[str, Callable[[str, str], int]]] = {
    # relation: where the second text begins in the first, or -1
    "equals": lambda text, other: 0 if text == other else -1,
    "startswith": lambda text, other: 0 if text.startswith(other) else -1,
    "endswith": lambda text, other: len(text) - len(other) if text.endswith(other) else -1,
    "contains": lambda text, other: text.find(other),
}


@dataclass(frozen=True)
class Evidence:
    """What one leaf saw.

    Attributes
    ----------
    matched : bool
    field : str or None
        The event's field, under the event's name; None where there is none.
    value : str or None
        The text that was looked at: of a multi-valued field the element that matched, else the first.
    span : tuple of int or None
        Where in `value` the match is (code points, end exclusive).
    reason : str
        Why it does not match, or ``""``.
    """

    matched: bool
    field: str | None = None
    value: str | None = None
    span: Span | None = None
    reason: str = ""


class Leaf(ABC):
    """One wanted value. Subclasses say what a single value must be like."""

    @property
    @abstractmethod
    def wanted(self) -> str:
        """What is wanted, for people."""

    @abstractmethod
    def on_value(self, value: Scalar, event: Event) -> Span | None:
        """Return where a single value that is not null matches, or None."""

    def on_field(self, found: tuple[str, Value] | None, event: Event) -> Evidence:
        """Return what the leaf says of a field: any element of it may match."""
        if found is None:
            return Evidence(False, reason=ABSENT_FIELD)
        name, value = found
        seen = [element for element in elements(value) if element is not None]
        if not seen:
            return Evidence(False, name, reason=NULL_VALUE)
        reason = DIFFERS
        for element in seen:
            try:
                span = self.on_value(element, event)
            except OutOfTimeError:
                span, reason = None, f"the search was stopped after {SECONDS:g} s"
            if span is not None:
                return Evidence(True, name, as_text(element), span)
        return Evidence(False, name, as_text(seen[0]), reason=reason)


@dataclass(frozen=True)
class TextLeaf(Leaf):
    """Text, with or without wildcards; in a hex field also the other notation of the same integer."""

    pattern: Pattern
    integer: int | None = None

    @property
    def wanted(self) -> str:
        return repr(show(self.pattern.parts)) + (" (cased)" if self.pattern.cased else "")

    def on_value(self, value: Scalar, event: Event) -> Span | None:
        text = as_text(value) or ""
        span = self.pattern.span(text)
        if span is None and self.integer is not None and plain_integer(text) == self.integer:
            return (0, len(text))
        return span


@dataclass(frozen=True)
class NumberLeaf(Leaf):
    """A number: the same number, its text, or in a hex field its 0x text."""

    number: Number
    hexed: bool

    @property
    def wanted(self) -> str:
        return str(as_text(self.number))

    def on_value(self, value: Scalar, event: Event) -> Span | None:
        text = as_text(value) or ""
        if isinstance(value, bool):
            return None
        if isinstance(value, str):
            same = value == as_text(self.number) or (self.hexed and plain_integer(value) == self.number)
        else:
            same = value == self.number
        return (0, len(text)) if same else None


@dataclass(frozen=True)
class BoolLeaf(Leaf):
    """A truth value: the same, or the word for it."""

    truth: bool

    @property
    def wanted(self) -> str:
        return "true" if self.truth else "false"

    def on_value(self, value: Scalar, event: Event) -> Span | None:
        text = as_text(value) or ""
        return (0, len(text)) if fold(text) == self.wanted else None


@dataclass(frozen=True)
class RegexLeaf(Leaf):
    """A regular expression, searched for; `flags` out of ``ims``."""

    pattern: str
    flags: str = ""

    @property
    def wanted(self) -> str:
        return f"/{self.pattern}/{self.flags}"

    def on_value(self, value: Scalar, event: Event) -> Span | None:
        return search(compile_regex(self.pattern, self.flags), as_text(value) or "")


@dataclass(frozen=True)
class CidrLeaf(Leaf):
    """An address of a network. IPv4 addresses in IPv6 notation are IPv4 addresses."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network

    @property
    def wanted(self) -> str:
        return f"an address of {self.network}"

    def on_value(self, value: Scalar, event: Event) -> Span | None:
        if not isinstance(value, str) or len(value) > 100:
            return None
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            return None
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return (0, len(value)) if address in self.network else None


@dataclass(frozen=True)
class CompareLeaf(Leaf):
    """A numeric comparison; what is not a number is false."""

    relation: str
    number: Number

    @property
    def wanted(self) -> str:
        return f"{self.relation} {self.number}"

    def on_value(self, value: Scalar, event: Event) -> Span | None:
        number = as_number(value)
        if number is None or not RELATIONS[self.relation](number, self.number):
            return None
        return (0, len(as_text(value) or ""))


@dataclass(frozen=True)
class TimeLeaf(Leaf):
    """A part of a point in time."""

    part: str
    relation: str
    number: int

    @property
    def wanted(self) -> str:
        return f"{self.part} {self.relation} {self.number}"

    def on_value(self, value: Scalar, event: Event) -> Span | None:
        number = part_of_time(value, self.part) if isinstance(value, str) else None
        if number is None or not RELATIONS[self.relation](number, self.number):
            return None
        return (0, len(as_text(value) or ""))


@dataclass(frozen=True)
class FieldLeaf(Leaf):
    """Another field of the same event; false if either is missing or null."""

    other: str
    relation: str = "equals"

    @property
    def wanted(self) -> str:
        return f"{self.relation} field {self.other}"

    def on_value(self, value: Scalar, event: Event) -> Span | None:
        found = lookup(event, self.other)
        if found is None:
            return None
        text = fold(as_text(value) or "")
        for element in elements(found[1]):
            other = as_text(element)
            if other is not None and (start := AFFIXES[self.relation](text, fold(other))) >= 0:
                return (start, start + len(other))
        return None


@dataclass(frozen=True)
class NullLeaf(Leaf):
    """Missing, null, or without any value; of a multi-valued field any null element."""

    @property
    def wanted(self) -> str:
        return "null"

    def on_value(self, value: Scalar, event: Event) -> Span | None:
        return None

    def on_field(self, found: tuple[str, Value] | None, event: Event) -> Evidence:
        if found is None:
            return Evidence(True)
        name, value = found
        seen = elements(value)
        if not seen or None in seen:
            return Evidence(True, name)
        return Evidence(False, name, as_text(seen[0]), reason="the field has a value")


@dataclass(frozen=True)
class ExistsLeaf(Leaf):
    """The field is in the event (or is not), whatever its value."""

    exists: bool

    @property
    def wanted(self) -> str:
        return "present" if self.exists else "absent"

    def on_value(self, value: Scalar, event: Event) -> Span | None:
        return None

    def on_field(self, found: tuple[str, Value] | None, event: Event) -> Evidence:
        if found is None:
            return Evidence(not self.exists, reason=ABSENT_FIELD if self.exists else "")
        name, value = found
        seen = elements(value)
        text = as_text(seen[0]) if seen else None
        return Evidence(self.exists, name, text, reason="" if self.exists else "the event has the field")


@dataclass(frozen=True)
class AnyLeaf(Leaf):
    """Several forms of one wanted value, such as the three base64 alignments."""

    forms: tuple[Leaf, ...]

    @property
    def wanted(self) -> str:
        return " or ".join(form.wanted for form in self.forms)

    def on_value(self, value: Scalar, event: Event) -> Span | None:
        spans = (form.on_value(value, event) for form in self.forms)
        return next((span for span in spans if span is not None), None)
