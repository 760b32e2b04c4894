"""Events as XML text to flat objects, without a parser that expands entities or fetches anything.

Almost all events that Windows and its tools print have one layout of System and plain ``<Data>`` elements: those are
read by two regular expressions. Anything else goes through a small, complete walk over tags. Control characters, raw
or as references, are values like any others; a document type is refused.
"""

from __future__ import annotations

import re
from typing import Any, Final

MAX_DEPTH: Final = 64
_Q: Final = r"""(?:'([^'<]*)'|"([^"<]*)")"""


def _attribute(name: str) -> str:
    return rf"""(?:\s+{name}={_Q})?"""


def _element(name: str, attributes: str = "") -> str:
    return rf"(?:<{name}{attributes}\s*(?:/>|>([^<]*)</{name}>)\s*)?"


_SYSTEM: Final = re.compile(
    r"<Event(?:\s+xmlns=(?:'[^'<]*'|\"[^\"<]*\"))?\s*>\s*<System>\s*<Provider"
    + _attribute("Name") + _attribute("Guid") + _attribute("EventSourceName")
    + r"\s*(?:/>|></Provider>)\s*"
    + _element("EventID", _attribute("Qualifiers"))
    + _element("Version") + _element("Level") + _element("Task") + _element("Opcode") + _element("Keywords")
    + r"(?:<TimeCreated" + _attribute("SystemTime") + r"\s*(?:/>|></TimeCreated>)\s*)?"
    + _element("EventRecordID")
    + r"(?:<Correlation" + _attribute("ActivityID") + _attribute("RelatedActivityID")
    + r"\s*(?:/>|></Correlation>)\s*)?"
    + r"(?:<Execution" + _attribute("ProcessID") + _attribute("ThreadID") + r"\s*(?:/>|></Execution>)\s*)?"
    + _element("Channel") + _element("Computer")
    + r"(?:<Security" + _attribute("UserID") + r"\s*(?:/>|></Security>)\s*)?</System>\s*"
)  # fmt: skip

_ORDER: Final = (
    # name, number of groups (2: either quote)
    ("Provider_Name", 2), ("Provider_Guid", 2), ("Provider_EventSourceName", 2), ("EventID_Qualifiers", 2),
    ("EventID", 1), ("Version", 1), ("Level", 1), ("Task", 1), ("Opcode", 1), ("Keywords", 1), ("TimeCreated", 2),
    ("EventRecordID", 1), ("Correlation_ActivityID", 2), ("Correlation_RelatedActivityID", 2),
    ("Execution_ProcessID", 2), ("Execution_ThreadID", 2), ("Channel", 1), ("Computer", 1), ("Security_UserID", 2),
)  # fmt: skip
_PLACES: Final[list[tuple[str, int, int]]] = []
for _name, _count in _ORDER:
    _at = _PLACES[-1][2] + 1 if _PLACES else 0
    _PLACES.append((f"Event.System.{_name}", _at, _at + _count - 1))

_DATA: Final = re.compile(rf"""\s*<Data Name={_Q}\s*(?:/>|>([^<]*)</Data>)""")
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
    match = _SYSTEM.match(text)
    if match is not None:
        groups = match.groups()
        found: dict[str, Any] = {}
        for name, first, last in _PLACES:
            value = groups[first]
            if value is None and first != last:
                value = groups[last]
            if value is not None:
                found[name] = _plain(value) if "&" in value else value
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
    while (match := _DATA.match(text, at)) is not None:
        single, double, value = match.groups()
        name = f"Event.EventData.{single if double is None else double}"
        if name in found or "&" in name:
            return False
        found[name] = "" if value is None else _plain(value) if "&" in value else value
        at = match.end()
    return _END.match(text, at) is not None


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
