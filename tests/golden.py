"""Golden hits of the shared corpora, and records read without lotl's own reader.

The log source table here is a small one of its own on purpose: it covers the sources that the sampled rules need, and
shares nothing with the table that it helps to check.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

CORPORA: Final = {"regression_data": "sigma/regression_data", "EVTX-to-MITRE-Attack": "evtx-to-mitre"}
RULES: Final = ("rules/windows", "rules-emerging-threats", "rules-threat-hunting/windows")

_SYSMON = "microsoft-windows-sysmon/operational"
_POWERSHELL = ("microsoft-windows-powershell/operational", "powershellcore/operational")
_SYSMON_CATEGORIES = {
    "network_connection": (3,),
    "driver_load": (6,),
    "image_load": (7,),
    "create_remote_thread": (8,),
    "process_access": (10,),
    "file_event": (11,),
    "registry_add": (12,),
    "registry_delete": (12,),
    "registry_set": (13,),
    "registry_event": (12, 13, 14),
    "pipe_created": (17, 18),
    "wmi_event": (19, 20, 21),
    "dns_query": (22,),
    "file_delete": (23,),
}
CATEGORIES: Final[dict[str, tuple[tuple[str, int], ...]]] = {
    "process_creation": ((_SYSMON, 1), ("security", 4688)),
    "ps_module": tuple((channel, 4103) for channel in _POWERSHELL),
    "ps_script": tuple((channel, 4104) for channel in _POWERSHELL),
    "ps_classic_start": (("windows powershell", 400),),
    **{name: tuple((_SYSMON, number) for number in numbers) for name, numbers in _SYSMON_CATEGORIES.items()},
}
SERVICES: Final[dict[str, tuple[str, ...]]] = {
    "security": ("security",),
    "system": ("system",),
    "application": ("application",),
    "powershell-classic": ("windows powershell",),
    "windefend": ("microsoft-windows-windows defender/operational",),
    "taskscheduler": ("microsoft-windows-taskscheduler/operational",),
    "bits-client": ("microsoft-windows-bits-client/operational",),
    "firewall-as": ("microsoft-windows-windows firewall with advanced security/firewall",),
}
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LABELS = {"S-1-16-4096": "Low", "S-1-16-8192": "Medium", "S-1-16-12288": "High", "S-1-16-16384": "System"}


class Hit(NamedTuple):
    """One golden hit."""

    file: str
    record: int
    rule: str


class Record(NamedTuple):
    """A record as rules see it: `view` under its own names, `process` as process creation (or None)."""

    file: str
    record: int
    channel: str
    event_id: int | None
    view: dict[str, Any]
    process: dict[str, Any] | None


def golden_hits(shared: Path, corpus: str) -> set[Hit]:
    """Return the hits of a corpus."""
    path = shared / "conformance" / "golden" / f"{corpus}.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return {Hit(hit["file"], hit["record_id"], hit["rule_id"]) for hit in map(json.loads, lines)}


def rules(shared: Path) -> Iterator[dict[str, Any]]:
    """Yield the SigmaHQ rules that this module's table has a log source for, in the order of their paths."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for folder in RULES:
        for path in sorted((shared / "data" / "sigma" / folder).rglob("*.yml")):
            rule = yaml.load(path.read_text(encoding="utf-8"), loader)
            if rule["logsource"].get("product") == "windows" and _sources(rule):
                yield rule


def by_source(chosen: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int | None], list[Mapping[str, Any]]]:
    """Group rules by (channel, event id); event id None for rules of a whole channel."""
    table = defaultdict(list)
    for rule in chosen:
        for source in _sources(rule):
            table[source].append(rule)
    return table


def _sources(rule: Mapping[str, Any]) -> tuple[tuple[str, int | None], ...]:
    category, service = rule["logsource"].get("category"), rule["logsource"].get("service")
    if category:
        return CATEGORIES.get(category, ()) if not service else ()
    return tuple((channel, None) for channel in SERVICES.get(service, ()))


def records(shared: Path, corpus: str, every: int = 1, offset: int = 0) -> Iterator[Record]:
    """Yield the records of every `every`-th file, read by the Rust package ``evtx``."""
    from evtx import PyEvtxParser  # type: ignore[import-untyped, unused-ignore]

    root = shared / "data" / CORPORA[corpus]
    for path in sorted(root.rglob("*.evtx"))[offset::every]:
        for raw in PyEvtxParser(str(path)).records_json():
            yield _record(path.relative_to(root).as_posix(), raw["event_record_id"], json.loads(raw["data"])["Event"])


def _record(file: str, number: int, event: dict[str, Any]) -> Record:
    system = _system(event["System"])
    view = {**system, **_payload(event)}
    channel, event_id = str(system.get("Channel", "")).lower(), system.get("EventID")
    process = _process(view) if (channel, event_id) == ("security", 4688) else None
    return Record(file, number, channel, event_id, view, process)


def _value(value: Any) -> Any:
    value = value.get("#text") if isinstance(value, dict) else value
    return f"{{{value}}}" if isinstance(value, str) and _GUID.fullmatch(value) else value


def _system(system: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in system.items():
        for attribute, inner in (value.get("#attributes") or {}).items() if isinstance(value, dict) else ():
            out["TimeCreated" if name == "TimeCreated" else f"{name}_{attribute}"] = _value(inner)
        if value is not None and (not isinstance(value, dict) or "#text" in value):
            out[name] = _value(value)
    for name in ("EventID", "Level", "Task", "Opcode", "Version"):
        if str(out.get(name, "")).isdecimal():
            out[name] = int(out[name])
    return out


def _payload(event: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for section, content in event.items():
        if section not in ("System", "#attributes") and isinstance(content, dict):
            _flatten(content, out)
    return out


def _flatten(content: dict[str, Any], out: dict[str, Any]) -> None:
    for name, value in content.items():
        if name == "#attributes":
            continue
        if isinstance(value, dict) and "#text" not in value:
            _flatten(value, out)
        else:
            out[name] = _value(value)


def _process(view: dict[str, Any]) -> dict[str, Any]:
    """Give a 4688 record the names of process creation."""
    names = {"Image": "NewProcessName", "ParentImage": "ParentProcessName", "LogonId": "SubjectLogonId"}
    renamed = {name: view[origin] for name, origin in names.items() if origin in view}
    numbers = {"ProcessId": "NewProcessId", "ParentProcessId": "ProcessId"}
    renamed |= {name: int(str(view[origin]), 16) for name, origin in numbers.items() if origin in view}
    label = view.get("MandatoryLabel")
    if label is not None:
        renamed["IntegrityLevel"] = [label, _LABELS.get(label)]
    side = "Subject" if view.get("TargetUserName") in (None, "", "-") else "Target"
    if f"{side}UserName" in view:
        renamed["User"] = f"{view.get(f'{side}DomainName')}\\{view[f'{side}UserName']}"
    return {**view, **renamed}
