"""Microsoft's clouds: Sentinel and Log Analytics tables, Defender for Endpoint's advanced hunting tables.

Column names as in the references "Azure Monitor Logs" (SecurityEvent, Event, WindowsEvent) and "Advanced hunting
schema".
"""

from __future__ import annotations

from typing import Final

from lotl.normalise.dialects.base import Dialect
from lotl.schema import SYSMON

_ADDED: Final = frozenset(
    """
    TenantId SourceSystem MG ManagementGroupName _ResourceId _ItemId _SubscriptionId Type AzureDeploymentID Role
    SourceComputerId EventOriginId TimeCollected PartitionKey RowKey StorageAccount RenderedDescription
    ParameterXml EventCategory
    """.split()
)

_SYSTEM: Final = {
    "Channel": "Channel",
    "EventLog": "Channel",
    "EventSourceName": "Provider_Name",
    "Provider": "Provider_Name",
    "Source": "Provider_Name",
    "EventID": "EventID",
    "Computer": "Computer",
    "EventRecordId": "EventRecordID",
    "TimeGenerated": "TimeCreated",
    "TimeGenerated [UTC]": "TimeCreated",
    "Level": "Level",
    "EventLevel": "Level",
    "Task": "Task",
    "Opcode": "Opcode",
    "Keywords": "Keywords",
    "Version": "Version",
    "SystemUserId": "Security_UserID",
    "SystemProcessId": "Execution_ProcessID",
    "SystemThreadId": "Execution_ThreadID",
    "Correlation": "Correlation_ActivityID",
}

SENTINEL: Final = Dialect(
    name="Sentinel",
    marks=(
        ("TenantId", "Computer", "EventID"),
        ("TimeGenerated", "Computer", "EventID"),
        ("TimeGenerated [UTC]", "Computer", "EventID"),
    ),
    system=_SYSTEM,
    prefixes=("EventData.",),
    trees=("Event.",),
    texts={"EventData": "fields"},
    drop=_ADDED | {"Activity", "Account", "AccountType", "Process", "EventLevelName", "UserName", "ProcessId_"},
    message="Message",
    others=True,
    lossy=True,
)
"""``Activity``, ``Account``, ``Process`` are put together from other columns. Empty columns are absent fields."""

_PROCESS: Final = {
    "InitiatingProcessFolderPath": "Image",
    "InitiatingProcessCommandLine": "CommandLine",
    "InitiatingProcessId": "ProcessId",
    "InitiatingProcessParentFileName": "ParentImage",
    "InitiatingProcessParentId": "ParentProcessId",
    "InitiatingProcessVersionInfoCompanyName": "Company",
    "InitiatingProcessVersionInfoProductName": "Product",
    "InitiatingProcessVersionInfoOriginalFileName": "OriginalFileName",
    "InitiatingProcessVersionInfoFileDescription": "Description",
    "InitiatingProcessAccountName": "User",
}
_NEW_PROCESS: Final = {
    "FolderPath": "Image",
    "ProcessCommandLine": "CommandLine",
    "ProcessId": "ProcessId",
    "ProcessIntegrityLevel": "IntegrityLevel",
    "ProcessVersionInfoCompanyName": "Company",
    "ProcessVersionInfoProductName": "Product",
    "ProcessVersionInfoOriginalFileName": "OriginalFileName",
    "ProcessVersionInfoFileDescription": "Description",
    "AccountName": "User",
    "LogonId": "LogonId",
    "InitiatingProcessFolderPath": "ParentImage",
    "InitiatingProcessCommandLine": "ParentCommandLine",
    "InitiatingProcessId": "ParentProcessId",
    "InitiatingProcessAccountName": "ParentUser",
}
_NETWORK: Final = {
    **_PROCESS,
    "LocalIP": "SourceIp",
    "LocalPort": "SourcePort",
    "RemoteIP": "DestinationIp",
    "RemotePort": "DestinationPort",
    "RemoteUrl": "DestinationHostname",
    "Protocol": "Protocol",
}
_FILE: Final = {**_PROCESS, "FolderPath": "TargetFilename"}
_REGISTRY: Final = {**_PROCESS, "RegistryValueData": "Details"}
_IMAGE: Final = {**_PROCESS, "FolderPath": "ImageLoaded"}

_SYSMON: Final = "Microsoft-Windows-Sysmon"

DEFENDER: Final = Dialect(
    name="Defender for Endpoint",
    marks=(("ActionType", "DeviceName"), ("ActionType", "DeviceId")),
    system={
        "DeviceName": "Computer",
        "Timestamp": "TimeCreated",
        "TimeGenerated": "TimeCreated",
    },
    kind_field="ActionType",
    kinds={
        "ProcessCreated": (SYSMON, _SYSMON, 1),
        "ConnectionSuccess": (SYSMON, _SYSMON, 3),
        "ConnectionAttempt": (SYSMON, _SYSMON, 3),
        "ConnectionFailed": (SYSMON, _SYSMON, 3),
        "ImageLoaded": (SYSMON, _SYSMON, 7),
        "FileCreated": (SYSMON, _SYSMON, 11),
        "FileModified": (SYSMON, _SYSMON, 11),
        "RegistryKeyCreated": (SYSMON, _SYSMON, 12),
        "RegistryKeyDeleted": (SYSMON, _SYSMON, 12),
        "RegistryValueDeleted": (SYSMON, _SYSMON, 12),
        "RegistryValueSet": (SYSMON, _SYSMON, 13),
        "FileDeleted": (SYSMON, _SYSMON, 26),
    },
    by_event={1: _NEW_PROCESS, 3: _NETWORK, 7: _IMAGE, 11: _FILE, 12: _REGISTRY, 13: _REGISTRY, 26: _FILE},
    drop=frozenset(("TenantId", "SourceSystem", "Type", "ReportId", "MachineGroup", "AppGuardContainerId")),
    others=True,
    lossy=True,
)
"""Defender's tables hold no Windows event; each action is read as the Sysmon event that says the same."""
