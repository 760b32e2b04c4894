"""Flat JSON: NXLog's, that of the OTRF data sets, and lotl's own."""

from __future__ import annotations

from typing import Final

from lotl import schema
from lotl.normalise.dialects.base import Dialect

_SHARED: Final = {
    "Channel": "Channel",
    "SourceName": "Provider_Name",
    "Provider_Name": "Provider_Name",
    "EventID": "EventID",
    "Hostname": "Computer",
    "Computer": "Computer",
    "RecordNumber": "EventRecordID",
    "EventRecordID": "EventRecordID",
    "RecordID": "EventRecordID",
    "@timestamp": "TimeCreated",
    "TimeCreated": "TimeCreated",
    "EventTime": "TimeCreated",
    "ProviderGuid": "Provider_Guid",
    "Level": "Level",
    "Version": "Version",
    "Task": "Task",
    "Opcode": "Opcode",
    "OpcodeValue": "Opcode",
    "Keywords": "Keywords",
    "ActivityID": "Correlation_ActivityID",
    "RelatedActivityID": "Correlation_RelatedActivityID",
}

NXLOG: Final = Dialect(
    name="NXLog",
    marks=(("SourceModuleType", "EventID"), ("EventReceivedTime", "SourceName"), ("SourceModuleName", "EventID")),
    system={
        **_SHARED,
        "ExecutionProcessID": "Execution_ProcessID",
        "ExecutionThreadID": "Execution_ThreadID",
        "ThreadID": "Execution_ThreadID",
        "UserID": "Security_UserID",
    },
    drop=frozenset(
        """
        EventReceivedTime SourceModuleName SourceModuleType Severity SeverityValue Category Domain
        AccountName AccountType @version host port type tags message
        """.split()
    ),
    drop_values={
        "EventType": frozenset(
            "INFO WARNING ERROR CRITICAL VERBOSE DEBUG NOTICE AUDIT_SUCCESS AUDIT_FAILURE SUCCESS".split()
        )
    },
    message="Message",
    others=True,
)
"""``AccountName``, ``Domain`` and ``AccountType`` are NXLog's look-up of ``UserID``, not fields of the event."""

OTRF: Final = Dialect(
    name="flat JSON",
    marks=(
        ("SourceName", "EventID", "Channel"),
        ("EventID", "Channel", "Hostname"),
        ("SourceName", "EventID", "Hostname"),
    ),
    system=_SHARED,
    drop=frozenset(("@version", "host", "port", "tags")),
    message="Message",
    others=True,
)

LOTL: Final = Dialect(
    name="lotl",
    marks=(
        ("EventID", "Channel", "Provider_Name"),
        ("EventID", "Channel", "TimeCreated"),
        ("EventID", "Channel", "EventRecordID"),
    ),
    system={name: name for name in schema.SYSTEM},
    drop=frozenset(("source_file", "record_id")),
    others=True,
)
"""What lotl itself writes: System columns as in `lotl.schema.SYSTEM`, then the event's own fields."""
