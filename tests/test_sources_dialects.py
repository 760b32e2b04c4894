"""Dialects that keep less than a whole event, or say it in other words: what comes out, and that it is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import lotl

SYSMON = "Microsoft-Windows-Sysmon/Operational"

RECORDS: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    # name: (record, what must be in the event, lossy)
    "Defender, process": (
        {
            "Timestamp": "2024-03-01T10:00:00.1234567Z", "DeviceName": "ws1.corp", "ActionType": "ProcessCreated",
            "FileName": "net.exe", "FolderPath": "C:\\Windows\\System32\\net.exe", "ProcessCommandLine": "net user",
            "ProcessId": 4, "AccountName": "bob", "InitiatingProcessFolderPath": "C:\\Windows\\System32\\cmd.exe",
            "InitiatingProcessCommandLine": "cmd /c net user", "InitiatingProcessId": 8,
        },
        {
            "Channel": SYSMON, "EventID": 1, "Computer": "ws1.corp", "TimeCreated": "2024-03-01T10:00:00.123456Z",
            "Image": "C:\\Windows\\System32\\net.exe", "CommandLine": "net user", "ProcessId": 4, "User": "bob",
            "ParentImage": "C:\\Windows\\System32\\cmd.exe", "ParentCommandLine": "cmd /c net user",
            "ParentProcessId": 8,
        },
        True,
    ),
    "Defender, streamed": (
        {
            "time": "2024-03-01T10:00:00Z", "category": "AdvancedHunting-DeviceRegistryEvents",
            "properties": {
                "Timestamp": "2024-03-01T10:00:00Z", "DeviceName": "d", "ActionType": "RegistryValueSet",
                "RegistryValueData": "1", "InitiatingProcessFolderPath": "C:\\r.exe",
            },
        },
        {"EventID": 13, "Image": "C:\\r.exe", "Details": "1"},
        True,
    ),
    "ECS": (
        {
            "@timestamp": "2024-03-01T10:00:00Z", "ecs": {"version": "8"}, "host": {"name": "h"},
            "event": {"code": "1", "provider": "Microsoft-Windows-Sysmon"},
            "process": {"command_line": "whoami", "executable": "C:\\w.exe", "pid": 5, "parent": {"pid": 4}},
        },
        {
            "Channel": SYSMON, "EventID": 1, "CommandLine": "whoami", "Image": "C:\\w.exe", "ProcessId": 5,
            "ParentProcessId": 4, "Computer": "h",
        },
        True,
    ),
    "winlogbeat, fields moved to ECS": (
        {
            "@timestamp": "2024-03-01T10:00:00Z",
            "winlog": {"channel": SYSMON, "event_id": 11, "event_data": {"Image": "C:\\own.exe"}},
            "process": {"executable": "C:\\ecs.exe"}, "file": {"path": "C:\\x.dll"}, "rule": {"name": "r"},
        },
        {"EventID": 11, "Image": "C:\\own.exe", "TargetFilename": "C:\\x.dll", "RuleName": "r"},
        False,
    ),
    "winlogbeat 6": (
        {
            "@timestamp": "2024-03-01T10:00:00Z", "log_name": "Security", "source_name": "S", "event_id": 4688,
            "record_number": "77", "computer_name": "h", "level": "Information", "event_data": {"A b": "c"},
        },
        {"EventID": 4688, "EventRecordID": 77, "Ab": "c", "RenderingInfo_Level": "Information"},
        False,
    ),
    "Sentinel, SecurityEvent": (
        {
            "TenantId": "t", "TimeGenerated": "2024-03-01T10:00:00Z", "Computer": "h", "EventID": 4688,
            "EventSourceName": "Microsoft-Windows-Security-Auditing", "Channel": "Security", "Account": "C\\b",
            "Activity": "4688 - A new process", "CommandLine": "whoami", "NewProcessName": "C:\\w.exe", "Level": "8",
        },
        {"EventID": 4688, "CommandLine": "whoami", "NewProcessName": "C:\\w.exe", "Computer": "h", "Level": 8},
        True,
    ),
    "Splunk, key=value": (
        {
            "_raw": "03/01/2024 10:00:00 AM\nLogName=Security\nEventCode=4688\nComputerName=h\nRecordNumber=9\n"
            "SourceName=Microsoft Windows security auditing.\nMessage=A new process has been created.\n\n"
            "Creator Subject:\n\tAccount Name:\t\tbob\n\nTarget Subject:\n\tAccount Name:\t\t-\n\n"
            "Process Information:\n\tProcess Command Line:\twhoami /all\n"
        },
        {
            "Channel": "Security", "EventID": 4688, "EventRecordID": 9, "TimeCreated": "2024-03-01T10:00:00.000000Z",
            "AccountName": "bob", "TargetSubjectAccountName": "-", "ProcessCommandLine": "whoami /all",
        },
        True,
    ),
    "Get-WinEvent, Windows PowerShell": (
        {
            "Id": 7036, "ProviderName": "Service Control Manager", "LogName": "System", "MachineName": "h",
            "TimeCreated": "/Date(1709287200000)/", "Properties": [{"Value": "svc"}, {"Value": "running"}],
            "UserId": None, "Message": "The svc service entered the running state.",
        },
        {"EventID": 7036, "param1": "svc", "param2": "running", "TimeCreated": "2024-03-01T10:00:00.000000Z"},
        False,
    ),
    "a message and nothing else": (
        {"SourceName": "ESENT", "Channel": "Application", "EventID": 326, "Hostname": "h", "Message": "attached"},
        {"Message": "attached"},
        True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDS)
def test_dialect(name: str, tmp_path: Path) -> None:
    record, wanted, lossy = RECORDS[name]
    path = tmp_path / "x.json"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    events = lotl.read(path)
    (event,) = events
    assert {key: event.get(key) for key in wanted} == wanted
    assert events.accounts[0].lossy is lossy
    assert not events.accounts[0].damaged


def test_rules_fire_on_defender(tmp_path: Path) -> None:
    rule = {
        "title": "t", "id": "7c1f0c4a-6a2b-4d0e-9a52-5f3f3c6a2f10", "level": "high",
        "logsource": {"category": "process_creation", "product": "windows"},
        "detection": {"s": {"Image|endswith": "\\net.exe", "CommandLine|contains": " user"}, "condition": "s"},
    }  # fmt: skip
    path = tmp_path / "x.json"
    path.write_text(json.dumps(RECORDS["Defender, process"][0]), encoding="utf-8")
    assert len(lotl.scan(path, rule)) == 1


def test_get_winevent_csv(tmp_path: Path) -> None:
    text = (
        '#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\r\n"Message","Id","ProviderName","LogName",'
        '"MachineName","TimeCreated","Properties"\r\n"A process,\r\nmade","4688","P","Security","h",'
        '"3/1/2024 10:00:00 AM","System.Collections.Generic.List`1[EventProperty]"\r\n'
    )
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-16", newline="")
    events = lotl.read(path)
    (event,) = events
    assert (event["EventID"], event["Message"]) == (4688, "A process,\r\nmade")
    assert event["TimeCreated"] == "2024-03-01T10:00:00.000000Z"
    assert events.accounts[0].lossy
