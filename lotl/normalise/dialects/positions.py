"""The fields of events by position: what `Get-WinEvent` leaves of them is a list of values.

The number of values tells the versions of an event apart.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

POSITIONS: Final = {
    # provider: event ids, each followed by the names of its fields in order (an id again: another version)
    "Microsoft-Windows-Bits-Client": """
        3 jobTitle jobId jobOwner processPath processId
        59 transferId name Id url peer fileTime fileLength bytesTotal bytesTransferred bytesTransferredFromPeer
    """,
    "Microsoft-Windows-Eventlog": """
        104 SubjectUserName SubjectDomainName Channel BackupPath
        1102 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId
    """,
    "Microsoft-Windows-PowerShell": """
        4100 ContextInfo UserData Payload
        4103 ContextInfo UserData Payload
        4104 MessageNumber MessageTotal ScriptBlockText ScriptBlockId
        4104 MessageNumber MessageTotal ScriptBlockText ScriptBlockId Path
        40961
        40962
        53504 param1 param2
    """,
    "Microsoft-Windows-Security-Auditing": """
        4616 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId PreviousTime NewTime ProcessId
            ProcessName
        4622 SecurityPackageName
        4624 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TargetUserSid TargetUserName
            TargetDomainName TargetLogonId LogonType LogonProcessName AuthenticationPackageName WorkstationName
            LogonGuid TransmittedServices LmPackageName KeyLength ProcessId ProcessName IpAddress IpPort
            ImpersonationLevel
        4624 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TargetUserSid TargetUserName
            TargetDomainName TargetLogonId LogonType LogonProcessName AuthenticationPackageName WorkstationName
            LogonGuid TransmittedServices LmPackageName KeyLength ProcessId ProcessName IpAddress IpPort
            ImpersonationLevel RestrictedAdminMode TargetOutboundUserName TargetOutboundDomainName
            VirtualAccount TargetLinkedLogonId ElevatedToken
        4625 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TargetUserSid TargetUserName
            TargetDomainName Status FailureReason SubStatus LogonType LogonProcessName AuthenticationPackageName
            WorkstationName TransmittedServices LmPackageName KeyLength ProcessId ProcessName IpAddress IpPort
        4627 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TargetUserSid TargetUserName
            TargetDomainName TargetLogonId LogonType EventIdx EventCountTotal GroupMembership
        4634 TargetUserSid TargetUserName TargetDomainName TargetLogonId LogonType
        4648 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId LogonGuid TargetUserName
            TargetDomainName TargetLogonGuid TargetServerName TargetInfo ProcessId ProcessName IpAddress IpPort
        4656 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ObjectServer ObjectType ObjectName
            HandleId TransactionId AccessList AccessReason AccessMask PrivilegeList RestrictedSidCount ProcessId
            ProcessName ResourceAttributes
        4658 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ObjectServer HandleId ProcessId
            ProcessName
        4660 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ObjectServer HandleId ProcessId
            ProcessName TransactionId
        4661 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ObjectServer ObjectType ObjectName
            HandleId TransactionId AccessList AccessMask PrivilegeList Properties RestrictedSidCount ProcessId
            ProcessName
        4661 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ObjectServer ObjectType ObjectName
            HandleId TransactionId AccessList AccessReason AccessMask PrivilegeList Properties
            RestrictedSidCount ProcessId ProcessName
        4662 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ObjectServer ObjectType ObjectName
            OperationType HandleId AccessList AccessMask Properties AdditionalInfo AdditionalInfo2
        4663 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ObjectServer ObjectType ObjectName
            HandleId AccessList AccessMask ProcessId ProcessName ResourceAttributes
        4664 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId FileName LinkName TransactionId
        4670 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ObjectServer ObjectType ObjectName
            HandleId OldSd NewSd ProcessId ProcessName
        4672 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId PrivilegeList
        4673 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ObjectServer Service PrivilegeList
            ProcessId ProcessName
        4674 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ObjectServer ObjectType ObjectName
            HandleId AccessMask PrivilegeList ProcessId ProcessName
        4688 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId NewProcessId NewProcessName
            TokenElevationType ProcessId CommandLine
        4688 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId NewProcessId NewProcessName
            TokenElevationType ProcessId CommandLine TargetUserSid TargetUserName TargetDomainName TargetLogonId
        4688 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId NewProcessId NewProcessName
            TokenElevationType ProcessId CommandLine TargetUserSid TargetUserName TargetDomainName TargetLogonId
            ParentProcessName MandatoryLabel
        4689 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId Status ProcessId ProcessName
        4690 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId SourceHandleId SourceProcessId
            TargetHandleId TargetProcessId
        4697 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ServiceName ServiceFileName
            ServiceType ServiceStartType ServiceAccount
        4698 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TaskName TaskContent
        4698 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TaskName TaskContent
            ClientProcessStartKey ClientProcessId ParentProcessId RpcCallClientLocality FQDN
        4699 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TaskName TaskContent
        4701 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TaskName TaskContent
            ClientProcessStartKey ClientProcessId ParentProcessId RpcCallClientLocality FQDN
        4702 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TaskName TaskContentNew
        4702 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TaskName TaskContentNew
            ClientProcessStartKey ClientProcessId ParentProcessId RpcCallClientLocality FQDN
        4704 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TargetSid PrivilegeList
        4705 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TargetSid PrivilegeList
        4706 DomainName DomainSid SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TdoType
            TdoDirection TdoAttributes SidFilteringEnabled
        4717 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TargetSid AccessGranted
        4718 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TargetSid AccessRemoved
        4719 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId CategoryId SubcategoryId
            SubcategoryGuid AuditPolicyChanges
        4720 TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName SubjectDomainName
            SubjectLogonId PrivilegeList SamAccountName DisplayName UserPrincipalName HomeDirectory HomePath
            ScriptPath ProfilePath UserWorkstations PasswordLastSet AccountExpires PrimaryGroupId
            AllowedToDelegateTo OldUacValue NewUacValue UserAccountControl UserParameters SidHistory LogonHours
        4722 TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName SubjectDomainName
            SubjectLogonId
        4723 TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName SubjectDomainName
            SubjectLogonId PrivilegeList
        4724 TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName SubjectDomainName
            SubjectLogonId
        4726 TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName SubjectDomainName
            SubjectLogonId PrivilegeList
        4728 MemberName MemberSid TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName
            SubjectDomainName SubjectLogonId PrivilegeList
        4729 MemberName MemberSid TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName
            SubjectDomainName SubjectLogonId PrivilegeList
        4732 MemberName MemberSid TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName
            SubjectDomainName SubjectLogonId PrivilegeList
        4733 MemberName MemberSid TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName
            SubjectDomainName SubjectLogonId PrivilegeList
        4738 Dummy TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName SubjectDomainName
            SubjectLogonId PrivilegeList SamAccountName DisplayName UserPrincipalName HomeDirectory HomePath
            ScriptPath ProfilePath UserWorkstations PasswordLastSet AccountExpires PrimaryGroupId
            AllowedToDelegateTo OldUacValue NewUacValue UserAccountControl UserParameters SidHistory LogonHours
        4739 DomainPolicyChanged DomainName DomainSid SubjectUserSid SubjectUserName SubjectDomainName
            SubjectLogonId PrivilegeList MinPasswordAge MaxPasswordAge ForceLogoff LockoutThreshold
            LockoutObservationWindow LockoutDuration PasswordProperties MinPasswordLength PasswordHistoryLength
            MachineAccountQuota MixedDomainMode DomainBehaviorVersion OemInformation
        4741 TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName SubjectDomainName
            SubjectLogonId PrivilegeList SamAccountName DisplayName UserPrincipalName HomeDirectory HomePath
            ScriptPath ProfilePath UserWorkstations PasswordLastSet AccountExpires PrimaryGroupId
            AllowedToDelegateTo OldUacValue NewUacValue UserAccountControl UserParameters SidHistory LogonHours
            DnsHostName ServicePrincipalNames
        4742 ComputerAccountChange TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName
            SubjectDomainName SubjectLogonId PrivilegeList SamAccountName DisplayName UserPrincipalName
            HomeDirectory HomePath ScriptPath ProfilePath UserWorkstations PasswordLastSet AccountExpires
            PrimaryGroupId AllowedToDelegateTo OldUacValue NewUacValue UserAccountControl UserParameters
            SidHistory LogonHours DnsHostName ServicePrincipalNames
        4743 TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName SubjectDomainName
            SubjectLogonId PrivilegeList
        4756 MemberName MemberSid TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName
            SubjectDomainName SubjectLogonId PrivilegeList
        4765 SourceUserName SourceSid TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName
            SubjectDomainName SubjectLogonId PrivilegeList SidList
        4768 TargetUserName TargetDomainName TargetSid ServiceName ServiceSid TicketOptions Status
            TicketEncryptionType PreAuthType IpAddress IpPort CertIssuerName CertSerialNumber CertThumbprint
        4769 TargetUserName TargetDomainName ServiceName ServiceSid TicketOptions TicketEncryptionType IpAddress
            IpPort Status LogonGuid TransmittedServices
        4771 TargetUserName TargetSid ServiceName TicketOptions Status PreAuthType IpAddress IpPort
            CertIssuerName CertSerialNumber CertThumbprint
        4776 PackageName TargetUserName Workstation Status
        4778 AccountName AccountDomain LogonID SessionName ClientName ClientAddress
        4779 AccountName AccountDomain LogonID SessionName ClientName ClientAddress
        4781 OldTargetUserName NewTargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName
            SubjectDomainName SubjectLogonId PrivilegeList
        4794 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId Workstation Status
        4799 TargetUserName TargetDomainName TargetSid SubjectUserSid SubjectUserName SubjectDomainName
            SubjectLogonId CallerProcessId CallerProcessName
        4825 AccountName AccountDomain LogonID ClientAddress
        4865 ForestRoot ForestRootSid OperationId EntryType Flags TopLevelName DnsName NetbiosName DomainSid
            SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId
        4876 BackupType SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId
        4877 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId
        4885 AuditFilter SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId
        4904 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId AuditSourceName EventSourceId
            ProcessId ProcessName
        4908 SidList
        4929 DestinationDRA SourceDRA SourceAddr NamingContext Options StatusCode
        4935 ReplicationEvent AuditStatusCode
        4936 ReplicationEvent AuditStatusCode ReplicationStatusCode
        4950 ProfileChanged SettingType SettingValue
        4964 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId LogonGuid TargetUserSid
            TargetUserName TargetDomainName TargetLogonId TargetLogonGuid SidList
        4985 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TransactionId NewState
            ResourceManager ProcessId ProcessName
        5120
        5121
        5123 PropertyName NewValue SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId
        5124 NewSecuritySettings SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId
        5136 OpCorrelationID AppCorrelationID SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId
            DSName DSType ObjectDN ObjectGUID ObjectClass AttributeLDAPDisplayName AttributeSyntaxOID
            AttributeValue OperationType
        5137 OpCorrelationID AppCorrelationID SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId
            DSName DSType ObjectDN ObjectGUID ObjectClass
        5140 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ObjectType IpAddress IpPort
            ShareName ShareLocalPath AccessMask AccessList
        5142 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ShareName ShareLocalPath
        5143 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ObjectType ShareName ShareLocalPath
            OldRemark NewRemark OldMaxUsers NewMaxUsers OldShareFlags NewShareFlags OldSD NewSD
        5145 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId ObjectType IpAddress IpPort
            ShareName ShareLocalPath RelativeTargetName AccessMask AccessList AccessReason
        5376 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId BackupFileName ProcessCreationTime
            ClientProcessId
        5379 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TargetName Type
            CountOfCredentialsReturned ReadOperation ReturnCode ProcessCreationTime ClientProcessId
        5381 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId Flags CountOfCredentialsReturned
            ProcessCreationTime ClientProcessId
        5382 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId SchemaFriendlyName Schema Resource
            Identity PackageSid Flags ReturnCode ProcessCreationTime ClientProcessId
        5447 ProcessId UserSid UserName ProviderKey ProviderName ChangeType FilterKey FilterName FilterType
            FilterId LayerKey LayerName LayerId Weight Conditions Action CalloutKey CalloutName
        6416 SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId DeviceId DeviceDescription ClassId
            ClassName VendorIds CompatibleIds LocationInformation
    """,
    "Microsoft-Windows-Sysmon": """
        1 RuleName UtcTime ProcessGuid ProcessId Image FileVersion Description Product Company OriginalFileName
            CommandLine CurrentDirectory User LogonGuid LogonId TerminalSessionId IntegrityLevel Hashes
            ParentProcessGuid ParentProcessId ParentImage ParentCommandLine
        1 RuleName UtcTime ProcessGuid ProcessId Image FileVersion Description Product Company OriginalFileName
            CommandLine CurrentDirectory User LogonGuid LogonId TerminalSessionId IntegrityLevel Hashes
            ParentProcessGuid ParentProcessId ParentImage ParentCommandLine ParentUser
        3 RuleName UtcTime ProcessGuid ProcessId Image User Protocol Initiated SourceIsIpv6 SourceIp
            SourceHostname SourcePort SourcePortName DestinationIsIpv6 DestinationIp DestinationHostname
            DestinationPort DestinationPortName
        5 RuleName UtcTime ProcessGuid ProcessId Image User
        7 RuleName UtcTime ProcessGuid ProcessId Image ImageLoaded FileVersion Description Product Company
            OriginalFileName Hashes Signed Signature SignatureStatus
        7 RuleName UtcTime ProcessGuid ProcessId Image ImageLoaded FileVersion Description Product Company
            OriginalFileName Hashes Signed Signature SignatureStatus User
        10 RuleName UtcTime SourceProcessGUID SourceProcessId SourceThreadId SourceImage TargetProcessGUID
            TargetProcessId TargetImage GrantedAccess CallTrace
        10 RuleName UtcTime SourceProcessGUID SourceProcessId SourceThreadId SourceImage TargetProcessGUID
            TargetProcessId TargetImage GrantedAccess CallTrace SourceUser TargetUser
        11 RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime
        11 RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime User
        12 RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject
        12 RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject User
        13 RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject Details
        13 RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject Details User
        16 UtcTime Configuration ConfigurationFileHash
        17 RuleName EventType UtcTime ProcessGuid ProcessId PipeName Image
        17 RuleName EventType UtcTime ProcessGuid ProcessId PipeName Image User
        18 RuleName EventType UtcTime ProcessGuid ProcessId PipeName Image
        18 RuleName EventType UtcTime ProcessGuid ProcessId PipeName Image User
        19 RuleName EventType UtcTime Operation User EventNamespace Name Query
        20 RuleName EventType UtcTime Operation User Name Type Destination
        22 RuleName UtcTime ProcessGuid ProcessId QueryName QueryStatus QueryResults Image
        22 RuleName UtcTime ProcessGuid ProcessId QueryName QueryStatus QueryResults Image User
        26 RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable
    """,
    "Microsoft-Windows-TaskScheduler": """
        106 TaskName UserContext
        142 TaskName UserName
        200 TaskName ActionName TaskInstanceId EnginePID
        201 TaskName TaskInstanceId ActionName ResultCode EnginePID
    """,
    "Microsoft-Windows-TerminalServices-LocalSessionManager": """
        21 User SessionID Address
        23 User SessionID
        24 User SessionID Address
        25 User SessionID Address
    """,
    "Microsoft-Windows-TerminalServices-RemoteConnectionManager": """
        1149 Param1 Param2 Param3
    """,
    "Microsoft-Windows-WMI-Activity": """
        5857 ProviderName Code HostProcess ProcessID ProviderPath
        5858 Id ClientMachine User ClientProcessId Component Operation ResultCode PossibleCause
    """,
    "Microsoft-Windows-Windows Defender": """
        1116 ProductName ProductVersion DetectionID DetectionTime Unused Unused2 ThreatID ThreatName SeverityID
            SeverityName CategoryID CategoryName FWLink StatusCode StatusDescription State SourceID SourceName
            ProcessName DetectionUser Unused3 Path OriginID OriginName ExecutionID ExecutionName TypeID TypeName
            PreExecutionStatus ActionID ActionName Unused4 ErrorCode ErrorDescription Unused5 PostCleanStatus
            AdditionalActionsID AdditionalActionsString RemediationUser Unused6 SecurityintelligenceVersion
            EngineVersion
        1117 ProductName ProductVersion DetectionID DetectionTime Unused Unused2 ThreatID ThreatName SeverityID
            SeverityName CategoryID CategoryName FWLink StatusCode StatusDescription State SourceID SourceName
            ProcessName DetectionUser Unused3 Path OriginID OriginName ExecutionID ExecutionName TypeID TypeName
            PreExecutionStatus ActionID ActionName Unused4 ErrorCode ErrorDescription Unused5 PostCleanStatus
            AdditionalActionsID AdditionalActionsString RemediationUser Unused6 SecurityintelligenceVersion
            EngineVersion
        1119 ProductName ProductVersion DetectionID DetectionTime Unused Unused2 ThreatID ThreatName SeverityID
            SeverityName CategoryID CategoryName FWLink StatusCode StatusDescription State SourceID SourceName
            ProcessName DetectionUser Unused3 Path OriginID OriginName ExecutionID ExecutionName TypeID TypeName
            PreExecutionStatus ActionID ActionName Unused4 ErrorCode ErrorDescription Unused5 PostCleanStatus
            AdditionalActionsID AdditionalActionsString RemediationUser Unused6 SecurityintelligenceVersion
            EngineVersion
        1151 ProductName Platformversion Unused Engineversion NRIengineversion AVsecurityintelligenceversion
            ASsecurityintelligenceversion NRIsecurityintelligenceversion RTPstate OAstate IOAVstate BMstate
            LastAVsecurityintelligenceage LastASsecurityintelligenceage Lastquickscanage Lastfullscanage
        1151 ProductName Platformversion Unused Engineversion NRIengineversion AVsecurityintelligenceversion
            ASsecurityintelligenceversion NRIsecurityintelligenceversion RTPstate OAstate IOAVstate BMstate
            LastAVsecurityintelligenceage LastASsecurityintelligenceage Lastquickscanage Lastfullscanage
            AVsecurityintelligencecreationtime ASsecurityintelligencecreationtime Lastquickscanstarttime
            Lastquickscanendtime Lastquickscansource Lastfullscanstarttime Lastfullscanendtime
            Lastfullscansource Productstatus
        5007 ProductName ProductVersion OldValue NewValue
    """,
    "Microsoft-Windows-Windows Firewall With Advanced Security": """
        2004 RuleId RuleName Origin ApplicationPath ServiceName Direction Protocol LocalPorts RemotePorts Action
            Profiles LocalAddresses RemoteAddresses RemoteMachineAuthorizationList RemoteUserAuthorizationList
            EmbeddedContext Flags Active EdgeTraversal LooseSourceMapped SecurityOptions ModifyingUser
            ModifyingApplication SchemaVersion RuleStatus LocalOnlyMapped
    """,
    "Service Control Manager": """
        7000 param1 param2 Binary
        7009 param1 param2 Binary
        7036 param1 param2 Binary
        7045 ServiceName ImagePath ServiceType StartType AccountName
    """,
}


@lru_cache(maxsize=32)
def _versions(provider: str) -> dict[int, list[tuple[str, ...]]]:
    """Return the names of the fields of all versions by event id."""
    versions: dict[int, list[list[str]]] = {}
    names: list[str] = []
    for word in POSITIONS.get(provider, "").split():
        if word.isdecimal():
            names = []
            versions.setdefault(int(word), []).append(names)
        else:
            names.append(word)
    return {event_id: [tuple(each) for each in found] for event_id, found in versions.items()}


def field_names(provider: str, event_id: str, count: int) -> tuple[str, ...]:
    """Return the names of the `count` fields of an event; empty where they are not known.

    Examples
    --------
    >>> field_names("Service Control Manager", "7036", 2)
    ('param1', 'param2')
    """
    known = _versions(provider).get(int(event_id) if event_id.isdecimal() else -1, [])
    same = next((names for names in known if len(names) == count), ())
    # not every tool counts the binary data behind the fields
    return same or next((names[:-1] for names in known if len(names) == count + 1 and names[-1] == "Binary"), ())
