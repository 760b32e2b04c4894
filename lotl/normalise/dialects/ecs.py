"""Elastic Common Schema: names of the ECS field reference, and what the same is called in Windows' events."""

from __future__ import annotations

from typing import Final

from lotl.normalise.dialects.base import Dialect

FIELDS: Final = {
    "process.command_line": "CommandLine",
    "process.executable": "Image",
    "process.pid": "ProcessId",
    "process.entity_id": "ProcessGuid",
    "process.working_directory": "CurrentDirectory",
    "process.parent.command_line": "ParentCommandLine",
    "process.parent.executable": "ParentImage",
    "process.parent.pid": "ParentProcessId",
    "process.parent.entity_id": "ParentProcessGuid",
    "process.pe.original_file_name": "OriginalFileName",
    "process.pe.company": "Company",
    "process.pe.description": "Description",
    "process.pe.product": "Product",
    "process.pe.file_version": "FileVersion",
    "rule.name": "RuleName",
    "source.ip": "SourceIp",
    "source.port": "SourcePort",
    "source.domain": "SourceHostname",
    "destination.ip": "DestinationIp",
    "destination.port": "DestinationPort",
    "destination.domain": "DestinationHostname",
    "network.transport": "Protocol",
    "dns.question.name": "QueryName",
    "sysmon.dns.status": "QueryStatus",
    "registry.path": "TargetObject",
}
"""Sysmon's fields by their ECS names (where the document does not hold them under their own)."""

_FILE: Final = {"file.path": "TargetFilename"}
_SOURCE: Final = {"process.executable": "SourceImage", "process.pid": "SourceProcessId"}
_PIPE: Final = {"file.name": "PipeName"}
_SECURITY: Final = {
    "user.name": "SubjectUserName",
    "user.domain": "SubjectDomainName",
    "user.id": "SubjectUserSid",
}
_LOGON: Final = {
    "user.name": "TargetUserName",
    "user.domain": "TargetDomainName",
    "user.id": "TargetUserSid",
    "source.ip": "IpAddress",
    "source.port": "IpPort",
    "source.domain": "WorkstationName",
    "process.executable": "ProcessName",
}

BY_EVENT: Final = {
    # event id: names that mean something else there
    2: _FILE,
    6: {"file.path": "ImageLoaded"},
    7: {
        "file.path": "ImageLoaded",
        "file.pe.original_file_name": "OriginalFileName",
        "file.pe.company": "Company",
        "file.pe.description": "Description",
        "file.pe.product": "Product",
        "file.pe.file_version": "FileVersion",
    },
    8: {**_SOURCE, "process.entity_id": "SourceProcessGuid"},
    10: {**_SOURCE, "process.entity_id": "SourceProcessGUID"},
    11: _FILE,
    13: {"registry.data.strings": "Details"},
    15: _FILE,
    17: _PIPE,
    18: _PIPE,
    23: _FILE,
    26: _FILE,
    29: _FILE,
    4624: _LOGON,
    4625: _LOGON,
    4634: _LOGON,
    4648: _LOGON,
    4688: {
        **_SECURITY,
        "process.executable": "NewProcessName",
        "process.pid": "NewProcessId",
        "process.parent.executable": "ParentProcessName",
        "process.parent.pid": "ProcessId",
    },
    4697: {**_SECURITY, "service.name": "ServiceName"},
    7045: {"service.name": "ServiceName"},
}

ECS: Final = Dialect(
    name="ECS",
    marks=(("event.code", "event.provider"), ("ecs.version", "event.code"), ("event.code", "agent.type")),
    system={
        "event.code": "EventID",
        "event.provider": "Provider_Name",
        "host.hostname": "Computer",
        "host.name": "Computer",
        "@timestamp": "TimeCreated",
        "event.created": "TimeCreated",
        "log.level": "Level",
    },
    data=FIELDS,
    by_event=BY_EVENT,
    message="message",
    lossy=True,
)
