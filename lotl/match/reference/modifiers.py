"""Modifier chains: from ``Field|modifier|…: value`` to leaves.

Modifiers are applied in the order in which they are written, each to what the one before it made. `MODIFIERS` is the
whole list; `all` and `neq` say how the leaves of an item are joined and are read by `lotl.match.reference.detection`.
"""

from __future__ import annotations

import ipaddress
import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeAlias

from lotl.errors import RuleError, UnsupportedRule
from lotl.match.reference import encode
from lotl.match.reference.leaves import (
    AnyLeaf,
    BoolLeaf,
    CidrLeaf,
    CompareLeaf,
    ExistsLeaf,
    FieldLeaf,
    Leaf,
    NullLeaf,
    NumberLeaf,
    RegexLeaf,
    TextLeaf,
    TimeLeaf,
)
from lotl.match.reference.patterns import Parts, Pattern, Wild, join, parse
from lotl.match.reference.regexes import compile_regex
from lotl.match.reference.times import PARTS
from lotl.match.reference.values import Scalar, as_text, plain_integer, prints_hex

JOINING: Final = ("all", "neq")
LARGEST: Final = 4096
"""Bits that a number in a rule may have."""

_PLACEHOLDER = re.compile(r"(?<!\\)%([^%]+)%")


@dataclass(frozen=True)
class Context:
    """What a modifier may need to know besides the value."""

    where: str
    field: str | None
    chain: tuple[str, ...]
    at: int
    placeholders: Mapping[str, Sequence[str]]

    def error(self, what: str) -> RuleError:
        """Build the error for this place."""
        return RuleError(what, where=self.where)


@dataclass(frozen=True)
class Words:
    """A text value on its way: its forms (any may match) and how they are compared.

    Attributes
    ----------
    original : str
        As the rule writes it.
    forms : tuple of Parts
    octets : bool
        The literals are bytes, one per character.
    placed : bool
        A modifier said where in the field the value stands.
    floating : bool
        The value is part of something longer even where no modifier says so (`base64offset`).
    """

    original: str
    forms: tuple[Parts, ...]
    cased: bool = False
    octets: bool = False
    placed: bool = False
    floating: bool = False


@dataclass(frozen=True)
class Plain:
    """A number, truth value or null on its way."""

    value: int | float | bool | None


Draft: TypeAlias = "Words | Plain | Leaf"


def leaf_for(value: Scalar, context: Context) -> Leaf:
    """Run `value` through the modifier chain of `context` and return the leaf that it makes.

    Raises
    ------
    RuleError
        A modifier does not apply to what it is given.
    UnsupportedRule
        A placeholder has no values.
    """
    draft = _start(value, context)
    for at, name in enumerate(context.chain):
        if name not in JOINING:
            draft = MODIFIERS[name](draft, replace(context, at=at))
    return _finish(draft, context)


def _start(value: Scalar, context: Context) -> Draft:
    if isinstance(value, str):
        return Words(value, (parse(value),))
    if isinstance(value, float) and not math.isfinite(value):
        raise context.error(f"{value} is not a number that a field can have")
    if isinstance(value, int) and value.bit_length() > LARGEST:
        raise context.error(f"a number of {value.bit_length()} bits")
    return Plain(value)


def _finish(draft: Draft, context: Context) -> Leaf:
    if isinstance(draft, Leaf):
        return draft
    hexed = context.field is not None and prints_hex(context.field)
    if isinstance(draft, Plain):
        return _plain_leaf(draft.value, hexed, context)
    anywhere = (context.field is None or draft.floating) and not draft.placed
    forms = [_tidy((Wild.RUN, *form, Wild.RUN)) for form in draft.forms] if anywhere else draft.forms
    leaves = [TextLeaf(Pattern(form, draft.cased), _integer(form, draft, hexed)) for form in forms]
    return leaves[0] if len(leaves) == 1 else AnyLeaf(tuple(leaves))


def _plain_leaf(value: int | float | bool | None, hexed: bool, context: Context) -> Leaf:
    if context.field is None:
        text = as_text(value)
        if text is None:
            raise context.error("null as a keyword: it needs a field")
        return TextLeaf(Pattern((Wild.RUN, text, Wild.RUN)))
    if value is None:
        return NullLeaf()
    return BoolLeaf(value) if isinstance(value, bool) else NumberLeaf(value, hexed)


def _integer(form: Parts, draft: Words, hexed: bool) -> int | None:
    if not hexed or draft.cased or len(form) != 1 or not isinstance(form[0], str):
        return None
    return plain_integer(form[0])


def _words(draft: Draft, context: Context) -> Words:
    if isinstance(draft, Words):
        return draft
    kind = "a number, truth value or null" if isinstance(draft, Plain) else "what the modifiers before it made"
    raise context.error(f"modifier '{context.chain[context.at]}' needs text, not {kind}")


def _only_first(context: Context) -> None:
    if context.at > 0:
        raise context.error(f"modifier '{context.chain[context.at]}' applies to unmodified values only")


def _place(before: bool, after: bool, draft: Draft, context: Context) -> Draft:
    """`contains`, `startswith`, `endswith`: what may stand before and after the value."""
    if isinstance(draft, FieldLeaf):
        return replace(draft, relation=_RELATION[before, after])
    if isinstance(draft, RegexLeaf):
        anchored = ("" if before else r"\A") + f"(?:{draft.pattern})" + ("" if after else r"\Z")
        return draft if before and after else _regex(anchored, draft.flags, context)
    words = _words(draft, context)
    head, tail = (Wild.RUN,) if before else (), (Wild.RUN,) if after else ()
    return replace(words, forms=tuple(_tidy((*head, *form, *tail)) for form in words.forms), placed=True)


_RELATION = {(False, True): "startswith", (True, False): "endswith", (True, True): "contains"}


def _tidy(parts: Parts) -> Parts:
    """Make one run of neighbouring runs."""
    return tuple(part for part, before in zip(parts, (None, *parts), strict=False) if not part is before is Wild.RUN)


def _cased(draft: Draft, context: Context) -> Draft:
    return replace(_words(draft, context), cased=True)


def _windash(draft: Draft, context: Context) -> Draft:
    words = _words(draft, context)
    if words.octets:
        raise context.error("modifier 'windash' after an encoding")
    return replace(words, forms=tuple(encode.windash(form) for form in words.forms))


def _spelled_out(words: Words, context: Context) -> list[Parts]:
    try:
        return [form for parts in words.forms for form in encode.spelled_out(parts)]
    except ValueError as error:
        raise UnsupportedRule(str(error), where=context.where) from error


def _utf16(draft: Draft, context: Context) -> Draft:
    words, name = _words(draft, context), context.chain[context.at]
    if words.octets:
        raise context.error(f"modifier '{name}' after another encoding")
    try:
        forms = tuple(encode.utf16(form, name) for form in _spelled_out(words, context))
    except UnicodeEncodeError as error:
        raise context.error(f"{words.original!r} is not valid Unicode") from error
    return replace(words, forms=forms, octets=True, cased=True)


def _base64(offsets: bool, draft: Draft, context: Context) -> Draft:
    words = _words(draft, context)
    forms: list[str] = []
    for parts in _spelled_out(words, context):
        if any(isinstance(part, Wild) for part in parts):
            raise context.error(f"wildcards in {words.original!r} cannot be encoded")
        try:
            data = "".join(map(str, parts)).encode("latin-1" if words.octets else "utf-8")
        except UnicodeEncodeError as error:
            raise context.error(f"{words.original!r} is not valid Unicode") from error
        forms += encode.base64offset(data) if offsets else [encode.base64(data)]
    if offsets and not forms:
        raise context.error(f"{words.original!r} is too short for 'base64offset'")
    encoded = tuple((form,) if form else () for form in forms)
    return replace(words, forms=encoded, octets=False, cased=True, floating=offsets)


def _regex(pattern: str, flags: str, context: Context) -> RegexLeaf:
    compile_regex(pattern, flags, context.where)
    return RegexLeaf(pattern, flags)


def _re(draft: Draft, context: Context) -> Draft:
    _only_first(context)
    if isinstance(draft, Plain) and (isinstance(draft.value, bool) or draft.value is None):
        raise context.error("modifier 're' needs text")
    return _regex(draft.original if isinstance(draft, Words) else str(getattr(draft, "value", "")), "", context)


def _flag(letter: str, draft: Draft, context: Context) -> Draft:
    if not isinstance(draft, RegexLeaf):
        raise context.error(f"modifier '{context.chain[context.at]}' belongs after 're'")
    return _regex(draft.pattern, "".join(sorted({*draft.flags, letter})), context)


def _cidr(draft: Draft, context: Context) -> Draft:
    _only_first(context)
    text = _words(draft, context).original
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise context.error(f"invalid network: {error}") from error
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            network = ipaddress.IPv4Network((int(mapped), network.prefixlen - 96))
    return CidrLeaf(network)


def _compare(relation: str, draft: Draft, context: Context) -> Draft:
    if isinstance(draft, TimeLeaf):
        return replace(draft, relation=relation)
    if not isinstance(draft, Plain) or draft.value is None or isinstance(draft.value, bool):
        raise context.error(f"modifier '{relation}' needs a number")
    return CompareLeaf(relation, draft.value)


def _time(part: str, draft: Draft, context: Context) -> Draft:
    value = draft.value if isinstance(draft, Plain) else None
    if value is None or isinstance(value, bool) or value != int(value):
        raise context.error(f"modifier '{part}' needs a whole number")
    return TimeLeaf(part, "eq", int(value))


def _exists(draft: Draft, context: Context) -> Draft:
    _only_first(context)
    if context.field is None:
        raise context.error("modifier 'exists' needs a field")
    if not isinstance(draft, Plain) or not isinstance(draft.value, bool):
        raise context.error("modifier 'exists' needs true or false")
    return ExistsLeaf(draft.value)


def _fieldref(draft: Draft, context: Context) -> Draft:
    words = _words(draft, context)
    if context.field is None:
        raise context.error("modifier 'fieldref' needs a field")
    if words.cased or any(isinstance(part, Wild) for form in words.forms for part in form):
        raise context.error("modifier 'fieldref' needs a plain field name")
    return FieldLeaf("".join(map(str, words.forms[0])))


def _expand(draft: Draft, context: Context) -> Draft:
    if isinstance(draft, RegexLeaf):
        sources = [_fill_text(pieces) for pieces in _choices(draft.pattern, context)]
        leaves = tuple(_regex(source, draft.flags, context) for source in sources)
        return leaves[0] if len(leaves) == 1 else AnyLeaf(leaves)
    words = _words(draft, context)
    forms = [filled for form in words.forms for filled in _filled(form, context)]
    return replace(words, forms=tuple(forms))


def _choices(literal: str, context: Context) -> list[tuple[tuple[str, bool], ...]]:
    """Return every filling of the placeholders in `literal` as (text, came from a placeholder) pieces."""
    pieces = _PLACEHOLDER.split(literal)
    options: list[list[tuple[str, bool]]] = []
    for at, piece in enumerate(pieces):
        if at % 2 == 0:
            options.append([(piece.replace("\\%", "%"), False)])
            continue
        values = context.placeholders.get(piece) or ()
        if not values:
            raise UnsupportedRule(f"placeholder %{piece}% has no values", where=context.where)
        options.append([(str(value), True) for value in ([values] if isinstance(values, str) else values)])
    return list(itertools.product(*options))


def _fill_text(pieces: tuple[tuple[str, bool], ...]) -> str:
    return "".join(text for text, _ in pieces)


def _filled(form: Parts, context: Context) -> list[Parts]:
    """Fill the placeholders of a pattern; what is filled in may hold wildcards of its own."""
    options: list[list[list[str | Wild]]] = []
    for part in form:
        if isinstance(part, Wild):
            options.append([[part]])
            continue
        choices = _choices(part, context)
        options.append([[p for text, new in pieces for p in (parse(text) if new else (text,))] for pieces in choices])
    return [_tidy(join([part for parts in choice for part in parts])) for choice in itertools.product(*options)]


MODIFIERS: Final[dict[str, Callable[[Draft, Context], Draft]]] = {
    "contains": partial(_place, True, True),
    "startswith": partial(_place, False, True),
    "endswith": partial(_place, True, False),
    "cased": _cased,
    "windash": _windash,
    **dict.fromkeys(encode.UTF16, _utf16),
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
    **{name: partial(_compare, name) for name in ("gt", "gte", "lt", "lte")},
    **{name: partial(_time, name) for name in PARTS},
    "exists": _exists,
    "fieldref": _fieldref,
    "expand": _expand,
}
"""Modifiers that change a value, in the order of the specification's appendix."""
