"""Value modifiers: a function and a row of `MODIFIERS` each.

Modifiers apply in the order in which a rule writes them, each to what the one before it made (Sigma specification 2.1,
appendix "modifiers"). `all` and `neq` say how the values of an item are joined; `lotl.sigma.lower` reads them.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
import warnings
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import NamedTuple, TypeAlias

from lotl.plan.ir import Wild
from lotl.sigma.fault import Fault
from lotl.sigma.model import State
from lotl.sigma.patterns import DASHES, Dash, Pattern, join, parse, spellings
from lotl.sigma.values import (
    Comparison,
    Network,
    Presence,
    Reference,
    Regex,
    Text,
    TimePart,
    Value,
    as_text,
    number,
)

JOINING = ("all", "neq")
"""Modifiers that say how the values of an item are joined."""
MOST_ENCODED = 5**5
"""Spellings of one dashed value that an encoding modifier may have to encode."""
MOST_EXPANDED = 100_000
"""Values that the placeholders of one value may make."""
LONGEST_REGEX = 20_000
"""Characters of one regular expression."""

Placeholders: TypeAlias = "Mapping[str, Sequence[str]]"

_OPTION_DASH = re.compile(rf"(?<!\w)[{re.escape(DASHES)}](?=\w)")
_PLACEHOLDER = re.compile(r"(?<!\\)%([^%]+)%")
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_KINDS = {str: "text", bool: "a truth value", int: "a number", float: "a number", type(None): "null"}


class Context(NamedTuple):
    """What a modifier may need to know besides the value.

    Attributes
    ----------
    name : str
        The modifier as the rule writes it.
    first : bool
        No modifier was applied before it.
    field : str or None
    placeholders : mapping of str to sequence of str
    """

    name: str
    first: bool
    field: str | None
    placeholders: Placeholders

    def wrong(self, value: Value, wanted: str) -> Fault:
        """Build the error for a value that the modifier does not take."""
        kind = _KINDS.get(type(value), "what the modifiers before it made")
        shown = f" {value!r}" if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
        hint = "quote the value" if kind == "a number" and wanted == "text" else ""
        return Fault(f"modifier '{self.name}' needs {wanted}, not {kind}{shown}", hint=hint)

    def text(self, value: Value) -> Text:
        """Return the value as text."""
        if isinstance(value, str):
            return as_text(value)
        if isinstance(value, Text):
            return value
        raise self.wrong(value, "text")

    def only_first(self) -> None:
        """Refuse a chain in which the modifier is not the first."""
        if not self.first:
            raise Fault(f"modifier '{self.name}' applies to unmodified values only", hint="make it the first modifier")


def _place(before: bool, after: bool, value: Value, context: Context) -> Value:
    """`contains`, `startswith`, `endswith`: what may stand before and after the value."""
    if isinstance(value, Reference):
        return value._replace(relation=_RELATIONS[before, after])
    if isinstance(value, Regex):
        if before and after:
            return value
        head, tail = "" if before else r"\A", "" if after else r"\Z"
        return value._replace(patterns=tuple(f"{head}(?:{pattern}){tail}" for pattern in value.patterns))
    text = context.text(value)
    start, end = (Wild.RUN,) if before else (), (Wild.RUN,) if after else ()
    return text._replace(forms=tuple(join((*start, *form, *end)) for form in text.forms), placed=True)


_RELATIONS = {(False, True): "startswith", (True, False): "endswith", (True, True): "contains"}


def _cased(value: Value, context: Context) -> Value:
    return context.text(value)._replace(cased=True)


def _windash(value: Value, context: Context) -> Value:
    text = context.text(value)
    if text.octets:
        raise Fault("modifier 'windash' after an encoding")
    return text._replace(forms=tuple(_dashed(form) for form in text.forms))


def _dashed(form: Pattern) -> Pattern:
    parts: list[str | Wild | Dash] = []
    for part in form:
        if isinstance(part, str):
            head, *tails = _OPTION_DASH.split(part)
            parts += [head, *itertools.chain.from_iterable((Dash.ANY, tail) for tail in tails)]
        else:
            parts.append(part)
    return join(parts)


def _utf16(codec: str, mark: str, value: Value, context: Context) -> Value:
    """`wide`, `utf16le`, `utf16be`, `utf16`: the bytes of the encoding, one character each."""
    text = context.text(value)
    if text.octets:
        raise Fault(f"modifier '{context.name}' after another encoding")
    try:
        forms = tuple(
            join((mark, *(p.encode(codec).decode("latin-1") if isinstance(p, str) else p for p in form)))
            for form in _spelled(text)
        )
    except UnicodeEncodeError as error:
        raise Fault(f"{text.original!r} is not valid Unicode") from error
    return text._replace(forms=forms, octets=True, cased=True)


def _spelled(text: Text) -> list[Pattern]:
    if any(5 ** form.count(Dash.ANY) > MOST_ENCODED for form in text.forms):
        raise Fault(f"{text.original!r} has too many dashes to encode in all spellings", state=State.UNSUPPORTED)
    return [spelling for form in text.forms for spelling in spellings(form)]


def _base64(offsets: bool, value: Value, context: Context) -> Value:
    text = context.text(value)
    encoded: list[str] = []
    for form in _spelled(text):
        literal = "".join(part for part in form if isinstance(part, str))
        if any(isinstance(part, Wild) for part in form):
            raise Fault(
                f"modifier '{context.name}' cannot encode the wildcards in {text.original!r}",
                hint="put it before 'contains', 'startswith' and 'endswith', and escape a literal * or ?",
            )
        try:
            data = literal.encode("latin-1" if text.octets else "utf-8")
        except UnicodeEncodeError as error:
            raise Fault(f"{text.original!r} is not valid Unicode") from error
        encoded += base64_offsets(data) if offsets else [b64encode(data).decode("ascii")]
    if not encoded:
        raise Fault(f"{text.original!r} is too short for '{context.name}'")
    forms = tuple((form,) if form else () for form in encoded)
    return text._replace(forms=forms, octets=False, cased=True, floating=offsets)


def base64_offsets(data: bytes) -> list[str]:
    """Return what the base64 of any data around `data` must contain, for the three alignments.

    The outer characters also hold bits of the neighbouring bytes and are cut; an alignment of which nothing stays is
    left out, because empty text is found everywhere.

    Examples
    --------
    >>> base64_offsets(b"foo"), base64_offsets(b"a")
    (['Zm9v', 'Zvb', 'mb2'], ['Y', 'h'])
    """
    forms = []
    for shift, start in enumerate((0, 2, 3)):
        whole = b64encode(bytes(shift) + data).decode("ascii")
        end = len(whole) - (0, 3, 2)[(shift + len(data)) % 3]
        forms.append(whole[start:end])
    return [form for form in forms if form]


def _re(value: Value, context: Context) -> Value:
    context.only_first()
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise context.wrong(value, "text")
    return _checked(Regex((str(value),)))


def _flag(letter: str, value: Value, context: Context) -> Value:
    if not isinstance(value, Regex):
        raise Fault(f"modifier '{context.name}' is an option of 're'", hint=f"write 're|{context.name}'")
    return _checked(value._replace(flags="".join(sorted({*value.flags, letter}))))


def _checked(regex: Regex) -> Regex:
    for pattern in regex.patterns:
        problem = regex_problem(pattern, regex.flags)
        if problem:
            raise Fault(f"invalid regular expression {pattern[:200]!r}: {problem}")
    return regex


@lru_cache(maxsize=4096)
def regex_problem(pattern: str, flags: str) -> str:
    """Return why a regular expression is invalid, or "".

    Examples
    --------
    >>> regex_problem("[", "")
    'unterminated character set at position 0'
    """
    if len(pattern) > LONGEST_REGEX:
        return f"longer than {LONGEST_REGEX} characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sets like [[a] are legal; Python only plans to change them
            re.compile(pattern, sum(_FLAGS[flag] for flag in flags))
    except (re.error, OverflowError, RecursionError) as error:
        return str(error) or type(error).__name__
    return ""


def _cidr(value: Value, context: Context) -> Value:
    context.only_first()
    if not isinstance(value, str):
        raise context.wrong(value, "text")
    try:
        network = ipaddress.ip_network(value)
    except ValueError as error:
        raise Fault(f"invalid network: {error}", hint="write it as 10.0.0.0/8 or fe80::/10") from error
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return Network(str(ipaddress.IPv4Network((int(mapped), network.prefixlen - 96))))
    return Network(str(network))


def _compare(relation: str, value: Value, context: Context) -> Value:
    if isinstance(value, TimePart):
        return value._replace(relation=relation)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise context.wrong(value, "a number")
    return Comparison(relation, number(value))


def _time(part: str, value: Value, context: Context) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(number(value)):
        raise context.wrong(value, "a whole number")
    return TimePart(part, "eq", int(value))


def _exists(value: Value, context: Context) -> Value:
    context.only_first()
    if context.field is None:
        raise Fault("modifier 'exists' needs a field")
    if not isinstance(value, bool):
        raise context.wrong(value, "true or false")
    return Presence(value)


def _fieldref(value: Value, context: Context) -> Value:
    text = context.text(value)
    if context.field is None:
        raise Fault("modifier 'fieldref' needs a field")
    (form,) = text.forms if len(text.forms) == 1 else ((Wild.RUN,),)
    if text.cased or not all(isinstance(part, str) for part in form):
        raise Fault(f"modifier 'fieldref' needs the plain name of a field, not {text.original!r}")
    return Reference("".join(part for part in form if isinstance(part, str)))


def _expand(value: Value, context: Context) -> Value:
    if isinstance(value, Regex):
        patterns = [
            "".join(text for text, _ in filling)
            for pattern in value.patterns
            for filling in _fillings(pattern, context.placeholders)
        ]
        return _checked(value._replace(patterns=tuple(patterns)))
    text = context.text(value)
    return text._replace(forms=tuple(done for form in text.forms for done in _filled(form, context.placeholders)))


def _filled(form: Pattern, placeholders: Placeholders) -> list[Pattern]:
    """Fill the placeholders of a pattern; what is filled in may hold wildcards of its own."""
    choices: list[list[Pattern]] = []
    for part in form:
        if isinstance(part, str):
            fillings = _fillings(part, placeholders)
            choices.append([join(p for text, new in f for p in (parse(text) if new else (text,))) for f in fillings])
        else:
            choices.append([(part,)])
    _limit(choices)
    return [join(itertools.chain.from_iterable(choice)) for choice in itertools.product(*choices)]


def _fillings(literal: str, placeholders: Placeholders) -> list[tuple[tuple[str, bool], ...]]:
    """Return every filling of the placeholders in `literal` as (text, came from a placeholder) pieces."""
    choices: list[list[tuple[str, bool]]] = []
    for at, piece in enumerate(_PLACEHOLDER.split(literal)):
        if at % 2 == 0:
            choices.append([(piece.replace("\\%", "%"), False)])
            continue
        values = placeholders.get(piece) or ()
        if not values:
            raise Fault(
                f"placeholder %{piece}% has no values",
                hint=f"give them with placeholders={{{piece!r}: [...]}} or a pipeline",
                state=State.UNSUPPORTED,
            )
        choices.append([(str(value), True) for value in ([values] if isinstance(values, str) else values)])
    _limit(choices)
    return list(itertools.product(*choices))


def _limit(choices: Sequence[Sequence[object]]) -> None:
    total = 1
    for choice in choices:
        total *= len(choice)
        if total > MOST_EXPANDED:
            raise Fault(f"the placeholders make more than {MOST_EXPANDED} values", state=State.UNSUPPORTED)


MODIFIERS: dict[str, Callable[[Value, Context], Value]] = {
    "contains": partial(_place, True, True),
    "startswith": partial(_place, False, True),
    "endswith": partial(_place, True, False),
    "cased": _cased,
    "windash": _windash,
    "wide": partial(_utf16, "utf-16-le", ""),
    "utf16le": partial(_utf16, "utf-16-le", ""),
    "utf16be": partial(_utf16, "utf-16-be", ""),
    "utf16": partial(_utf16, "utf-16-le", "\xff\xfe"),
    "base64": partial(_base64, False),
    "base64offset": partial(_base64, True),
    "re": _re,
    "i": partial(_flag, "i"),
    "ignorecase": partial(_flag, "i"),
    "m": partial(_flag, "m"),
    "multiline": partial(_flag, "m"),
    "s": partial(_flag, "s"),
    "dotall": partial(_flag, "s"),
    "cidr": _cidr,
    "gt": partial(_compare, "gt"),
    "gte": partial(_compare, "gte"),
    "lt": partial(_compare, "lt"),
    "lte": partial(_compare, "lte"),
    "minute": partial(_time, "minute"),
    "hour": partial(_time, "hour"),
    "day": partial(_time, "day"),
    "week": partial(_time, "week"),
    "month": partial(_time, "month"),
    "year": partial(_time, "year"),
    "exists": _exists,
    "fieldref": _fieldref,
    "expand": _expand,
}
"""Modifiers that change a value, in the order of the specification's appendix."""
