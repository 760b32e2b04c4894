"""Dual-tool verification: lotl's EVTX reader against python-evtx, field by field, over every record.

Both readers print some values differently. Such differences are *documented*: a table below says what they look like
and which reading is right. Whatever is not explained by the table is *undocumented*, and means that one of the two is
wrong about evidence.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from lotl.columns import format_time
from lotl.sources.base import Account, Problem
from lotl.sources.evtx.binxml import Parser
from lotl.sources.evtx.blocks import Chunk, cut, examine, keep, load, lose
from lotl.sources.evtx.flatten import Cell, Flat, parse_time
from lotl.sources.evtx.pythonevtx import Reader
from lotl.sources.evtx.reader import read_flat
from lotl.sources.evtx.values import BinXmlError
from lotl.sources.evtx.walk import Slot

MAX_EXAMPLES: Final = 5
_LONGEST: Final = 300

Texts: TypeAlias = "list[str]"


@dataclass(frozen=True)
class Difference:
    """One field of one record that the readers see differently; None: not there, a list: several values."""

    file: str
    record: int
    field: str
    lotl: str | None
    python_evtx: str | None


@dataclass
class DifferenceKind:
    """Differences of one kind: how many, what it means, whether it is documented, and the first examples."""

    kind: str
    meaning: str
    documented: bool
    count: int = 0
    examples: list[Difference] = field(default_factory=list)


@dataclass
class Verification:
    """What the comparison found.

    Attributes
    ----------
    files : int
    records : int
        Records that lotl read.
    python_evtx_records : int
        Those of them that python-evtx could read too.
    lost : int
        Records that are there but that lotl could not read.
    fields, equal : int
        Fields that were compared, and that agree to the character.
    kinds : dict of str to DifferenceKind
    problems : list of (str, list of Problem)
        What lotl could not read, by file.
    """

    files: int = 0
    records: int = 0
    python_evtx_records: int = 0
    lost: int = 0
    fields: int = 0
    equal: int = 0
    kinds: dict[str, DifferenceKind] = field(default_factory=dict)
    problems: list[tuple[str, list[Problem]]] = field(default_factory=list)

    @property
    def documented(self) -> int:
        """Differences that the table explains."""
        return sum(kind.count for kind in self.kinds.values() if kind.documented)

    @property
    def undocumented(self) -> int:
        """Differences that nothing explains."""
        return sum(kind.count for kind in self.kinds.values() if not kind.documented)

    def note(self, rule: Rule, difference: Difference) -> None:
        """Count a difference, and keep it if it is among the first of its kind."""
        kind = self.kinds.setdefault(rule.kind, DifferenceKind(rule.kind, rule.meaning, rule.documented))
        kind.count += 1
        if len(kind.examples) < MAX_EXAMPLES:
            kind.examples.append(difference)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts and lists."""
        return {**asdict(self), "documented": self.documented, "undocumented": self.undocumented}


# --- kinds of difference ---------------------------------------------------------------------------------------------


def _never(ours: str, theirs: str) -> bool:
    return False


class Rule(NamedTuple):
    """A kind of difference. `explains(lotl, python_evtx)` says whether two values of a field differ in this way."""

    kind: str
    meaning: str
    explains: Callable[[str, str], bool] = _never
    documented: bool = True


def _padded(ours: str, theirs: str) -> bool:
    return ours[:2] == theirs[:2] == "0x" and ours[2:] == (theirs[2:].lstrip("0") or "0")


def _pointer(ours: str, theirs: str) -> bool:
    return ours[:2] == "0x" and theirs.isdecimal() and ours == hex(int(theirs))


def _guid(ours: str, theirs: str) -> bool:
    return bool(_GUID.match(ours)) and ours.lower() == theirs.lower()


def _bool(ours: str, theirs: str) -> bool:
    return theirs in ("True", "False") and ours == theirs.lower()


def _binary(ours: str, theirs: str) -> bool:
    try:
        return bytes.fromhex(ours) == base64.b64decode(theirs, validate=True)
    except (ValueError, binascii.Error):
        return False


def _time(ours: str, theirs: str) -> bool:
    """Python-evtx computes in floating point, and prints the year 1 for times that it cannot express."""
    mine, other = parse_time(ours), parse_time(theirs)
    if theirs.startswith("0001-01-01"):
        return bool(_TIME.match(ours))
    if re.fullmatch(r"\.\d{3}Z", ours[19:]):  # a SYSTEMTIME, whose milliseconds it takes for microseconds
        other = parse_time(f"{theirs[:19]}.{(theirs[20:26] or '000000')[3:]}")
    return isinstance(mine, int) and isinstance(other, int) and abs(mine - other) <= 2


def _controls(ours: str, theirs: str) -> bool:
    return _CONTROL.sub("", ours) == theirs


def _number(ours: str, theirs: str) -> bool:
    try:
        return "." in theirs + ours and abs(float(ours) - float(theirs)) <= 1e-6 * abs(float(ours))
    except ValueError:
        return False


_GUID: Final = re.compile(r"\{[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}\}\Z")
_TIME: Final = re.compile(r"\d{4,5}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\Z", re.ASCII)
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_ITEM: Final = re.compile(r"<string>(.*?)</string>\n", re.DOTALL)

VALUE_RULES: Final = (
    Rule("hexadecimal", "python-evtx pads hexadecimal numbers with zeros; Windows does not", _padded),
    Rule("guid", "python-evtx prints GUIDs in lower case", _guid),
    Rule("boolean", "python-evtx prints True and False", _bool),
    Rule("pointer", "python-evtx prints addresses in decimal; Windows in hexadecimal", _pointer),
    Rule("binary", "python-evtx prints binary data in base64; Windows in hexadecimal", _binary),
    Rule("time", "python-evtx prints times without T and zone, and rounds them in floating point", _time),
    Rule("number", "python-evtx prints floating-point numbers with the digits of a double", _number),
    Rule("control", "python-evtx leaves control characters out", _controls),
)
"""Differences between two values of a field."""

ARRAY: Final = Rule("array", "python-evtx prints the items of an array as one text of <string> elements")
CUT: Final = Rule("cut", "python-evtx cuts items of arrays at characters whose code ends in 00, such as U+2500")
EMPTY: Final = Rule("optional", "python-evtx prints optional parts that are null; Windows leaves them out")
UNREAD: Final = Rule("unread", "python-evtx cannot read the record")
BEHIND: Final = Rule("behind", "the record is behind the free space offset of its chunk header")
VALUE: Final = Rule("value", "the readers see different values", documented=False)
MISSING: Final = Rule("missing", "only python-evtx sees the field", documented=False)
EXTRA: Final = Rule("extra", "only lotl sees the field", documented=False)
ONLY_THEIRS: Final = Rule("record", "only python-evtx reads the record", documented=False)


# --- comparison ------------------------------------------------------------------------------------------------------


def verify(paths: Iterable[str | PathLike[str]]) -> Verification:
    """Compare both readers over every record of EVTX files.

    Parameters
    ----------
    paths : iterable of paths
        Files.

    Returns
    -------
    Verification
        Nothing is raised for damage; it is in `Verification.problems`.
    """
    result = Verification()
    for path in map(Path, paths):
        account = Account(path.name, str(path))
        for extent in cut(0, path, account, 1 << 24):
            for chunk in load(extent, account):
                _compare_chunk(result, str(path), chunk, account)
        result.files += 1
        result.records += account.records
        result.lost += account.lost
        if account.problems:
            result.problems.append((str(path), account.problems))
    return result


def _compare_chunk(result: Verification, file: str, chunk: Chunk, account: Account) -> None:
    found = examine(chunk, account)
    parser, other = Parser(chunk.data), Reader(chunk.data)
    listed = other.offsets()
    for offset in listed - {slot.offset for slot in found.slots} - {loss.offset for loss in found.losses}:
        result.note(ONLY_THEIRS, Difference(file, -1, f"chunk {chunk.number}, offset {offset}", None, "a record"))
    for slot in found.slots:
        ours = theirs = None
        try:
            theirs, reason = other.read(slot), ""
        except BinXmlError as error:
            reason = str(error)
        try:
            ours = read_flat(parser, slot)
            keep(account, chunk, None)
        except BinXmlError as error:
            lose(account, chunk, slot.offset, f"record {slot.record}: {error}")
        if listed and slot.offset not in listed:
            result.note(BEHIND, Difference(file, slot.record, "", "a record", None))
        _compare_record(result, file, slot, ours, theirs, reason)


def _compare_record(
    result: Verification, file: str, slot: Slot, ours: Flat | None, theirs: Flat | None, reason: str
) -> None:
    if theirs is not None:
        result.python_evtx_records += 1
    if ours is None or theirs is None:
        if ours is not None:
            result.note(UNREAD, Difference(file, slot.record, "", "a record", reason[:_LONGEST]))
        elif theirs is not None:
            result.note(ONLY_THEIRS, Difference(file, slot.record, "", None, "a record"))
        return
    mine, other = _texts(ours), _texts(theirs)
    for name in {**mine, **other}:
        result.fields += 1
        rule = _judge(mine.get(name), other.get(name))
        if rule is None:
            result.equal += 1
        else:
            shown = (_shown(mine.get(name)), _shown(other.get(name)))
            result.note(rule, Difference(file, slot.record, ".".join(name), *shown))


def _texts(flat: Flat) -> dict[tuple[str, str], Texts]:
    """Return all fields as text, by part and name."""
    fields: dict[tuple[str, str], Texts] = {}
    for name, value in flat.system.items():
        fields["System", name] = [_system_text(name, value)]
    for name, value in flat.data:
        fields.setdefault(("EventData", name), []).append(str(value))
    return fields


def _system_text(name: str, value: Cell) -> str:
    return format_time(value) if name == "TimeCreated" and isinstance(value, int) else str(value)


def _judge(ours: Texts | None, theirs: Texts | None) -> Rule | None:
    """Return the kind of difference between two fields, None if there is none."""
    if ours == theirs:
        return None
    if ours is None:
        return EMPTY if theirs is not None and not any(theirs) else MISSING
    if theirs is None:
        return EXTRA
    if _items(theirs) == _items(ours) and any(map(_ITEM.match, theirs)):
        return ARRAY
    if any(map(_ITEM.match, theirs)) and _uncut(_items(theirs)) == _uncut(ours):
        return CUT
    if len(ours) != len(theirs):
        return VALUE
    rules = [_judge_value(mine, other) for mine, other in zip(ours, theirs, strict=True) if mine != other]
    return next((rule for rule in rules if not rule.documented), rules[0])


def _items(texts: Texts) -> Texts:
    """Take the items out of what python-evtx makes of arrays. Empty ones are left out: it miscounts them."""
    items = [item for text in texts for item in (_ITEM.findall(text) if _ITEM.match(text) else [text])]
    return [_CONTROL.sub("", item) for item in items if item]


def _uncut(texts: Texts) -> str:
    return "".join(sign for sign in "".join(texts) if ord(sign) & 0xFF and not _CONTROL.match(sign))


def _judge_value(ours: str, theirs: str) -> Rule:
    return next((rule for rule in VALUE_RULES if rule.explains(ours, theirs)), VALUE)


def _shown(texts: Texts | None) -> str | None:
    if texts is None:
        return None
    text = texts[0] if len(texts) == 1 else repr(texts)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
