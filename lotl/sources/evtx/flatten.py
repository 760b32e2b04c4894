"""One event's elements to flat fields, under the names that rules use.

==========================  ===========================================================================================
``System``                  ``Elem`` and ``Elem_Attr``, as in `lotl.schema.SYSTEM` (``TimeCreated/@SystemTime`` is
                            ``TimeCreated``)
``EventData``               ``<Data Name="X">`` is ``X``; a nameless ``<Data>`` is an item of ``Data``; any other
                            element is itself (``Binary``)
``UserData``                each leaf of the tree under its own name, wherever it hangs; attributes are ``Elem_Attr``
``RenderingInfo``           as ``RenderingInfo_Level`` …, since the names are those of System, but translated
any other part of the event  as UserData
==========================  ===========================================================================================

Spaces in names are dropped. Prefixes and declarations of namespaces are no data. A name that comes twice in an event
makes a field with several values. An element that is there but empty has the value ``""``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias

from lotl.schema import SYSTEM
from lotl.sources.evtx.tree import Budget, Content, Element
from lotl.sources.evtx.values import Filetime, filetime_micros, value_text

Cell: TypeAlias = "str | int"
Attributes: TypeAlias = "list[tuple[str, Content]]"

NAMELESS: Final = "Data"
"""Field of ``<Data>`` elements that have no name: several values, always."""

_RENAMED: Final = {"TimeCreated_SystemTime": "TimeCreated"}
_UNREADABLE_TIME: Final = "TimeCreated_SystemTime"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER: Final = re.compile(r"(?:0[xX][0-9a-fA-F]{1,16}|-?[0-9]{1,19})\Z")
_ISO: Final = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII)


@dataclass(slots=True)
class Flat:
    """One event.

    Attributes
    ----------
    system : dict of str to (int or str)
        By column name. Columns of type "time" are µs since 1970 UTC. A value that cannot have the column's type is
        text; for a time, under ``TimeCreated_SystemTime``.
    data : list of (str, int or str)
        Names and values in document order; names may repeat.
    """

    system: dict[str, Cell] = field(default_factory=dict)
    data: list[tuple[str, Cell]] = field(default_factory=list)


def flatten(roots: list[Element], budget: Budget) -> Flat:
    """Flatten the elements of a record.

    Parameters
    ----------
    roots : list of Element
        Usually one, ``Event``.
    budget : Budget
        Of the chunk, for the names that are put together here.

    Raises
    ------
    BinXmlError
        The names exceed the budget.
    """
    flat = Flat()
    for root in roots:
        if local(root.name) != "Event":
            _payload(root, flat, budget)
            continue
        for part in _elements(root.content):
            _PARTS.get(local(part.name), _payload)(part, flat, budget)
    return flat


@lru_cache(maxsize=4096)
def local(name: str) -> str:
    """Return a name without the prefix of its namespace, and without spaces."""
    return name.rpartition(":")[2].replace(" ", "")


def cell(content: Content) -> Cell:
    """Return the value of an element or attribute: a number where it is one, else text."""
    if len(content) == 1:
        kind = type(content[0])
        if kind is str or kind is int:
            return content[0]  # type: ignore[return-value]
    return "".join(value_text(item) for item in content if not isinstance(item, Element))


def _elements(content: Content) -> list[Element]:
    return [item for item in content if isinstance(item, Element)]


# --- System ----------------------------------------------------------------------------------------------------------


def _system(part: Element, flat: Flat, budget: Budget) -> None:
    for element in _elements(part.content):
        name = local(element.name)
        for attribute, content in element.attributes:
            if not _declares(attribute):
                column = f"{name}_{local(attribute)}"
                budget.text(len(column))
                _put(flat, _RENAMED.get(column, column), content)
        if element.content != [None]:
            _put(flat, name, element.content)


def _put(flat: Flat, column: str, content: Content) -> None:
    if not content or column in flat.system:
        return
    kind = SYSTEM.get(column, "")
    value = _typed(kind, content)
    if kind == "time" and isinstance(value, str):
        column = _UNREADABLE_TIME
    if value is not None:
        flat.system[column] = value


def _typed(kind: str, content: Content) -> Cell | None:
    """Return the value in the type of its column: None if there is none, text if it cannot be."""
    first = content[0] if len(content) == 1 else None
    if kind == "time" and isinstance(first, Filetime):
        return filetime_micros(first)
    value = cell(content)
    if kind == "text":
        return value if isinstance(value, str) else hex(value)
    if kind == "int" and isinstance(value, str):
        return parse_number(value) if value else None
    if kind == "time" and isinstance(value, str):
        return parse_time(value) if value else None
    return value


def parse_number(text: str) -> Cell:
    """Read decimal or 0x text as a number; anything else stays as it is."""
    if not _NUMBER.match(text):
        return text
    return int(text, 16) if text[:2].lower() == "0x" else int(text)


def parse_time(text: str) -> Cell:
    """Read an ISO 8601 time as µs since 1970 UTC; anything else stays as it is.

    Examples
    --------
    >>> parse_time("2020-09-13T12:26:40.123456700Z")
    1600000000123456
    """
    match = _ISO.match(text)
    try:
        moment = datetime.fromisoformat(f"{match[1]}{match[3] or 'Z'}") if match else None
    except ValueError:
        return text
    if match is None or moment is None:
        return text
    return (moment - _EPOCH) // timedelta(microseconds=1) + int((match[2] or "")[:6].ljust(6, "0"))


# --- payload ---------------------------------------------------------------------------------------------------------


def _payload(part: Element, flat: Flat, budget: Budget) -> None:
    """UserData and parts of unknown kinds: all leaves below, and the part's own text and attributes if it has any."""
    name = local(part.name)
    _attributes(name, part.attributes, flat, budget)
    for element in _elements(part.content):
        _leaves(local(element.name), element, element.attributes, flat, budget)
    _own_text(name, part, flat)


def _event_data(part: Element, flat: Flat, budget: Budget) -> None:
    _attributes(local(part.name), part.attributes, flat, budget)
    for element in _elements(part.content):
        name, label = local(element.name), ""
        for attribute, content in element.attributes:
            if attribute == "Name":
                label = str(cell(content)).replace(" ", "")
        others = [item for item in element.attributes if item[0] != "Name"] if element.attributes else []
        _leaves(label or name, element, others, flat, budget)
    _own_text(NAMELESS, part, flat)


def _rendering(part: Element, flat: Flat, budget: Budget) -> None:
    prefix = local(part.name)
    _attributes(prefix, part.attributes, flat, budget)
    for element in _elements(part.content):
        name = f"{prefix}_{local(element.name)}"
        budget.text(len(name))
        children = _elements(element.content)  # Keywords holds one element for each keyword
        flat.data.extend((name, cell(child.content)) for child in children)
        if not children:
            flat.data.append((name, cell(element.content)))


def _leaves(name: str, element: Element, attributes: Attributes, flat: Flat, budget: Budget) -> None:
    """An element under `name`, and what is below it under its own names."""
    if attributes:
        _attributes(name, attributes, flat, budget)
    children = _elements(element.content)
    if not children:
        flat.data.append((name, cell(element.content)))
        return
    for child in children:
        _leaves(local(child.name), child, child.attributes, flat, budget)
    _own_text(name, element, flat)


def _own_text(name: str, element: Element, flat: Flat) -> None:
    """Text of an element beside its children; blanks between tags are no text."""
    value = cell([item for item in element.content if not isinstance(item, Element)])
    if not isinstance(value, str) or value.strip():
        flat.data.append((name, value))


def _attributes(name: str, attributes: Attributes, flat: Flat, budget: Budget) -> None:
    for attribute, content in attributes:
        if not _declares(attribute):
            column = f"{name}_{local(attribute)}"
            budget.text(len(column))
            flat.data.append((column, cell(content)))


def _declares(attribute: str) -> bool:
    return attribute == "xmlns" or attribute.startswith("xmlns:")


_PARTS: Final = {"System": _system, "EventData": _event_data, "RenderingInfo": _rendering}
