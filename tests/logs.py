"""Small real logs for tests, made with our own writer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lotl.sources.evtx.writer import EvtxWriter, Record

SYSMON = "Microsoft-Windows-Sysmon/Operational"
START = 1_709_287_200_000_000  # 2024-03-01 10:00 UTC


def process(image: str, command: str, parent: str = "C:\\Windows\\explorer.exe", **more: Any) -> dict[str, Any]:
    """Fields of a Sysmon 1 record."""
    fields = {
        "RuleName": "-",
        "UtcTime": "2024-03-01 10:00:00.000",
        "ProcessId": 4242,
        "Image": image,
        "CommandLine": command,
        "User": "CORP\\bob",
        "ParentImage": parent,
        "ParentCommandLine": parent,
    }
    return {**fields, **more}


def write_sysmon(path: Path, commands: list[str], *, computer: str = "WS1", event_id: int = 1) -> Path:
    """Write one Sysmon 1 record per command line, a second apart."""
    with EvtxWriter(path) as log:
        for index, command in enumerate(commands):
            tool = command.split()[0].strip('"')
            fields = process(f"C:\\Windows\\System32\\{tool}.exe", command)
            log.write(
                Record(
                    provider="Microsoft-Windows-Sysmon",
                    event_id=event_id,
                    channel=SYSMON,
                    computer=computer,
                    time=START + index * 1_000_000,
                    data=list(fields.items()),
                )
            )
    return path


def write_security(path: Path, commands: list[str], *, computer: str = "DC1") -> Path:
    """Write one Security 4688 record per command line."""
    with EvtxWriter(path) as log:
        for index, command in enumerate(commands):
            tool = command.split()[0].strip('"')
            fields = {
                "SubjectUserName": "alice",
                "SubjectDomainName": "CORP",
                "SubjectLogonId": "0x3e7",
                "NewProcessId": "0x1a4",
                "NewProcessName": f"C:\\Windows\\System32\\{tool}.exe",
                "ProcessId": "0x4",
                "CommandLine": command,
                "TargetUserName": "-",
                "TargetDomainName": "-",
                "ParentProcessName": "C:\\Windows\\System32\\cmd.exe",
            }
            log.write(
                Record(
                    provider="Microsoft-Windows-Security-Auditing",
                    event_id=4688,
                    channel="Security",
                    computer=computer,
                    time=START + index * 1_000_000,
                    data=list(fields.items()),
                )
            )
    return path


RULES = """
title: Account discovery
id: 11111111-1111-4111-8111-111111111111
status: test
author: tests
tags: [attack.t1033]
logsource: {product: windows, category: process_creation}
detection:
  tool: {Image|endswith: '\\\\whoami.exe'}
  condition: tool
level: low
---
title: Port forwarding
id: 22222222-2222-4222-8222-222222222222
status: test
logsource: {product: windows, category: process_creation}
detection:
  words: {CommandLine|contains|all: [portproxy, add]}
  ours: {User: 'CORP\\svc'}
  condition: words and not ours
level: high
---
title: Security log cleared
id: 33333333-3333-4333-8333-333333333333
logsource: {product: windows, service: security}
detection:
  event: {EventID: 1102}
  condition: event
level: high
---
title: Needs a field that is never there
id: 44444444-4444-4444-8444-444444444444
logsource: {product: windows, category: process_creation}
detection:
  event: {NoSuchField: x}
  condition: event
level: medium
"""
