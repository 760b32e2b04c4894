"""The event kinds that the simulation writes: names and types of every field as Windows and Sysmon write them.

Sources: the manifests of the providers (Microsoft's *Advanced security audit policy* and Sysmon documentation), checked
field by field against logs of Windows Server 2012 R2 to 2022 and Windows 10 and 11. A table; the code is at its end.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from lotl.sources.evtx.encode import Typed
from lotl.sources.evtx.format import ValueType
from lotl.sources.evtx.markup import Element, Sub
from lotl.sources.evtx.record import Layout

SYSMON: Final = "Microsoft-Windows-Sysmon/Operational"
SECURITY: Final = "Security"
SYSTEM: Final = "System"
APPLICATION: Final = "Application"
POWERSHELL: Final = "Microsoft-Windows-PowerShell/Operational"
POWERSHELL_CLASSIC: Final = "Windows PowerShell"
TASKS: Final = "Microsoft-Windows-TaskScheduler/Operational"
WMI: Final = "Microsoft-Windows-WMI-Activity/Operational"
RDP_SESSIONS: Final = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
RDP_CONNECTIONS: Final = "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational"
DEFENDER: Final = "Microsoft-Windows-Windows Defender/Operational"
FIREWALL: Final = "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"
BITS: Final = "Microsoft-Windows-Bits-Client/Operational"


class EventKind(NamedTuple):
    """An event kind of the simulation.

    Attributes
    ----------
    layout : Layout
        What the EVTX writer needs.
    names : tuple of str or None
        Field names in the order of the values; None for nameless Data.
    """

    layout: Layout
    names: tuple[str | None, ...]

    @property
    def types(self) -> list[int]:
        """BinXML types in the order of the values."""
        return self.layout.types


_TYPES: Final = {
    "guid": ValueType.GUID,
    "sid": ValueType.SID,
    "u8": ValueType.UINT8,
    "u16": ValueType.UINT16,
    "u32": ValueType.UINT32,
    "u64": ValueType.UINT64,
    "i32": ValueType.INT32,
    "bool": ValueType.BOOL,
    "time": ValueType.FILETIME,
    "hex32": ValueType.HEX_INT32,
    "hex64": ValueType.HEX_INT64,
    "bin": ValueType.BINARY,
    "texts": ValueType.STRING_ARRAY,
    "text": ValueType.STRING,
}

_PROVIDERS: Final[dict[str, dict[str, Any]]] = {
    # channel or provider: constant parts of System
    "sysmon": {
        "provider": "Microsoft-Windows-Sysmon",
        "provider_guid": "5770385f-c22a-43e0-bf4c-06f5698ffbd9",
        "channel": SYSMON,
    },
    "security": {
        "provider": "Microsoft-Windows-Security-Auditing",
        "provider_guid": "54849625-5478-4994-a5ba-3e3b0328c30d",
        "channel": SECURITY,
        "level": 0,
        "keywords": 0x8020000000000000,
    },
    "eventlog": {
        "provider": "Microsoft-Windows-Eventlog",
        "provider_guid": "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}",
        "provider_literal": True,
        "task": 104,
    },
    "services": {
        "provider": "Service Control Manager",
        "provider_guid": "{555908d1-a6d7-4695-8e1e-26931d2012f4}",
        "event_source": "Service Control Manager",
        "channel": SYSTEM,
        "qualifiers": 16384,
        "keywords": 0x8080000000000000,
    },
    "powershell": {
        "provider": "Microsoft-Windows-PowerShell",
        "provider_guid": "a0c1853b-5c40-4b15-8766-3cf1c58f985a",
        "channel": POWERSHELL,
        "version": 1,
        "keywords": 0,
    },
    "powershell_classic": {
        "provider": "PowerShell",
        "provider_literal": True,
        "channel": POWERSHELL_CLASSIC,
        "version": None,
        "opcode": None,
        "qualifiers": 0,
        "keywords": 0x80000000000000,
        "task": 4,
    },
    "esent": {
        "provider": "ESENT",
        "provider_literal": True,
        "channel": APPLICATION,
        "version": None,
        "opcode": None,
        "qualifiers": 0,
        "keywords": 0x80000000000000,
        "task": 1,
    },
    "tasks": {
        "provider": "Microsoft-Windows-TaskScheduler",
        "provider_guid": "de7b24ea-73c8-4a09-985d-5bdadcfa9017",
        "channel": TASKS,
    },
    "wmi": {
        "provider": "Microsoft-Windows-WMI-Activity",
        "provider_guid": "1418ef04-b0b4-4623-bf7e-d74ab47bbdaa",
        "channel": WMI,
        "keywords": 0x4000000000000000,
    },
    "rdp_sessions": {
        "provider": "Microsoft-Windows-TerminalServices-LocalSessionManager",
        "provider_guid": "5d896912-022d-40aa-a3a8-4fa5515c76d7",
        "channel": RDP_SESSIONS,
        "keywords": 0x1000000000000000,
    },
    "rdp_connections": {
        "provider": "Microsoft-Windows-TerminalServices-RemoteConnectionManager",
        "provider_guid": "c76baa63-ae81-421c-b425-340b4b24157f",
        "channel": RDP_CONNECTIONS,
        "keywords": 0x1000000000000000,
    },
    "defender": {
        "provider": "Microsoft-Windows-Windows Defender",
        "provider_guid": "11cd958a-c507-4ef3-b3f2-5fd9dfbd2c78",
        "channel": DEFENDER,
    },
    "firewall": {
        "provider": "Microsoft-Windows-Windows Firewall With Advanced Security",
        "provider_guid": "d1bc9aff-2abf-4d71-9146-ecb2a986eb85",
        "channel": FIREWALL,
        "keywords": 0x8000020000000000,
    },
    "bits": {
        "provider": "Microsoft-Windows-Bits-Client",
        "provider_guid": "ef1cc15b-46c1-414e-bb95-e76b077bd51e",
        "channel": BITS,
        "keywords": 0x4000000000000000,
    },
}

_SUBJECT: Final = "SubjectUserSid:sid SubjectUserName SubjectDomainName SubjectLogonId:hex64"
_SYSMON_HEAD: Final = "RuleName UtcTime ProcessGuid:guid ProcessId:u32"

_FIELDS: Final[tuple[tuple[str, str, int, dict[str, Any], str], ...]] = (
    # key, provider, event id, further System constants, fields "name:type" ("~" stands for a blank in a name)
    ("process", "sysmon", 1, {"version": 5},
     f"{_SYSMON_HEAD} Image FileVersion Description Product Company OriginalFileName CommandLine CurrentDirectory User "
     "LogonGuid:guid LogonId:hex64 TerminalSessionId:u32 IntegrityLevel Hashes ParentProcessGuid:guid "
     "ParentProcessId:u32 ParentImage ParentCommandLine ParentUser"),
    ("network", "sysmon", 3, {"version": 5},
     f"{_SYSMON_HEAD} Image User Protocol Initiated:bool SourceIsIpv6:bool SourceIp SourceHostname SourcePort:u16 "
     "SourcePortName DestinationIsIpv6:bool DestinationIp DestinationHostname DestinationPort:u16 DestinationPortName"),
    ("exit", "sysmon", 5, {"version": 3}, f"{_SYSMON_HEAD} Image User"),
    ("module", "sysmon", 7, {"version": 3},
     f"{_SYSMON_HEAD} Image ImageLoaded FileVersion Description Product Company OriginalFileName Hashes Signed "
     "Signature SignatureStatus User"),
    ("access", "sysmon", 10, {"version": 3},
     "RuleName UtcTime SourceProcessGUID:guid SourceProcessId:u32 SourceThreadId:u32 SourceImage "
     "TargetProcessGUID:guid TargetProcessId:u32 TargetImage GrantedAccess:hex32 CallTrace SourceUser TargetUser"),
    ("file", "sysmon", 11, {"version": 2}, f"{_SYSMON_HEAD} Image TargetFilename CreationUtcTime User"),
    ("registry_key", "sysmon", 12, {"version": 2},
     "RuleName EventType UtcTime ProcessGuid:guid ProcessId:u32 Image TargetObject User"),
    ("registry", "sysmon", 13, {"version": 2},
     "RuleName EventType UtcTime ProcessGuid:guid ProcessId:u32 Image TargetObject Details User"),
    ("pipe_created", "sysmon", 17, {"version": 1},
     "RuleName EventType UtcTime ProcessGuid:guid ProcessId:u32 PipeName Image User"),
    ("pipe_connected", "sysmon", 18, {"version": 1},
     "RuleName EventType UtcTime ProcessGuid:guid ProcessId:u32 PipeName Image User"),
    ("dns", "sysmon", 22, {"version": 5}, f"{_SYSMON_HEAD} QueryName QueryStatus QueryResults Image User"),
    ("file_deleted", "sysmon", 26, {"version": 5},
     f"{_SYSMON_HEAD} User Image TargetFilename Hashes IsExecutable:bool"),
    ("logon", "security", 4624, {"version": 2, "task": 12544},
     f"{_SUBJECT} TargetUserSid:sid TargetUserName TargetDomainName TargetLogonId:hex64 LogonType:u32 "
     "LogonProcessName AuthenticationPackageName WorkstationName LogonGuid:guid TransmittedServices LmPackageName "
     "KeyLength:u32 ProcessId:hex64 ProcessName IpAddress IpPort ImpersonationLevel RestrictedAdminMode "
     "TargetOutboundUserName TargetOutboundDomainName VirtualAccount TargetLinkedLogonId:hex64 ElevatedToken"),
    ("logon_failed", "security", 4625, {"task": 12544, "keywords": 0x8010000000000000},
     f"{_SUBJECT} TargetUserSid:sid TargetUserName TargetDomainName Status:hex32 FailureReason SubStatus:hex32 "
     "LogonType:u32 LogonProcessName AuthenticationPackageName WorkstationName TransmittedServices LmPackageName "
     "KeyLength:u32 ProcessId:hex64 ProcessName IpAddress IpPort"),
    ("logoff", "security", 4634, {"task": 12545},
     "TargetUserSid:sid TargetUserName TargetDomainName TargetLogonId:hex64 LogonType:u32"),
    ("explicit_logon", "security", 4648, {"task": 12544},
     f"{_SUBJECT} LogonGuid:guid TargetUserName TargetDomainName TargetLogonGuid:guid TargetServerName TargetInfo "
     "ProcessId:hex64 ProcessName IpAddress IpPort"),
    ("privileges", "security", 4672, {"task": 12548}, f"{_SUBJECT} PrivilegeList"),
    ("process_4688", "security", 4688, {"version": 2, "task": 13312},
     f"{_SUBJECT} NewProcessId:hex64 NewProcessName TokenElevationType ProcessId:hex64 CommandLine TargetUserSid:sid "
     "TargetUserName TargetDomainName TargetLogonId:hex64 ParentProcessName MandatoryLabel:sid"),
    ("exit_4689", "security", 4689, {"task": 13313}, f"{_SUBJECT} Status:hex32 ProcessId:hex64 ProcessName"),
    ("service_4697", "security", 4697, {"task": 12289},
     f"{_SUBJECT} ServiceName ServiceFileName ServiceType:hex32 ServiceStartType:u32 ServiceAccount"),
    ("task_created", "security", 4698, {"version": 1, "task": 12804},
     f"{_SUBJECT} TaskName TaskContent ClientProcessStartKey:u64 ClientProcessId:u32 ParentProcessId:u32 "
     "RpcCallClientLocality:u32 FQDN"),
    ("task_updated", "security", 4702, {"version": 1, "task": 12804},
     f"{_SUBJECT} TaskName TaskContentNew ClientProcessStartKey:u64 ClientProcessId:u32 ParentProcessId:u32 "
     "RpcCallClientLocality:u32 FQDN"),
    ("ticket", "security", 4768, {"task": 14339},
     "TargetUserName TargetDomainName TargetSid:sid ServiceName ServiceSid:sid TicketOptions:hex32 Status:hex32 "
     "TicketEncryptionType:hex32 PreAuthType IpAddress IpPort CertIssuerName CertSerialNumber CertThumbprint"),
    ("service_ticket", "security", 4769, {"task": 14337},
     "TargetUserName TargetDomainName ServiceName ServiceSid:sid TicketOptions:hex32 TicketEncryptionType:hex32 "
     "IpAddress IpPort Status:hex32 LogonGuid:guid TransmittedServices"),
    ("credentials", "security", 4776, {"task": 14336}, "PackageName TargetUserName Workstation Status:hex32"),
    ("group_listed", "security", 4799, {"task": 13826},
     "TargetUserName TargetDomainName TargetSid:sid " + _SUBJECT + " CallerProcessId:hex64 CallerProcessName"),
    ("audit_source", "security", 4904, {"task": 13568},
     f"{_SUBJECT} AuditSourceName EventSourceId:hex64 ProcessId:hex64 ProcessName"),
    ("share", "security", 5140, {"version": 1, "task": 12808},
     f"{_SUBJECT} ObjectType IpAddress IpPort ShareName ShareLocalPath AccessMask:hex32 AccessList"),
    ("share_file", "security", 5145, {"task": 12811},
     f"{_SUBJECT} ObjectType IpAddress IpPort ShareName ShareLocalPath RelativeTargetName AccessMask:hex32 "
     "AccessList AccessReason"),
    ("service_state", "services", 7036, {}, "param1 param2 :bin"),
    ("service_installed", "services", 7045, {}, "ServiceName ImagePath ServiceType StartType AccountName"),
    ("module_logging", "powershell", 4103, {"task": 106, "opcode": 20}, "ContextInfo UserData Payload"),
    ("script_block", "powershell", 4104, {"task": 2, "opcode": 15, "level": 5},
     "MessageNumber:i32 MessageTotal:i32 ScriptBlockText ScriptBlockId Path"),
    ("engine_started", "powershell_classic", 400, {}, ":texts :bin"),
    ("esent_moved", "esent", 216, {"task": 3}, ":texts :bin"),
    ("esent_created", "esent", 325, {}, ":texts :bin"),
    ("esent_attached", "esent", 326, {}, ":texts :bin"),
    ("esent_detached", "esent", 327, {}, ":texts :bin"),
    ("defender_health", "defender", 1151, {},
     "Product~Name Platform~version Unused Engine~version NRI~engine~version AV~security~intelligence~version "
     "AS~security~intelligence~version NRI~security~intelligence~version RTP~state OA~state IOAV~state BM~state "
     "Last~AV~security~intelligence~age Last~AS~security~intelligence~age Last~quick~scan~age Last~full~scan~age"),
    ("defender_changed", "defender", 5007, {}, "Product~Name Product~Version Old~Value New~Value"),
    ("firewall_rule", "firewall", 2004, {},
     "RuleId RuleName Origin:u32 ApplicationPath ServiceName Direction:u32 Protocol:u32 LocalPorts RemotePorts "
     "Action:u32 Profiles:u32 LocalAddresses RemoteAddresses RemoteMachineAuthorizationList "
     "RemoteUserAuthorizationList EmbeddedContext Flags:u32 Active:u16 EdgeTraversal:u32 LooseSourceMapped:u32 "
     "SecurityOptions:u32 ModifyingUser:sid ModifyingApplication SchemaVersion:u32 RuleStatus:u32 LocalOnlyMapped:u32"),
    ("bits_created", "bits", 3, {"version": 2}, "jobTitle jobId:guid jobOwner processPath processId:u32"),
    ("bits_started", "bits", 59, {"version": 1, "opcode": 1},
     "transferId:guid name Id:guid url peer fileTime:time fileLength:u64 bytesTotal:u64 bytesTransferred:u64 "
     "bytesTransferredFromPeer:u64"),
)  # fmt: skip

_EVENTLOG_XMLNS: Final = "http://manifests.microsoft.com/win/2004/08/windows/eventlog"
_WMI_XMLNS: Final = "http://manifests.microsoft.com/win/2006/windows/WMI"

_TREES: Final[tuple[tuple[str, str, int, dict[str, Any], str, str, str], ...]] = (
    # key, provider, event id, System constants, element, its namespace ("": an EventData with that Name), fields
    ("log_cleared_1102", "eventlog", 1102, {"channel": SECURITY, "keywords": 0x4020000000000000}, "LogFileCleared",
     _EVENTLOG_XMLNS, _SUBJECT),
    ("log_cleared_104", "eventlog", 104, {"channel": SYSTEM}, "LogFileCleared", _EVENTLOG_XMLNS,
     "SubjectUserName SubjectDomainName Channel BackupPath"),
    ("wmi_provider", "wmi", 5857, {"level": 0}, "Operation_StartedOperational", _WMI_XMLNS,
     "ProviderName Code:hex32 HostProcess ProcessID:u32 ProviderPath"),
    ("wmi_failed", "wmi", 5858, {"level": 2}, "Operation_ClientFailure", _WMI_XMLNS,
     "Id ClientMachine User ClientProcessId:u32 Component Operation ResultCode:hex32 PossibleCause"),
    ("rdp_logon", "rdp_sessions", 21, {}, "EventXML", "Event_NS", "User SessionID:u32 Address"),
    ("rdp_logoff", "rdp_sessions", 23, {}, "EventXML", "Event_NS", "User SessionID:u32"),
    ("rdp_disconnected", "rdp_sessions", 24, {}, "EventXML", "Event_NS", "User SessionID:u32 Address"),
    ("rdp_reconnected", "rdp_sessions", 25, {}, "EventXML", "Event_NS", "User SessionID:u32 Address"),
    ("rdp_authenticated", "rdp_connections", 1149, {}, "EventXML", "Event_NS", "Param1 Param2 Param3"),
    ("task_registered", "tasks", 106, {"task": 106}, "TaskRegisteredEvent", "", "TaskName UserContext"),
    ("task_started", "tasks", 200, {"task": 200, "opcode": 1, "version": 1}, "ActionStart", "",
     "TaskName ActionName TaskInstanceId:guid EnginePID:u32"),
    ("task_finished", "tasks", 201, {"task": 201, "opcode": 2, "version": 2}, "ActionSuccess", "",
     "TaskName TaskInstanceId:guid ActionName ResultCode:u32 EnginePID:u32"),
)  # fmt: skip


def _fields(text: str) -> list[tuple[str | None, int]]:
    pairs = (word.partition(":") for word in text.split())
    return [(name.replace("~", " ") or None, _TYPES[kind or "text"]) for name, _, kind in pairs]


def _kind(provider: str, event_id: int, constants: dict[str, Any], fields: list[tuple[str | None, int]]) -> EventKind:
    system = _PROVIDERS[provider] | ({"task": event_id} if provider == "sysmon" else {}) | constants
    return EventKind(Layout(event_id=event_id, fields=fields, **system), tuple(name for name, _ in fields))


def _tree(
    provider: str,
    event_id: int,
    constants: dict[str, Any],
    name: str,
    namespace: str,
    fields: list[tuple[str | None, int]],
) -> EventKind:
    leaves = [(field or "", Sub(Typed(kind, None))) for field, kind in fields]
    if namespace:
        body = Element(name, (("xmlns", namespace),), tuple(Element(field, (), (sub,)) for field, sub in leaves))
    else:
        data = tuple(Element("Data", (("Name", field),), (sub,)) for field, sub in leaves)
        body = Element("EventData", (("Name", name),), data)
    layout = Layout(event_id=event_id, body=body, **(_PROVIDERS[provider] | constants))
    return EventKind(layout, tuple(field for field, _ in fields))


KINDS: Final[dict[str, EventKind]] = {
    **{key: _kind(provider, number, more, _fields(text)) for key, provider, number, more, text in _FIELDS},
    **{
        key: _tree(provider, number, more, name, space, _fields(text))
        for key, provider, number, more, name, space, text in _TREES
    },
}
"""Every event kind of the simulation by a short key."""
