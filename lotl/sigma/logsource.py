"""Log sources: which channels and event ids a rule's ``logsource`` names on Windows.

Sources: SigmaHQ's log source guides and taxonomy, Microsoft's event references, and the manifest of Sysmon 15.
A category or service is one row; names are those that Windows gives to channels.
"""

from __future__ import annotations

from typing import Final

from lotl.errors import UnsupportedRule
from lotl.schema import SYSMON, Selector
from lotl.sigma.model import LogSource


def _channels(*names: str) -> tuple[Selector, ...]:
    return tuple(Selector(name) for name in names)


def _sysmon(*event_ids: int, **where: tuple[str, ...]) -> tuple[Selector, ...]:
    return (Selector(SYSMON, frozenset(event_ids), where=tuple(where.items())),)


def _powershell(event_id: int) -> tuple[Selector, ...]:
    return tuple(Selector(channel, frozenset({event_id})) for channel in POWERSHELL)


POWERSHELL: Final = ("Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational")
"""Channels of Windows PowerShell 5 and of PowerShell 7."""

CATEGORIES: Final[dict[str, tuple[Selector, ...]]] = {
    "clipboard_capture": _sysmon(24),
    "clipboard_change": _sysmon(24),
    "create_remote_thread": _sysmon(8),
    "create_stream_hash": _sysmon(15),
    "dns_query": _sysmon(22),
    "driver_load": _sysmon(6),
    "file_block_executable": _sysmon(27),
    "file_block_shredding": _sysmon(28),
    "file_change": _sysmon(2),
    "file_delete": _sysmon(23),
    "file_delete_detected": _sysmon(26),
    "file_event": _sysmon(11),
    "file_executable_detected": _sysmon(29),
    "image_load": _sysmon(7),
    "network_connection": _sysmon(3),
    "pipe_created": _sysmon(17, 18),
    "process_access": _sysmon(10),
    "process_creation": (
        *_sysmon(1),
        Selector("Security", frozenset({4688}), view="process_creation"),
    ),
    "process_tampering": _sysmon(25),
    "process_termination": _sysmon(5),
    "ps_classic_provider_start": (Selector("Windows PowerShell", frozenset({600})),),
    "ps_classic_script": (Selector("Windows PowerShell", frozenset({800})),),
    "ps_classic_start": (Selector("Windows PowerShell", frozenset({400})),),
    "ps_module": _powershell(4103),
    "ps_script": _powershell(4104),
    "raw_access_thread": _sysmon(9),
    "registry_add": _sysmon(12, EventType=("CreateKey",)),
    "registry_delete": _sysmon(12, EventType=("DeleteKey", "DeleteValue")),
    "registry_event": _sysmon(12, 13, 14),
    "registry_rename": _sysmon(14),
    "registry_set": _sysmon(13),
    "sysmon_error": _sysmon(255),
    "sysmon_status": _sysmon(4, 16),
    "wmi_event": _sysmon(19, 20, 21),
}
"""Category → the events that it means."""

SERVICES: Final[dict[str, tuple[Selector, ...]]] = {
    "application": _channels("Application"),
    "application-experience": _channels(
        "Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant",
        "Microsoft-Windows-Application-Experience/Program-Compatibility-Troubleshooter",
        "Microsoft-Windows-Application-Experience/Program-Inventory",
        "Microsoft-Windows-Application-Experience/Program-Telemetry",
        "Microsoft-Windows-Application-Experience/Steps-Recorder",
    ),
    "applocker": _channels(
        "Microsoft-Windows-AppLocker/EXE and DLL",
        "Microsoft-Windows-AppLocker/MSI and Script",
        "Microsoft-Windows-AppLocker/Packaged app-Deployment",
        "Microsoft-Windows-AppLocker/Packaged app-Execution",
    ),
    "appmodel-runtime": _channels("Microsoft-Windows-AppModel-Runtime/Admin"),
    "appxdeployment-server": _channels("Microsoft-Windows-AppXDeploymentServer/Operational"),
    "appxpackaging-om": _channels("Microsoft-Windows-AppxPackaging/Operational"),
    "audit-cve": _channels("Application"),
    "bits-client": _channels("Microsoft-Windows-Bits-Client/Operational"),
    "capi2": _channels("Microsoft-Windows-CAPI2/Operational"),
    "certificateservicesclient-lifecycle-system": _channels(
        "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational"
    ),
    "codeintegrity-operational": _channels("Microsoft-Windows-CodeIntegrity/Operational"),
    "dhcp": _channels("Microsoft-Windows-DHCP-Server/Operational"),
    "diagnosis-scripted": _channels("Microsoft-Windows-Diagnosis-Scripted/Operational"),
    "dns-client": _channels("Microsoft-Windows-DNS Client Events/Operational"),
    "dns-server": _channels("DNS Server"),
    "dns-server-analytic": _channels(
        "Microsoft-Windows-DNSServer/Analytical", "Microsoft-Windows-DNS-Server/Analytical"
    ),
    "dns-server-audit": _channels("Microsoft-Windows-DNSServer/Audit", "Microsoft-Windows-DNS-Server/Audit"),
    "driver-framework": _channels("Microsoft-Windows-DriverFrameworks-UserMode/Operational"),
    "firewall-as": _channels("Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"),
    "hyper-v-worker": _channels(
        "Microsoft-Windows-Hyper-V-Worker-Admin", "Microsoft-Windows-Hyper-V-Worker-Operational"
    ),
    "iis-configuration": _channels(
        "Microsoft-IIS-Configuration/Administrative", "Microsoft-IIS-Configuration/Operational"
    ),
    "kernel-event-tracing": _channels("Microsoft-Windows-Kernel-EventTracing/Admin"),
    "kernel-shimengine": _channels(
        "Microsoft-Windows-Kernel-ShimEngine/Operational", "Microsoft-Windows-Kernel-ShimEngine/Diagnostic"
    ),
    "ldap": _channels("Microsoft-Windows-LDAP-Client/Debug"),
    "lsa-server": _channels("Microsoft-Windows-LSA/Operational"),
    "microsoft-servicebus-client": _channels(
        "Microsoft-ServiceBus-Client", "Microsoft-ServiceBus-Client/Admin", "Microsoft-ServiceBus-Client/Operational"
    ),
    "msexchange-management": _channels("MSExchange Management"),
    "ntfs": _channels("Microsoft-Windows-Ntfs/Operational"),
    "ntlm": _channels("Microsoft-Windows-NTLM/Operational"),
    "openssh": _channels("OpenSSH/Operational"),
    "powershell": _channels(*POWERSHELL),
    "powershell-classic": _channels("Windows PowerShell"),
    "printservice-admin": _channels("Microsoft-Windows-PrintService/Admin"),
    "printservice-operational": _channels("Microsoft-Windows-PrintService/Operational"),
    "security": _channels("Security"),
    "security-mitigations": _channels(
        "Microsoft-Windows-Security-Mitigations/KernelMode",
        "Microsoft-Windows-Security-Mitigations/Kernel Mode",
        "Microsoft-Windows-Security-Mitigations/UserMode",
        "Microsoft-Windows-Security-Mitigations/User Mode",
    ),
    "sense": _channels("Microsoft-Windows-SENSE/Operational"),
    "servicebus": _channels("Microsoft-ServiceBus-Client"),
    "shell-core": _channels("Microsoft-Windows-Shell-Core/Operational"),
    "smbclient-connectivity": _channels("Microsoft-Windows-SmbClient/Connectivity"),
    "smbclient-security": _channels("Microsoft-Windows-SmbClient/Security"),
    "smbserver-connectivity": _channels("Microsoft-Windows-SMBServer/Connectivity"),
    "smbserver-security": _channels("Microsoft-Windows-SMBServer/Security"),
    "sysmon": _channels(SYSMON),
    "system": _channels("System"),
    "taskscheduler": _channels("Microsoft-Windows-TaskScheduler/Operational"),
    "terminalservices-localsessionmanager": _channels(
        "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
    ),
    "terminalservices-remoteconnectionmanager": _channels(
        "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational"
    ),
    "vhdmp": _channels("Microsoft-Windows-VHDMP-Operational", "Microsoft-Windows-VHDMP/Operational"),
    "vhd": _channels("Microsoft-Windows-VHDMP-Operational", "Microsoft-Windows-VHDMP/Operational"),
    "webclient": _channels("Microsoft-Windows-WebClient/Operational"),
    "windefend": _channels("Microsoft-Windows-Windows Defender/Operational"),
    "winrm": _channels("Microsoft-Windows-WinRM/Operational"),
    "wmi": _channels("Microsoft-Windows-WMI-Activity/Operational"),
}
"""Service → the channels that it means."""

NEVER_IN_EVTX: Final = {
    "file_access": "comes from the ETW provider Microsoft-Windows-Kernel-File and is in no event log",
    "file_rename": "comes from the ETW provider Microsoft-Windows-Kernel-File and is in no event log",
}
"""Categories that are known and that no event log has."""


def selectors(logsource: LogSource) -> tuple[Selector, ...]:
    """Return the events that a log source names.

    Parameters
    ----------
    logsource : LogSource
        Compared without case. The product may be missing where a category or service of Windows is given.

    Returns
    -------
    tuple of Selector

    Raises
    ------
    UnsupportedRule
        Another product, an unknown category or service, or one that no event log has.

    Examples
    --------
    >>> [s.channel for s in selectors(LogSource("process_creation", "windows"))]
    ['Microsoft-Windows-Sysmon/Operational', 'Security']
    >>> selectors(LogSource(product="linux", service="auditd"))
    Traceback (most recent call last):
    ...
    lotl.errors.UnsupportedRule: logsource: product 'linux' is not Windows
    """
    category, product, service = (
        (part or "").lower() for part in (logsource.category, logsource.product, logsource.service)
    )
    if product not in ("", "windows"):
        raise _unsupported(f"product '{product}' is not Windows")
    if category in NEVER_IN_EVTX:
        raise _unsupported(f"category '{category}' {NEVER_IN_EVTX[category]}")
    if category and category not in CATEGORIES:
        raise _unsupported(f"unknown category '{category}'")
    if service and service not in SERVICES:
        raise _unsupported(f"unknown service '{service}'")
    if not category:
        return SERVICES[service] if service else (Selector(),)
    chosen = CATEGORIES[category]
    if service:
        channels = {selector.channel for selector in SERVICES[service]}
        chosen = tuple(selector for selector in chosen if selector.channel in channels)
        if not chosen:
            raise _unsupported(f"service '{service}' has no events of category '{category}'")
    return chosen


def _unsupported(what: str) -> UnsupportedRule:
    return UnsupportedRule(what, where="logsource")
