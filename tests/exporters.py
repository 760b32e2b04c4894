"""The same events as each exporter would write them: for round trips.

An event is what `lotl.Events.raw` returns: ``{"System": {…}, "EventData": {…}}`` with numbers as numbers.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from typing import Any
from xml.sax.saxutils import escape, quoteattr

Event = dict[str, dict[str, Any]]


def text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def texts(values: dict[str, Any]) -> dict[str, Any]:
    return {n: [text(v) for v in value] if isinstance(value, list) else text(value) for n, value in values.items()}


def lines(records: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\r\n" for record in records).encode()


def _get(system: dict[str, Any], *names: tuple[str, str]) -> dict[str, Any]:
    return {theirs: system[ours] for theirs, ours in names if ours in system}


# --- the XML tree -----------------------------------------------------------------------------------------------------


def xml_event(event: Event) -> str:
    s, data = event["System"], event["EventData"]

    def attributes(*pairs: tuple[str, str]) -> str:
        return "".join(f" {theirs}={quoteattr(text(s[ours]))}" for theirs, ours in pairs if ours in s)

    def element(name: str, inner: str = "") -> str:
        return f"<{name}{inner}>{escape(text(s[name]))}</{name}>" if name in s else ""

    provider = attributes(
        ("Name", "Provider_Name"), ("Guid", "Provider_Guid"), ("EventSourceName", "Provider_EventSourceName")
    )
    correlation = attributes(
        ("ActivityID", "Correlation_ActivityID"), ("RelatedActivityID", "Correlation_RelatedActivityID")
    )
    parts = [
        f"<Provider{provider}/>",
        element("EventID", attributes(("Qualifiers", "EventID_Qualifiers"))),
        *(element(name) for name in ("Version", "Level", "Task", "Opcode", "Keywords")),
        f"<TimeCreated{attributes(('SystemTime', 'TimeCreated'))}/>",
        element("EventRecordID"),
        f"<Correlation{correlation}/>",
        f"<Execution{attributes(('ProcessID', 'Execution_ProcessID'), ('ThreadID', 'Execution_ThreadID'))}/>",
        element("Channel"),
        element("Computer"),
        f"<Security{attributes(('UserID', 'Security_UserID'))}/>",
    ]
    fields = []
    for name, value in data.items():
        for item in value if isinstance(value, list) else [value]:
            if name == "EventData_Name":
                continue
            if name == "Binary":
                fields.append(f"<Binary>{escape(text(item))}</Binary>")
            else:
                label = "" if name == "Data" else f" Name={quoteattr(name)}"
                fields.append(f"<Data{label}>{escape(text(item))}</Data>")
    name = f" Name={quoteattr(data['EventData_Name'])}" if "EventData_Name" in data else ""
    xmlns = "http://schemas.microsoft.com/win/2004/08/events/event"
    system, payload = "".join(parts), "".join(fields)
    return f"<Event xmlns='{xmlns}'><System>{system}</System><EventData{name}>{payload}</EventData></Event>"


def wevtutil(events: list[Event]) -> bytes:
    return "".join(map(xml_event, events)).encode()


def event_viewer_xml(events: list[Event]) -> bytes:
    body = "".join(f"{xml_event(event)}\r\n" for event in events)
    return f'\ufeff<?xml version="1.0" encoding="utf-16"?>\r\n<Events>{body}</Events>'.encode("utf-16-le")


def _tree(
    event: Event, *, attributes: Callable[[str, dict[str, Any]], dict[str, Any]], bare_guids: bool
) -> dict[str, Any]:
    s = event["System"]

    def guid(value: str) -> str:
        return value.strip("{}") if bare_guids and value.startswith("{") and len(value) == 38 else value

    system: dict[str, Any] = {}
    owners = {
        "Provider": ("Name", "Guid", "EventSourceName"),
        "Correlation": ("ActivityID", "RelatedActivityID"),
        "Execution": ("ProcessID", "ThreadID"),
        "Security": ("UserID",),
    }
    for name, labels in owners.items():
        inner = {label: s[f"{name}_{label}"] for label in labels if f"{name}_{label}" in s}
        inner = {label: guid(value) if isinstance(value, str) else value for label, value in inner.items()}
        system.update(attributes(name, inner) if inner else {name: None})
    system.update(attributes("TimeCreated", {"SystemTime": s["TimeCreated"]}))
    for name in ("EventID", "Version", "Level", "Task", "Opcode", "Keywords", "EventRecordID", "Channel", "Computer"):
        if name in s:
            system[name] = s[name]
    if "EventID_Qualifiers" in s:
        inner = attributes("EventID", {"Qualifiers": s["EventID_Qualifiers"]})
        system["EventID"] = {"#text": s["EventID"], **inner["EventID"]} if "EventID" in inner else s["EventID"]
        system.update({name: value for name, value in inner.items() if name != "EventID"})
    data: dict[str, Any] = {}
    for name, value in event["EventData"].items():
        if name == "Data":
            data["Data"] = {"#text": value}
        else:
            data[name] = None if value == "" else guid(value) if isinstance(value, str) else value
    return {"Event": {"System": system, "EventData": data}}


def evtx_dump(events: list[Event]) -> bytes:
    def attributes(name: str, values: dict[str, Any]) -> dict[str, Any]:
        return {name: {"#attributes": values}}

    return lines(_tree(event, attributes=attributes, bare_guids=True) for event in events)


def chainsaw(events: list[Event]) -> bytes:
    def attributes(name: str, values: dict[str, Any]) -> dict[str, Any]:
        return {f"{name}_attributes": values}

    records = [_tree(event, attributes=attributes, bare_guids=True) for event in events]
    return json.dumps(records, ensure_ascii=False).encode()


def hayabusa(events: list[Event]) -> bytes:
    def attributes(name: str, values: dict[str, Any]) -> dict[str, Any]:
        return {name: {"#attributes": values}}

    records = [_tree(event, attributes=attributes, bare_guids=True) for event in events]
    return "\n".join(json.dumps(record, ensure_ascii=False, indent=2) for record in records).encode()


def velociraptor(events: list[Event]) -> bytes:
    def record(event: Event) -> dict[str, Any]:
        s = event["System"]
        system = {
            "Provider": _get(s, ("Name", "Provider_Name"), ("Guid", "Provider_Guid")),
            "EventID": {"Value": s["EventID"], **_get(s, ("Qualifiers", "EventID_Qualifiers"))},
            "TimeCreated": {"SystemTime": s["TimeCreated"]},
            "Execution": _get(s, ("ProcessID", "Execution_ProcessID"), ("ThreadID", "Execution_ThreadID")),
            "Security": _get(s, ("UserID", "Security_UserID")),
            "Correlation": _get(s, ("ActivityID", "Correlation_ActivityID")),
        }
        for name in ("Version", "Level", "Task", "Opcode", "Keywords", "EventRecordID", "Channel", "Computer"):
            if name in s:
                system[name] = s[name]
        return {"System": system, "EventData": event["EventData"], "Message": "Rendered."}

    return lines(map(record, events))


# --- collectors -------------------------------------------------------------------------------------------------------


def _winlog(event: Event) -> dict[str, Any]:
    s = event["System"]
    return {
        **_get(s, ("channel", "Channel"), ("provider_name", "Provider_Name"), ("computer_name", "Computer")),
        **_get(
            s, ("provider_guid", "Provider_Guid"), ("version", "Version"), ("activity_id", "Correlation_ActivityID")
        ),
        **_get(s, ("related_activity_id", "Correlation_RelatedActivityID")),
        "event_id": str(s["EventID"]),
        "record_id": s.get("EventRecordID"),
        "time_created": s["TimeCreated"],
        "task": "Words",
        "opcode": "Info",
        "process": {"pid": s.get("Execution_ProcessID"), "thread": {"id": s.get("Execution_ThreadID")}},
        **({"user": {"identifier": s["Security_UserID"]}} if "Security_UserID" in s else {}),
        "event_data": texts(event["EventData"]),
        "api": "wineventlog",
    }


def _beat(event: Event) -> dict[str, Any]:
    return {
        "@timestamp": event["System"]["TimeCreated"],
        "agent": {"type": "winlogbeat", "version": "8.11.0"},
        "ecs": {"version": "8.0.0"},
        "event": {"code": str(event["System"]["EventID"]), "kind": "event"},
        "log": {"level": "information"},
        "host": {"name": event["System"]["Computer"]},
        "message": "Rendered text of the event",
        "winlog": _winlog(event),
    }


def winlogbeat(events: list[Event]) -> bytes:
    return lines(map(_beat, events))


def elastic_hits(events: list[Event]) -> bytes:
    return lines(
        {"_index": "winlogbeat", "_id": str(n), "_score": 1, "_source": _beat(e)} for n, e in enumerate(events)
    )


def winlogbeat_dotted(events: list[Event]) -> bytes:
    def dotted(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
        flat: dict[str, Any] = {}
        for key, inner in value.items():
            flat.update(dotted(inner, f"{prefix}{key}.") if isinstance(inner, dict) else {f"{prefix}{key}": inner})
        return flat

    return lines(dotted(_beat(event)) for event in events)


_FLAT = (
    ("Channel", "Channel"), ("SourceName", "Provider_Name"), ("EventID", "EventID"), ("Hostname", "Computer"),
    ("ProviderGuid", "Provider_Guid"), ("Level", "Level"), ("Task", "Task"), ("Keywords", "Keywords"),
    ("@timestamp", "TimeCreated"), ("TimeCreated", "TimeCreated"),
)  # fmt: skip


def otrf(events: list[Event]) -> bytes:
    return lines(
        {
            **_get({**texts(e["System"]), "EventID": e["System"]["EventID"]}, *_FLAT),
            "Message": "x",
            **texts(e["EventData"]),
        }
        for e in events
    )


def nxlog(events: list[Event]) -> bytes:
    def record(event: Event) -> dict[str, Any]:
        s = event["System"]
        mask = int(s["Keywords"], 16)
        return {
            "EventTime": "2001-01-01 00:00:00",
            "EventReceivedTime": "2001-01-01 00:00:01",
            "SourceModuleName": "eventlog",
            "SourceModuleType": "im_msvistalog",
            **_get(s, *(pair for pair in _FLAT if pair[0] not in ("Keywords", "Level", "TimeCreated"))),
            **_get(s, ("RecordNumber", "EventRecordID"), ("ExecutionProcessID", "Execution_ProcessID")),
            **_get(s, ("ThreadID", "Execution_ThreadID"), ("Version", "Version"), ("OpcodeValue", "Opcode")),
            **_get(s, ("UserID", "Security_UserID"), ("ActivityID", "Correlation_ActivityID")),
            "Keywords": mask - (1 << 64) if mask >> 63 else mask,
            "EventType": "INFO",
            "Severity": "INFO",
            "Message": "Rendered text of the event",
            **texts({n: v.lower() if n.lower().endswith("guid") else v for n, v in event["EventData"].items()}),
        }

    # NXLog's EventType is its own; events with a field of that name would lose it
    return lines(map(record, events))


def sentinel(events: list[Event]) -> bytes:
    def record(event: Event) -> dict[str, Any]:
        s = event["System"]
        inner = xml_event(event).partition("</System>")[2].removesuffix("</Event>")
        return {
            "TenantId": "0",
            "TimeGenerated": s["TimeCreated"],
            **_get(s, ("Computer", "Computer"), ("Channel", "Channel"), ("EventSourceName", "Provider_Name")),
            **_get(s, ("EventID", "EventID"), ("EventRecordId", "EventRecordID"), ("Task", "Task")),
            "Account": "derived",
            "EventData": inner,
        }

    return lines(map(record, events))


def splunk(events: list[Event]) -> bytes:
    return lines({"preview": False, "result": {"_time": "x", "host": "h", "_raw": xml_event(e)}} for e in events)


def splunk_csv(events: list[Event]) -> bytes:
    return table([{"_time": e["System"]["TimeCreated"], "host": "h", "_raw": xml_event(e)} for e in events])


# --- Windows and its tools --------------------------------------------------------------------------------------------


def table(records: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    names = list(dict.fromkeys(name for record in records for name in record))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(records)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _evtxecmd(number: int, event: Event) -> dict[str, Any]:
    s = event["System"]
    data = [
        {"@Name": name, "#text": text(value)} if name not in ("Data", "Binary") else None
        for name, value in event["EventData"].items()
    ]
    payload: dict[str, Any] = {"EventData": {"Data": [item for item in data if item]}}
    if "Data" in event["EventData"]:
        payload["EventData"]["Data"] = [text(item) for item in event["EventData"]["Data"]]
    if "Binary" in event["EventData"]:
        payload["EventData"]["Binary"] = event["EventData"]["Binary"]
    return {
        "RecordNumber": number,
        "EventRecordId": s.get("EventRecordID"),
        "TimeCreated": s["TimeCreated"].rstrip("Z").replace("T", " ") + "0",
        "EventId": s["EventID"],
        "Level": "Info",
        "Provider": s["Provider_Name"],
        "Channel": s["Channel"],
        "ProcessId": s.get("Execution_ProcessID"),
        "ThreadId": s.get("Execution_ThreadID"),
        "Computer": s["Computer"],
        "UserId": s.get("Security_UserID"),
        "MapDescription": "",
        "PayloadData1": "prose",
        "Payload": json.dumps(payload, ensure_ascii=False),
    }


def evtxecmd_csv(events: list[Event]) -> bytes:
    return table([_evtxecmd(number, event) for number, event in enumerate(events)])


def evtxecmd_json(events: list[Event]) -> bytes:
    return lines(_evtxecmd(number, event) for number, event in enumerate(events))


def get_winevent(events: list[Event]) -> bytes:
    """`Get-WinEvent | ConvertTo-Json`: only the positions of fields are kept."""

    def record(event: Event) -> dict[str, Any]:
        s = event["System"]
        values = [
            {"Value": item}
            for n, v in event["EventData"].items()
            if n != "EventData_Name"
            for item in (v if isinstance(v, list) else [v])
        ]
        return {
            "Id": s["EventID"],
            **_get(s, ("Version", "Version"), ("Level", "Level"), ("Task", "Task"), ("Opcode", "Opcode")),
            "Keywords": int(s["Keywords"], 16) - (1 << 64 if int(s["Keywords"], 16) >> 63 else 0),
            "RecordId": s.get("EventRecordID"),
            **_get(s, ("ProviderName", "Provider_Name"), ("LogName", "Channel"), ("MachineName", "Computer")),
            "ProviderId": s.get("Provider_Guid", "").strip("{}").lower() or None,
            **_get(s, ("ProcessId", "Execution_ProcessID"), ("ThreadId", "Execution_ThreadID")),
            "UserId": {"BinaryLength": 12, "Value": s["Security_UserID"]} if "Security_UserID" in s else None,
            "TimeCreated": s["TimeCreated"],
            "Message": "Rendered text",
            "LevelDisplayName": "Information",
            "Properties": values,
        }

    return json.dumps([record(event) for event in events], ensure_ascii=False, indent=4).encode("utf-8-sig")


FORMATS: dict[str, Callable[[list[Event]], bytes]] = {
    function.__name__: function
    for function in (
        wevtutil, event_viewer_xml, evtx_dump, chainsaw, hayabusa, velociraptor, winlogbeat, elastic_hits,
        winlogbeat_dotted, otrf, nxlog, sentinel, splunk, splunk_csv, evtxecmd_csv, evtxecmd_json, get_winevent,
    )
}  # fmt: skip
