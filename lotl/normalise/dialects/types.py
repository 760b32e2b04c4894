"""Types of fields that text formats lose: which are numbers, GUIDs, booleans, hex in Windows' own records."""

from __future__ import annotations

from typing import Final

NUMBERS: Final = frozenset(
    """
    Action Active AlgorithmType BinaryDataSize bytesTotal bytesTransferred bytesTransferredFromPeer ClientProcessId
    ClientProcessStartKey CountOfCredentialsReturned DestinationPort Direction EdgeTraversal EnginePID EntryType
    EventCountTotal EventIdx fileCount fileLength FilterId FilterRTID Flags KeyLength LayerId LayerRTID
    LocalOnlyMapped LogonType LooseSourceMapped MessageNumber MessageTotal NewThreadId Options Origin ParentProcessId
    PCRBitmap peerProtocolFlags processId ProcessID ProcessId Profiles Protocol ResultCode ReturnCode
    RpcCallClientLocality RuleStatus SchemaVersion SecurityOptions ServiceStartType SessionID SourcePort
    SourceProcessId SourceThreadId TargetProcessId TdoAttributes TdoDirection TdoType TerminalSessionId
    """.split()
)
"""Fields that are integers where their text is decimal (a text such as ``-`` stays text)."""

TEXT_NUMBERS: Final = {
    # provider: fields of NUMBERS that are text there
    "Microsoft-Windows-Security-Auditing": frozenset({"SourcePort", "DestinationPort", "Direction", "Flags"}),
}

GUIDS: Final = frozenset(
    """
    CalloutKey ClassId FilterKey Id jobId LayerKey OpCorrelationID ProviderKey TaskInstanceId TransactionId transferId
    Correlation_ActivityID Correlation_RelatedActivityID Provider_Guid
    """.split()
)
"""GUIDs, besides all fields whose name ends in ``guid``."""

BOOLEANS: Final = frozenset(
    """
    DestinationIsIpv6 fAutoDetect ignoreBandwidthLimitsOnLan Initiated IsExecutable Archived Signed SourceIsIpv6
    """.split()
)
"""Fields that some exporters print as ``True``, ``FALSE``."""

CHANNELS: Final = {
    # provider: the channel that it writes its events to
    "Microsoft-Windows-Sysmon": "Microsoft-Windows-Sysmon/Operational",
    "Microsoft-Windows-Security-Auditing": "Security",
    "Microsoft-Windows-PowerShell": "Microsoft-Windows-PowerShell/Operational",
    "PowerShell": "Windows PowerShell",
    "Service Control Manager": "System",
    "Microsoft-Windows-TaskScheduler": "Microsoft-Windows-TaskScheduler/Operational",
    "Microsoft-Windows-WMI-Activity": "Microsoft-Windows-WMI-Activity/Operational",
    "Microsoft-Windows-Windows Defender": "Microsoft-Windows-Windows Defender/Operational",
    "Microsoft-Windows-Bits-Client": "Microsoft-Windows-Bits-Client/Operational",
}
"""Used where a format keeps the provider and not the channel."""
