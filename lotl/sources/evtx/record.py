"""Events as the writer takes them: `Record`, the comfortable form, and `Layout`, an event kind prepared once.

Both become the two parts of a Windows record: an instance of the System template, and the event's own template in it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import add
from typing import Any, Final

from lotl.sources.evtx.chunk import Part, Shape
from lotl.sources.evtx.encode import ENCODERS, Typed, encode, filetime, infer
from lotl.sources.evtx.format import EVENT_NAMESPACE, SYSTEM_VALUES, ValueType
from lotl.sources.evtx.markup import Element, Sub, Template, data_element, walk_values


@dataclass(slots=True, kw_only=True)
class Record:
    """One event.

    Attributes
    ----------
    time : datetime or int
        UTC; an integer counts microseconds since 1970.
    record_id : int, optional
        EventRecordID; the writer counts on from the last one when None.
    header_record_id : int, optional
        Id in the record header, where it differs from EventRecordID (forwarded and re-exported logs).
    data : sequence of (name or None, value)
        EventData in order. Values: text, int (uint32, or what it needs), bool, float, bytes, UUID, datetime, list of
        text, None, or `Typed`. A final nameless BINARY becomes ``<Binary>``.
    user_data : Element, optional
        What stands under UserData; or the whole tree below Event when it is itself named UserData or EventData.
    event_source : str, optional
        EventSourceName of a classic provider. Name, GUID and this are then part of the template, as in Windows.
    provider_literal : bool
        Provider name and GUID are part of the template rather than values.
    form : {"template", "inline", "nested_inline"}
        "inline": no template at all, values as literal text. "nested_inline": only System is a template.
    nested_fragment : bool
        The nested value starts with its own fragment header.
    """

    provider: str
    event_id: int
    channel: str
    computer: str
    time: datetime | int
    provider_guid: str | None = None
    event_source: str | None = None
    version: int | None = 0
    level: int | None = 4
    task: int | None = 0
    opcode: int | None = 0
    keywords: int | None = 0x8000000000000000
    qualifiers: int | None = None
    record_id: int | None = None
    header_record_id: int | None = None
    activity_id: str | None = None
    related_activity_id: str | None = None
    process_id: int | None = None
    thread_id: int | None = None
    user_sid: str | None = None
    data: Sequence[tuple[str | None, Any]] = ()
    user_data: Element | None = None
    provider_literal: bool = False
    form: str = "template"
    nested_fragment: bool = True

    def body(self) -> Element | None:
        """Return the tree below Event, with its values in it; None when there is no event data."""
        if self.user_data is None:
            return data_element([(name, infer(value)) for name, value in self.data]) if self.data else None
        named = self.user_data.name in ("UserData", "EventData")
        return self.user_data if named else Element("UserData", (), (self.user_data,))

    def literal(self) -> tuple[str, str | None, str | None] | None:
        """Return provider name, GUID and event source where they belong to the template, else None."""
        fixed = self.provider_literal or self.event_source is not None
        return (self.provider, self.provider_guid, self.event_source) if fixed else None

    def constants(self) -> tuple[int | None, ...]:
        """Return level, opcode, task, event id, qualifiers, keywords and version."""
        return self.level, self.opcode, self.task, self.event_id, self.qualifiers, self.keywords, self.version


class Layout:
    """An event kind prepared for fast writing: its constants and its template.

    Parameters
    ----------
    fields : sequence of (name or None, int)
        Names and `ValueType` of the event data in order.
    body : Element, optional
        Instead of `fields`: the whole UserData or EventData tree; its `Sub` nodes are the values, in order.
    provider, event_id, channel, system
        As in `Record`; `system` takes its constant fields (provider_guid, level, task …).

    Examples
    --------
    >>> port = Layout("P", 3, "C", [("Port", ValueType.UINT16)], level=2)
    >>> port.part([445]).values
    b'\\xbd\\x01'
    """

    __slots__ = ("_encoders", "_shifted", "_size", "channel", "constants", "event_id", "fields", "guid", "literal",
                 "provider", "template", "types")  # fmt: skip

    def __init__(
        self,
        provider: str,
        event_id: int,
        channel: str,
        fields: Sequence[tuple[str | None, int]] = (),
        *,
        body: Element | None = None,
        **system: Any,
    ) -> None:
        sample = Record(provider=provider, event_id=event_id, channel=channel, computer="", time=0, **system)
        sample.user_data = body
        sample.data = [(name, Typed(kind, None)) for name, kind in fields]
        self.provider, self.event_id, self.channel, self.guid = provider, event_id, channel, sample.provider_guid
        self.fields, self.literal, self.constants = tuple(fields), sample.literal(), sample.constants()
        tree = sample.body()
        self.template = Template.of(tree) if tree is not None else None
        self.types = [sub.value.type for sub in walk_values(tree)] if tree is not None else []
        self._encoders = [ENCODERS.get(kind) for kind in self.types]
        self._shifted = [kind << 16 for kind in self.types]
        self._size = struct.Struct(f"<{len(self.types) + 1}I")

    def pack(self, values: Sequence[Any]) -> tuple[bytes, bytes] | None:
        """Return descriptors (with their count) and values of one event, packed; None where that is not so simple."""
        try:
            packed = [call(value) for call, value in zip(self._encoders, values, strict=True)]  # type: ignore[misc]
            data = b"".join(packed)
            if len(data) <= 0xFFFF:  # else one value may exceed its 16-bit size: `encode` finds out which
                words = map(add, map(len, packed), self._shifted)
                return self._size.pack(len(packed), *words), data
        except (TypeError, AttributeError, ValueError, struct.error):
            pass  # a null, an array, or a value of a wrong type
        return None

    def part(self, values: Sequence[Any]) -> Part | None:
        """Make an instance of the template from the values of one event (None: null)."""
        if self.template is None:
            return None
        packed = self.pack(values)
        if packed is not None:
            return Part(self.template, *packed)
        return _part(self.template, [Typed(*pair) for pair in zip(self.types, values, strict=True)])


def part_of(tree: Element) -> Part:
    """Make `tree` a template instance; BINXML values in it become instances of templates of their own."""
    return _part(Template.of(tree), [sub.value for sub in walk_values(tree)])


def _part(template: Template, values: Sequence[Typed]) -> Part:
    if any(value.type == ValueType.BINXML and value.value is not None for value in values):
        mixed: list[tuple[int, bytes | Part]] = [
            (value.type, part_of(value.value)) if isinstance(value.value, Element) else encode(value)
            for value in values
        ]
        return Part(template, b"", b"", mixed)
    pairs = [encode(value) for value in values]
    words = [len(data) | kind << 16 for kind, data in pairs]
    return Part(template, struct.pack(f"<{len(words) + 1}I", len(words), *words), b"".join(data for _, data in pairs))


# --- System -----------------------------------------------------------------------------------------------------------


class SystemPart:
    """The outer part of records that share kind, computer, user and the presence of ids: all but five values packed.

    Parameters
    ----------
    constants, literal
        As `Record.constants` and `Record.literal` return them.
    identity : (str, str or None, str)
        Provider name, GUID, channel.
    activity, ids : bool
        Whether there is an activity id; whether there are process and thread ids.
    """

    __slots__ = ("_after", "_before", "_clock", "descriptors", "shape", "template")

    def __init__(
        self,
        constants: tuple[int | None, ...],
        literal: tuple[str, str | None, str | None] | None,
        identity: tuple[str, str | None, str],
        computer: str,
        sid: str | None,
        related: str | None,
        activity: bool,
        ids: bool,
    ) -> None:
        name, guid = (None, None) if literal else identity[:2]
        placeholders = [0, "0" * 32 if activity else None, 0 if ids else None, 0 if ids else None, 0]
        values = [*constants[:6], *placeholders, constants[6], sid, related, name, guid, identity[2]]
        pairs = [encode(Typed(kind, value)) for (_, kind), value in zip(SYSTEM_VALUES, values, strict=False)]
        words = [len(data) | kind << 16 for kind, data in pairs]
        self.descriptors = struct.pack(f"<{len(words) + 1}I", len(words) + 1, *words)
        self._before = b"".join(data for _, data in pairs[:6])
        self._after = b"".join(data for _, data in pairs[11:])
        self._clock = struct.Struct("<Q" + ("16s" if activity else "0s") + ("II" if ids else "0s0s") + "Q").pack
        start = len(self._before)
        self.shape = Shape(start, start + 8 + 16 * activity + 8 * ids)
        self.template = _system_template(computer, literal)

    def values(
        self, ticks: int, activity: bytes, process_id: Any, thread_id: Any, record_id: int
    ) -> tuple[bytes, bytes, bytes]:
        """Pack the outer values of one record, in three pieces."""
        return self._before, self._clock(ticks, activity, process_id, thread_id, record_id), self._after

    def part(self, values: tuple[bytes, bytes, bytes]) -> Part:
        """Make an instance of the template."""
        return Part(self.template, self.descriptors, b"".join(values))


_SIMPLE: Final = (("Version", 11), ("Level", 0), ("Task", 2), ("Opcode", 1), ("Keywords", 5))


def _system_element(sub: Sequence[Sub], computer: str, literal: tuple[str, str | None, str | None] | None) -> Element:
    """Build ``<System>`` from the values in the order of `SYSTEM_VALUES`."""
    provider: tuple[tuple[str, Any], ...] = (("Name", sub[14]), ("Guid", sub[15]))
    if literal is not None:
        named = zip(("Name", "Guid", "EventSourceName"), literal, strict=True)
        provider = tuple((name, value) for name, value in named if value is not None)
    return Element("System", (), (
        Element("Provider", provider),
        Element("EventID", (("Qualifiers", sub[4]),), (sub[3],)),
        *(Element(name, (), (sub[index],)) for name, index in _SIMPLE),
        Element("TimeCreated", (("SystemTime", sub[6]),)),
        Element("EventRecordID", (), (sub[10],)),
        Element("Correlation", (("ActivityID", sub[7]), ("RelatedActivityID", sub[13]))),
        Element("Execution", (("ProcessID", sub[8]), ("ThreadID", sub[9]))),
        Element("Channel", (), (sub[16],)),
        Element("Computer", (), (computer,)),
        Element("Security", (("UserID", sub[12]),)),
    ))  # fmt: skip


_TEMPLATES: Final[dict[object, Template]] = {}


def _system_template(computer: str, literal: tuple[str, str | None, str | None] | None) -> Template:
    """Return the template of Event and System; the computer name is part of it, as in Windows' own logs."""
    key = computer, literal
    if key not in _TEMPLATES:
        sub = [Sub(Typed(kind, None), True, index) for index, (_, kind) in enumerate(SYSTEM_VALUES)]
        root = Element("Event", (("xmlns", EVENT_NAMESPACE),), (_system_element(sub, computer, literal), sub[17]))
        _TEMPLATES[key] = Template.of(root)
    return _TEMPLATES[key]


def inline_event(record: Record, record_id: int) -> Element:
    """Build the whole ``<Event>`` of a record that is written without templates; absent values leave no trace."""
    name, guid = (None, None) if record.literal() else (record.provider, record.provider_guid)
    level, opcode, task, event_id, qualifiers, keywords, version = record.constants()
    ids = record.activity_id, record.process_id, record.thread_id, record_id, version
    security = record.user_sid, record.related_activity_id, name, guid, record.channel
    values = [level, opcode, task, event_id, qualifiers, keywords, filetime(record.time), *ids, *security]
    sub = [Sub(Typed(kind, value)) for (_, kind), value in zip(SYSTEM_VALUES, values, strict=False)]
    system = _system_element(sub, record.computer, record.literal())
    kept = tuple(_without_nulls(child) for child in system.children)
    body = record.body()
    return Element("Event", (("xmlns", EVENT_NAMESPACE),), (Element("System", (), kept), *([body] if body else [])))


def _without_nulls(node: Element) -> Element:
    def present(part: Any) -> bool:
        return not isinstance(part, Sub) or part.value.value is not None

    attributes = tuple((name, part) for name, part in node.attributes if present(part))
    return Element(node.name, attributes, tuple(filter(present, node.children)))
