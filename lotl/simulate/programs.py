"""Programs that run in the simulated enterprise, and the command lines of ordinary work. Tables only.

In command lines, ``{n}`` is a number that differs almost every time, ``{g}`` a GUID, ``{u}`` the user, ``{h}`` a host,
``{d}`` the domain, ``{f}`` a document name. All texts are made up for this table.
"""

# ruff: noqa: E501  (a command line is kept on one line)

from __future__ import annotations

from typing import Final, NamedTuple


class Program(NamedTuple):
    """Version information of an executable, as Sysmon reports it."""

    image: str
    original: str
    description: str
    product: str
    company: str
    version: str


_WINDOWS: Final = "Microsoft® Windows® Operating System"
_MICROSOFT: Final = "Microsoft Corporation"
_BUILD: Final = "10.0.20348.2340 (WinBuild.160101.0800)"
_S32: Final = "C:\\Windows\\System32\\"

_NATIVE: Final = (
    # key, file below System32, original name, description
    ("cmd", "cmd.exe", "Cmd.Exe", "Windows Command Processor"),
    ("powershell", "WindowsPowerShell\\v1.0\\powershell.exe", "PowerShell.EXE", "Windows PowerShell"),
    ("conhost", "conhost.exe", "CONHOST.EXE", "Console Window Host"),
    ("wmic", "wbem\\WMIC.exe", "wmic.exe", "WMI Commandline Utility"),
    ("net", "net.exe", "net.exe", "Net Command"),
    ("net1", "net1.exe", "net1.exe", "Net Command"),
    ("netsh", "netsh.exe", "netsh.exe", "Network Command Shell"),
    ("netstat", "NETSTAT.EXE", "netstat.exe", "TCP/IP Netstat Command"),
    ("ipconfig", "ipconfig.exe", "ipconfig.exe", "IP Configuration Utility"),
    ("arp", "ARP.EXE", "arp.exe", "TCP/IP Arp Command"),
    ("route", "ROUTE.EXE", "route.exe", "TCP/IP Route Command"),
    ("ping", "PING.EXE", "ping.exe", "TCP/IP Ping Command"),
    ("nltest", "nltest.exe", "nltestrk.exe", "Microsoft® Logon Server Test Utility"),
    ("whoami", "whoami.exe", "whoami.exe", "whoami - displays logged on user information"),
    ("quser", "quser.exe", "quser.exe", "Query User Utility"),
    ("tasklist", "tasklist.exe", "tasklist.exe", "Lists the current running tasks"),
    ("taskkill", "taskkill.exe", "taskkill.exe", "Terminates Processes"),
    ("systeminfo", "systeminfo.exe", "sysinfo.exe", "Displays system information"),
    ("reg", "reg.exe", "reg.exe", "Registry Console Tool"),
    ("sc", "sc.exe", "sc.exe", "Service Control Manager Configuration Tool"),
    ("schtasks", "schtasks.exe", "schtasks.exe", "Task Scheduler Configuration Tool"),
    ("ntdsutil", "ntdsutil.exe", "ntdsutil.exe", "NT5DS"),
    ("vssadmin", "vssadmin.exe", "VSSADMIN.EXE", "Command Line Interface for Microsoft® Volume Shadow Copy Service"),
    ("wevtutil", "wevtutil.exe", "wevtutil.exe", "Eventing Command Line Utility"),
    ("makecab", "makecab.exe", "makecab.exe", "Microsoft® Cabinet Maker"),
    ("rundll32", "rundll32.exe", "RUNDLL32.EXE", "Windows host process (Rundll32)"),
    ("ldifde", "ldifde.exe", "ldifde.exe", "LDIF Bulk Import/Export Utility"),
    ("dnscmd", "dnscmd.exe", "dnscmd.exe", "DNS Server Management Command Line Utility"),
    ("certutil", "certutil.exe", "CertUtil.exe", "CertUtil.exe"),
    ("curl", "curl.exe", "curl.exe", "The curl executable"),
    ("logoff", "logoff.exe", "logoff.exe", "Session Logoff Utility"),
    ("xcopy", "xcopy.exe", "XCOPY.EXE", "Extended Copy Utility"),
    ("cscript", "cscript.exe", "cscript.exe", "Microsoft ® Console Based Script Host"),
    ("svchost", "svchost.exe", "svchost.exe", "Host Process for Windows Services"),
    ("taskhostw", "taskhostw.exe", "taskhostw.exe", "Host Process for Windows Tasks"),
    ("gpupdate", "gpupdate.exe", "GPUpdate.exe", "Microsoft® Group Policy Update Utility"),
    ("gpresult", "gpresult.exe", "gprslt.exe", "Query Group Policy RSOP Data"),
    ("wmiprvse", "wbem\\WmiPrvSE.exe", "Wmiprvse.exe", "WMI Provider Host"),
    ("backgroundtaskhost", "backgroundTaskHost.exe", "backgroundTaskHost.exe", "Background Task Host"),
    ("runtimebroker", "RuntimeBroker.exe", "RuntimeBroker.exe", "Runtime Broker"),
    ("searchprotocol", "SearchProtocolHost.exe", "SearchProtocolHost.exe", "Microsoft Windows Search Protocol Host"),
    ("vssvc", "VSSVC.exe", "VSSVC.EXE", "Microsoft® Volume Shadow Copy Service"),
    ("dllhost", "dllhost.exe", "dllhost.exe", "COM Surrogate"),
    ("rdpclip", "rdpclip.exe", "rdpclip.exe", "RDP Clipboard Monitor"),
    ("wsl", "wsl.exe", "wsl.exe", "Microsoft Windows Subsystem for Linux Launcher"),
    ("wbadmin", "wbadmin.exe", "WBADMIN.EXE", "Command Line Interface for Microsoft® BLB Backup"),
    ("cleanmgr", "cleanmgr.exe", "CLEANMGR.DLL", "Disk Space Cleanup Manager for Windows"),
    ("notepad", "notepad.exe", "NOTEPAD.EXE", "Notepad"),
    ("mmc", "mmc.exe", "mmc.exe", "Microsoft Management Console"),
    ("wsmprovhost", "wsmprovhost.exe", "wsmprovhost.exe", "Host process for WinRM plug-ins"),
    ("msiexec", "msiexec.exe", "msiexec.exe", "Windows® installer"),
    ("regsvr32", "regsvr32.exe", "REGSVR32.EXE", "Microsoft(C) Register Server"),
    ("robocopy", "Robocopy.exe", "robocopy.exe", "Microsoft Robocopy"),
    ("tracert", "TRACERT.EXE", "tracert.exe", "TCP/IP Traceroute Command"),
    ("nslookup", "nslookup.exe", "nslookup.exe", "nslookup"),
    ("qwinsta", "qwinsta.exe", "qwinsta.exe", "Query Session Utility"),
    ("diskshadow", "diskshadow.exe", "DiskShadow.exe", "DiskShadow"),
    ("findstr", "findstr.exe", "FINDSTR.EXE", "Find String (QGREP) Utility"),
    ("dism", "Dism.exe", "DISM.EXE", "Dism Image Servicing Utility"),
    ("w32tm", "w32tm.exe", "w32time.dll", "Windows Time Service Diagnostic Tool"),
)

_OTHERS: Final = {
    "explorer": Program("C:\\Windows\\explorer.exe", "EXPLORER.EXE", "Windows Explorer", _WINDOWS, _MICROSOFT, _BUILD),
    "chrome": Program("C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", "chrome.exe", "Google Chrome",
                      "Google Chrome", "Google LLC", "126.0.6478.127"),
    "edge": Program("C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe", "msedge.exe", "Microsoft Edge",
                    "Microsoft Edge", _MICROSOFT, "126.0.2592.81"),
    "edgeupdate": Program("C:\\Program Files (x86)\\Microsoft\\EdgeUpdate\\MicrosoftEdgeUpdate.exe", "msedgeupdate.dll",
                          "Microsoft Edge Update", "Microsoft Edge Update", _MICROSOFT, "1.3.187.41"),
    "googleupdate": Program("C:\\Program Files (x86)\\Google\\Update\\GoogleUpdate.exe", "GoogleUpdate.exe",
                            "Google Installer", "Google Update", "Google LLC", "1.3.36.372"),
    "outlook": Program("C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE", "Outlook.exe",
                       "Microsoft Outlook", "Microsoft Outlook", _MICROSOFT, "16.0.17726.20160"),
    "excel": Program("C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE", "Excel.exe", "Microsoft Excel",
                     "Microsoft Office", _MICROSOFT, "16.0.17726.20160"),
    "word": Program("C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE", "WinWord.exe", "Microsoft Word",
                    "Microsoft Office", _MICROSOFT, "16.0.17726.20160"),
    "teams": Program("C:\\Program Files\\WindowsApps\\MSTeams_24151.2105.2934.9495_x64__8wekyb3d8bbwe\\ms-teams.exe",
                     "ms-teams.exe", "Microsoft Teams", "Microsoft Teams", _MICROSOFT, "24151.2105.2934.9495"),
    "acrobat": Program("C:\\Program Files\\Adobe\\Acrobat DC\\Acrobat\\Acrobat.exe", "Acrobat.exe", "Adobe Acrobat",
                       "Adobe Acrobat", "Adobe Systems Incorporated", "24.2.20857.0"),
    "code": Program("C:\\Program Files\\Microsoft VS Code\\Code.exe", "electron.exe", "Visual Studio Code",
                    "Visual Studio Code", _MICROSOFT, "1.90.2"),
    "git": Program("C:\\Program Files\\Git\\cmd\\git.exe", "git.exe", "Git for Windows", "Git",
                   "The Git Development Community", "2.45.2.1"),
    "mpcmdrun": Program("C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.24050.7-0\\MpCmdRun.exe",
                        "MpCmdRun.exe", "Microsoft Malware Protection Command Line Utility", _WINDOWS, _MICROSOFT,
                        "4.18.24050.7 (6fe3a2ea4d)"),
    "psexec": Program("C:\\Tools\\Sysinternals\\PsExec64.exe", "psexec.c", "Execute processes remotely",
                      "Sysinternals PsExec", "Sysinternals - www.sysinternals.com", "2.43"),
    "psexesvc": Program("C:\\Windows\\PSEXESVC.exe", "psexesvc.exe", "PsExec Service", "Sysinternals PsExec",
                        "Sysinternals", "2.43"),
    "rar": Program("C:\\Program Files\\WinRAR\\Rar.exe", "Command line RAR", "Command line RAR", "WinRAR",
                   "Alexander Roshal", "6.24.0"),
    "sevenzip": Program("C:\\Program Files\\7-Zip\\7z.exe", "7z.exe", "7-Zip Console", "7-Zip", "Igor Pavlov", "23.01"),
    "inventory": Program("C:\\Program Files (x86)\\AssetLens\\Agent\\lensagent.exe", "lensagent.exe", "AssetLens Agent",
                         "AssetLens", "AssetLens Oy", "7.4.1.0"),
    "backup": Program("C:\\Program Files\\NordVault\\Backup\\nvagent.exe", "nvagent.exe", "NordVault Backup Agent",
                      "NordVault", "NordVault AS", "12.1.0.2131"),
    "guest": Program("C:\\WindowsAzure\\Packages\\WaAppAgent.exe", "WaAppAgent.exe", "WaAppAgent", "Microsoft Azure",
                     _MICROSOFT, "2.7.41491.1117"),
    "endpoint": Program(
        "C:\\Program Files (x86)\\Microsoft Intune Management Extension\\Microsoft.Management.Services.IntuneWindowsAgent.exe",
        "Microsoft.Management.Services.IntuneWindowsAgent.exe", "Microsoft Intune Management Extension",
        "Microsoft Intune Management Extension", _MICROSOFT, "1.78.102.0"),
    "tomcat": Program("C:\\Program Files\\LedgerWeb\\jre\\bin\\java.exe", "java.exe", "OpenJDK Platform binary", "OpenJDK",
                      "Eclipse Adoptium", "17.0.11.0"),
    "build": Program("C:\\Program Files\\Microsoft Visual Studio\\2022\\Professional\\MSBuild\\Current\\Bin\\MSBuild.exe",
                     "MSBuild.exe", "MSBuild.exe", "Microsoft® Build Tools®", _MICROSOFT, "17.10.4"),
    "unknown": Program("", "-", "-", "-", "-", "-"),
}  # fmt: skip

PROGRAMS: Final[dict[str, Program]] = {
    **{
        key: Program(_S32 + file, original, text, _WINDOWS, _MICROSOFT, _BUILD) for key, file, original, text in _NATIVE
    },
    **_OTHERS,
}
"""Executables by a short key."""

WORK: Final = (
    # who starts it ("user": explorer in a user's session; else a base process of the host), program, weight, command
    (
        "user",
        "chrome",
        24,
        '"{image}" --type=renderer --lang=en-GB --renderer-client-id={n} --time-ticks-at-unix-epoch=-{n}',
    ),
    (
        "user",
        "edge",
        10,
        '"{image}" --type=utility --utility-sub-type=network.mojom.NetworkService --field-trial-handle={n},i,{n}',
    ),
    ("user", "outlook", 4, '"{image}" '),
    ("user", "excel", 6, '"{image}" "C:\\Users\\{u}\\Documents\\{f}.xlsx"'),
    ("user", "word", 6, '"{image}" /n "C:\\Users\\{u}\\Documents\\{f}.docx" /o ""'),
    ("user", "teams", 5, '"{image}" --type=gpu-process --gpu-preferences={n}'),
    ("user", "acrobat", 3, '"{image}" "C:\\Users\\{u}\\Downloads\\{f}.pdf"'),
    ("user", "notepad", 2, '"{image}" C:\\Users\\{u}\\Desktop\\{f}.txt'),
    ("user", "code", 3, '"{image}" --type=extensionHost --ms-enable-electron-run-as-node --dns-result-order={n}'),
    ("user", "git", 3, "git.exe rev-parse --verify --quiet refs/heads/{f}-{n}"),
    ("user", "cmd", 1, '"C:\\Windows\\system32\\cmd.exe" '),
    ("user", "ping", 1, "ping {h}"),
    ("user", "ipconfig", 1, "ipconfig"),
    ("svchost", "backgroundtaskhost", 6, '"{image}" -ServerName:App.AppX{n}.mca'),
    ("svchost", "runtimebroker", 6, "{image} -Embedding"),
    ("svchost", "dllhost", 5, "{image} /Processid:{{{g}}}"),
    ("schedule", "taskhostw", 8, "taskhostw.exe Install $(Arg0)"),
    ("schedule", "taskhostw", 4, "taskhostw.exe KEYROAMING"),
    (
        "svchost",
        "searchprotocol",
        6,
        '"{image}" Global\\UsGthrFltPipeMssGthrPipe{n}_ Global\\UsGthrCtrlFltPipeMssGthrPipe{n}',
    ),
    ("defender", "mpcmdrun", 4, '"{image}" SignaturesUpdateService -ScheduleJob -UnmanagedUpdate -Id {n}'),
    ("schedule", "googleupdate", 3, '"{image}" /ua /installsource scheduler'),
    ("schedule", "edgeupdate", 3, '"{image}" /ua /installsource core'),
    ("services", "svchost", 6, "{image} -k wsappx -p -s AppXSvc"),
    ("services", "svchost", 5, "{image} -k netsvcs -p -s wlidsvc"),
    ("dcom", "wmiprvse", 5, "{image} -secured -Embedding"),
    ("schedule", "gpupdate", 2, "gpupdate.exe /target:computer"),
    ("schedule", "cleanmgr", 1, "{image} /autoclean /d C:"),
    ("ccmexec", "cscript", 2, '"{image}" //nologo "C:\\Windows\\CCM\\SystemTemp\\{g}.vbs"'),
    ("ccmexec", "cmd", 1, 'cmd /c ""C:\\Windows\\ccmcache\\{n}\\setup.cmd" /quiet"'),
)
"""Processes of ordinary work."""

MODULES: Final = (
    # loaded module below System32, description, signed
    ("kernel32.dll", "Windows NT BASE API Client DLL"),
    ("ws2_32.dll", "Windows Socket 2.0 32-Bit DLL"),
    ("wbem\\wmiutils.dll", "WMI"),
    ("amsi.dll", "Anti-Malware Scan Interface"),
    ("taskschd.dll", "Task Scheduler COM API"),
    ("vaultcli.dll", "Credential Vault Client Library"),
    ("samlib.dll", "SAM Library DLL"),
    ("netapi32.dll", "Net Win32 API DLL"),
    ("dbghelp.dll", "Windows Image Helper"),
    ("winhttp.dll", "Windows HTTP Services"),
    ("cryptdll.dll", "Cryptography Manager"),
    ("wlanapi.dll", "Windows WLAN AutoConfig Client Side API DLL"),
)

SITES: Final = (
    "login.microsoftonline.com", "outlook.office365.com", "teams.microsoft.com", "www.bing.com", "update.googleapis.com",
    "ctldl.windowsupdate.com", "settings-win.data.microsoft.com", "edge.microsoft.com", "intranet.corp.halden.example",
    "wiki.corp.halden.example", "erp.corp.halden.example", "news.example.com", "cdn.example.net", "api.example.org",
    "static.example.com", "mail.example.org", "maps.example.net", "video.example.com", "docs.example.org",
)  # fmt: skip

REGISTRY: Final = (
    ("HKLM\\System\\CurrentControlSet\\Services\\bam\\State\\UserSettings\\{s}\\{image}", "Binary Data"),
    ("HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Diagnostics\\DiagTrack\\HeartBeats\\Default\\LastInvokeTime", "QWORD (0x{n8:08x}-0x{n:08x})"),
    ("HKU\\{s}\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Explorer\\RecentDocs\\MRUListEx", "Binary Data"),
    ("HKU\\{s}\\SOFTWARE\\Microsoft\\Office\\16.0\\Common\\Internet\\WebServiceCache\\LastUpdate", "QWORD (0x{n8:08x}-0x{n:08x})"),
    ("HKLM\\System\\CurrentControlSet\\Services\\W32Time\\SecureTimeLimits\\SecureTimeHigh", "QWORD (0x{n8:08x}-0x{n:08x})"),
    ("HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Schedule\\TaskCache\\Tasks\\{{{g}}}\\DynamicInfo", "Binary Data"),
    ("HKLM\\System\\CurrentControlSet\\Services\\Tcpip\\Parameters\\Interfaces\\{{{g}}}\\DhcpIPAddress", "10.61.20.{n8}"),
    ("HKLM\\SOFTWARE\\Microsoft\\Windows Defender\\Signature Updates\\SignatureUpdateCount", "DWORD (0x{n8:08x})"),
)  # fmt: skip

SERVICES: Final = (
    "Windows Update", "Background Intelligent Transfer Service", "Software Protection", "Windows Modules Installer",
    "Application Experience", "Device Setup Manager", "Network Setup Service", "WMI Performance Adapter",
    "Windows Error Reporting Service", "Portable Device Enumerator Service", "Update Orchestrator Service",
    "Delivery Optimization", "Microsoft Account Sign-in Assistant", "Windows License Manager Service",
)  # fmt: skip

TASK_NAMES: Final = (
    "\\Microsoft\\Windows\\UpdateOrchestrator\\Schedule Scan", "\\Microsoft\\Windows\\Windows Defender\\Windows Defender Scheduled Scan",
    "\\Microsoft\\Windows\\Time Synchronization\\SynchronizeTime", "\\GoogleUpdateTaskMachineUA", "\\MicrosoftEdgeUpdateTaskMachineCore",
    "\\Microsoft\\Windows\\DiskCleanup\\SilentCleanup", "\\Microsoft\\Windows\\Flighting\\OneSettings\\RefreshCache",
    "\\Microsoft\\Windows\\SoftwareProtectionPlatform\\SvcRestartTask", "\\Microsoft\\Configuration Manager\\Configuration Manager Health Evaluation",
    "\\Microsoft\\Windows\\InstallService\\ScanForUpdates",
)  # fmt: skip

DOCUMENTS: Final = (
    "budget", "minutes", "forecast", "onboarding", "supplier-list", "roadmap", "audit-notes", "travel", "invoice", "agenda",
    "tender", "capacity", "schedule", "rota", "inspection", "contract",
)  # fmt: skip

SCRIPTS: Final = (
    "Get-Service | Where-Object Status -eq 'Stopped' | Select-Object -First {n8}",
    "prompt",
    "Get-ChildItem C:\\Reports -Filter *.csv | Measure-Object",
    "$s = Get-CimInstance Win32_OperatingSystem; $s.LastBootUpTime",
    "function Write-AgentLog {{ param($m) Add-Content C:\\ProgramData\\Probe\\agent-{n8}.log $m }}",
    "Import-Module ActiveDirectory; Get-ADUser -Filter * -Properties LastLogonDate | Measure-Object",
)
