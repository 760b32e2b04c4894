"""Elastic's winlogbeat, and what wraps its documents (search hits, Logstash).

Documents of version 7 and later hold the event under ``winlog``; those of version 6 and before, on top. Elastic's
Sysmon and Security pipelines move some fields to ECS names: those are looked up where ``event_data`` lacks them.
Names follow the field references "Exported fields: Winlogbeat" of both versions.
"""

from __future__ import annotations

from typing import Final

from lotl.normalise.dialects.base import Dialect
from lotl.normalise.dialects.ecs import BY_EVENT, FIELDS

_SYSTEM: Final = {
    "winlog.channel": "Channel",
    "winlog.provider_name": "Provider_Name",
    "winlog.event_id": "EventID",
    "event.code": "EventID",
    "winlog.computer_name": "Computer",
    "winlog.record_id": "EventRecordID",
    "winlog.time_created": "TimeCreated",
    "@timestamp": "TimeCreated",
    "winlog.provider_guid": "Provider_Guid",
    "winlog.version": "Version",
    "winlog.level": "Level",
    "winlog.process.pid": "Execution_ProcessID",
    "winlog.process.thread.id": "Execution_ThreadID",
    "winlog.activity_id": "Correlation_ActivityID",
    "winlog.related_activity_id": "Correlation_RelatedActivityID",
    "winlog.user.identifier": "Security_UserID",
    "winlog.task": "Task",
    "winlog.opcode": "Opcode",
    "winlog.keywords": "Keywords",
    "log.level": "Level",
}

WINLOGBEAT: Final = Dialect(
    name="winlogbeat",
    marks=(("winlog.channel",), ("winlog.provider_name",), ("winlog.event_id",)),
    system=_SYSTEM,
    data=FIELDS,
    by_event=BY_EVENT,
    prefixes=("winlog.event_data.", "winlog.user_data."),
    drop_prefixes=("winlog.event_data.xml_name", "winlog.user_data.xml_name"),
    message="message",
)

WINLOGBEAT6: Final = Dialect(
    name="winlogbeat 6",
    marks=(("log_name", "source_name", "event_id"),),
    system={
        "log_name": "Channel",
        "source_name": "Provider_Name",
        "event_id": "EventID",
        "computer_name": "Computer",
        "record_number": "EventRecordID",
        "@timestamp": "TimeCreated",
        "provider_guid": "Provider_Guid",
        "version": "Version",
        "process_id": "Execution_ProcessID",
        "thread_id": "Execution_ThreadID",
        "activity_id": "Correlation_ActivityID",
        "related_activity_id": "Correlation_RelatedActivityID",
        "user.identifier": "Security_UserID",
        "level": "Level",
        "task": "Task",
        "opcode": "Opcode",
        "keywords": "Keywords",
    },
    prefixes=("event_data.", "user_data."),
    drop_prefixes=("user_data.xml_name",),
    message="message",
)
