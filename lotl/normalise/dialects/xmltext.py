"""Events as XML text to flat objects, without a parser that expands entities or fetches anything.

Almost all events that Windows and its tools print have one layout of System and plain ``<Data>`` elements: those are
read by two regular expressions. Anything else goes through a small, complete walk over tags. Control characters, raw
or as references, are values like any others; a document type is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

MAX_DEPTH: Final = 64


def _system(quote: str) -> re.Pattern[str]:
    """Return the pattern of the usual System element, with one kind of quotes; one group for each of `_NAMES`."""

    def attributes(*names: str) -> str:
        return "".join(rf"(?:\s+{name}={quote}([^{quote}<]*){quote})?" for name in names)

    def element(name: str, inner: str = "") -> str:
        return rf"(?:<{name}{inner}\s*(?:/>|>([^<]*)</{name}>)\s*)?"

    def empty(name: str, inner: str) -> str:
        return rf"(?:<{name}{inner}\s*(?:/>|></{name}>)\s*)?"

    return re.compile(
        r"""<Event(?:\s+xmlns=(?:'[^'<]*'|"[^"<]*"))?\s*>\s*<System>\s*"""
        + empty("Provider", attributes("Name", "Guid", "EventSourceName"))
        + element("EventID", attributes("Qualifiers"))
        + "".join(map(element, ("Version", "Level", "Task", "Opcode", "Keywords")))
        + empty("TimeCreated", attributes("SystemTime"))
        + element("EventRecordID")
        + empty("Correlation", attributes("ActivityID", "RelatedActivityID"))
        + empty("Execution", attributes("ProcessID", "ThreadID"))
        + element("Channel")
        + element("Computer")
        + empty("Security", attributes("UserID"))
        + r"</System>\s*"
    )


_SYSTEMS: Final = (_system("'"), _system('"'))
_NAMES: Final = tuple(
    f"Event.System.{name}"
    for name in """
    Provider_Name Provider_Guid Provider_EventSourceName EventID_Qualifiers EventID Version Level Task Opcode Keywords
    TimeCreated EventRecordID Correlation_ActivityID Correlation_RelatedActivityID Execution_ProcessID
    Execution_ThreadID Channel Computer Security_UserID
    """.split()
)
_DATA: Final = re.compile(r"""\s*<Data Name=(?:'([^'<]*)'|"([^"<]*)")\s*(?:/>|>([^<]*)</Data>)""")
_COMPACT: Final = re.compile(r"""<Data Name=['"]([^'"<]*)['"]>([^<]*)</Data>""")
_COMPACT_LENGTH: Final = len("<Data Name=''></Data>")
_START: Final = re.compile(r"<EventData(?:\s+xmlns=(?:'[^'<]*'|\"[^\"<]*\"))?\s*(/?)>")
_END: Final = re.compile(r"\s*</EventData>\s*(?:</Event>|</DataItem>)?\s*\Z")
_REFERENCE: Final = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));")
_NAMED: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}

_TOKEN: Final = re.compile(
    r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(?P<cdata>.*?)\]\]>|</(?P<end>[^\s<>/]+)\s*>"
    r"|<(?P<name>[^\s<>/!?=\"']+)(?P<attributes>(?:\s+[^\s<>/=]+\s*=\s*(?:'[^'<]*'|\"[^\"<]*\"))*)\s*(?P<empty>/?)>"
    r"|(?P<text>[^<]+)",
    re.DOTALL,
)
_PAIR: Final = re.compile(r"""([^\s<>/=]+)\s*=\s*(?:'([^'<]*)'|"([^"<]*)")""")


class XmlError(ValueError):
    """The text is no event."""


def event(text: str) -> dict[str, Any]:
    """Return an event as a flat object: ``Event.System.…``, ``Event.EventData.…``.

    Raises
    ------
    XmlError
        The text is no well-formed element.

    Examples
    --------
    >>> event("<Event><System><Provider Name='P'/><EventID>1</EventID></System>"
    ...       "<EventData><Data Name='A'>x &amp; y</Data></EventData></Event>")["Event.EventData.A"]
    'x & y'
    """
    match = _SYSTEMS[0].match(text) or _SYSTEMS[1].match(text)
    if match is not None:
        values = match.groups()
        if "&" in match[0]:
            values = tuple(value and _plain(value) for value in values)
        found: dict[str, Any] = dict(zip(_NAMES, values, strict=True))
        if _fields(text, match.end(), found):
            return found
    return tree(text)


def fields(text: str) -> dict[str, Any]:
    """Return the fields of an ``<EventData>`` (or ``<UserData>``) element, alone or wrapped.

    Raises
    ------
    XmlError
        The text is no well-formed element.
    """
    start = text.find("<EventData")
    found: dict[str, Any] = {}
    if start >= 0 and _fields(text, start, found):
        return found
    inner = tree(text if start < 0 else f"<Event>{text[start:].replace('</DataItem>', '')}</Event>")
    return inner


def _fields(text: str, at: int, found: dict[str, Any]) -> bool:
    """Read plain named ``<Data>`` elements from `at` on; False where there is anything else."""
    start = _START.match(text, at)
    if start is None or start[1]:
        return False
    at = start.end()
    end = text.find("</EventData>", at)
    if end >= 0 and _compact(text[at:end], found):
        return _END.match(text, end) is not None
    while (match := _DATA.match(text, at)) is not None:
        single, double, value = match.groups()
        name = f"Event.EventData.{single if double is None else double}"
        if name in found or "&" in name:
            return False
        found[name] = "" if value is None else _plain(value) if "&" in value else value
        at = match.end()
    return _END.match(text, at) is not None


def _compact(text: str, found: dict[str, Any]) -> bool:
    """Read ``<Data>`` elements without anything between them, all at once; False where that is not so."""
    pairs = _COMPACT.findall(text)
    if not pairs:
        return False
    names, values = zip(*pairs, strict=True)
    if len(text) != sum(map(len, names)) + sum(map(len, values)) + _COMPACT_LENGTH * len(pairs):
        return False
    paths = _paths(names)
    if paths is None:
        return False
    found.update(zip(paths, map(_plain, values) if "&" in text else values, strict=True))
    return True


@lru_cache(maxsize=4096)
def _paths(names: tuple[str, ...]) -> tuple[str, ...] | None:
    if len(set(names)) < len(names) or any("&" in name for name in names):
        return None
    return tuple(f"Event.EventData.{name}" for name in names)


def _plain(text: str) -> str:
    return _REFERENCE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    hexadecimal, decimal, name = match.groups()
    if name:
        return _NAMED[name]
    number = int(hexadecimal, 16) if hexadecimal else int(decimal)
    return "\ufffd" if 0xD800 <= number < 0xE000 or number > 0x10FFFF else chr(number)


class _Element:
    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name, self.attributes = name, attributes
        self.children: list[_Element] = []
        self.text: list[str] = []


def tree(text: str) -> dict[str, Any]:
    """Walk over all tags: any layout, any nesting."""
    root = _Element("", {})
    stack = [root]
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            kind = "a document type, which lotl does not read" if text.startswith("<!DOCTYPE", at) else "no tag"
            raise XmlError(f"there is {kind} at character {at}")
        at = match.end()
        _step(match, stack)
    if len(stack) != 1:
        raise XmlError(f"<{stack[-1].name}> is not closed")
    found: dict[str, Any] = {}
    for child in root.children:
        _event(child, found)
    if not found:
        raise XmlError("it holds no event")
    return found


def _step(match: re.Match[str], stack: list[_Element]) -> None:
    kind = match.lastgroup
    if kind == "text":
        stack[-1].text.append(_plain(match["text"]))
    elif kind == "cdata":
        stack[-1].text.append(match["cdata"])
    elif match["end"] is not None:
        if len(stack) == 1 or stack[-1].name != _local(match["end"]):
            raise XmlError(f"</{match['end'][:40]}> closes nothing")
        stack.pop()
    elif match["name"] is not None:
        pairs = _PAIR.findall(match["attributes"])
        attributes = {_local(n): _plain(s or d) for n, s, d in pairs if n != "xmlns" and not n.startswith("xmlns:")}
        child = _Element(_local(match["name"]), attributes)
        stack[-1].children.append(child)
        if not match["empty"]:
            if len(stack) == MAX_DEPTH:
                raise XmlError(f"it is nested deeper than {MAX_DEPTH} levels")
            stack.append(child)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _event(root: _Element, found: dict[str, Any]) -> None:
    if root.name != "Event":
        return
    for part in root.children:
        if part.name == "System":
            for child in part.children:
                for name, value in child.attributes.items():
                    found.setdefault(f"Event.System.{child.name}.@{name}", value)
                if child.text:
                    found.setdefault(f"Event.System.{child.name}", "".join(child.text))
            continue
        path = f"Event.{part.name}"
        for name, value in part.attributes.items():
            _put(found, f"{path}.@{name}", value)
        for child in part.children:
            _leaves(child, path, found, named=part.name == "EventData")
        own = "".join(part.text)
        if own.strip():
            _put(found, f"{path}.Data" if part.name == "EventData" else f"{path}.{part.name}", own)


def _leaves(element: _Element, path: str, found: dict[str, Any], *, named: bool) -> None:
    name = element.attributes.pop("Name", element.name) if named else element.name
    here = f"{path}.{name}"
    for label, value in element.attributes.items():
        _put(found, f"{here}.@{label}", value)
    own = "".join(element.text)
    if not element.children:
        _put(found, here, own)
        return
    if path.endswith(".RenderingInfo"):
        for child in element.children:
            _put(found, here, "".join(child.text))
        return
    for child in element.children:
        _leaves(child, here if not named else path, found, named=False)
    if own.strip():
        _put(found, here, own)


def _put(found: dict[str, Any], name: str, value: str) -> None:
    if name in found:
        held = found[name]
        found[name] = [*held, value] if isinstance(held, list) else [held, value]
    else:
        found[name] = value
