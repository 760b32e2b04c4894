"""Words of native tools: names, switch signs, abbreviations and what they are short for. Tables only.

From the help texts of the tools themselves (``netsh ?``, ``ntdsutil help``, ``wevtutil /?`` …). Where a beginning of a
word fits several, the first in the table is meant.
"""

# ruff: noqa: E501
from __future__ import annotations

from typing import Final

NATIVE: Final = frozenset(
    """
    adfind arp at atbroker attrib auditpol bash bcdboot bcdedit bitsadmin bootcfg cacls certreq certutil cipher
    cleanmgr clip cmd cmdkey cmstp comp conhost control convert cscript csvde curl dcdiag dcpromo defrag dism diskpart
    diskraid diskshadow dism dnscmd driverquery dsacls dsadd dsget dsmod dsmove dsquery dsrm esentutl eventcreate
    eventvwr expand explorer extrac32 fc find findstr finger fltmc forfiles format fsutil ftp getmac gpresult gpupdate
    hh hostname icacls ieexec infdefaultinstall installutil ipconfig klist ksetup ktpass label ldifde ldp logman logoff
    lpq makecab mavinject mmc mofcomp mode mountvol msbuild msconfig msdt mshta msg msiexec msinfo32 mstsc nbtstat
    net net1 netcfg netdom netsh netstat nltest nslookup ntdsutil odbcconf openfiles pathping pcalua pcwrun ping
    pnputil powercfg powershell powershell_ise presentationhost print procdump psexec psexec64 pwsh qprocess query
    quser qwinsta rar rasdial rasphone reagentc recover redircmp redirusr reg regasm regedit regini regsvcs regsvr32
    relog repadmin replace robocopy route rpcping rundll32 runas runonce rwinsta sc schtasks scp scriptrunner secedit
    setspn setx shadow sfc shutdown sort ssh ssh-add ssh-keygen sxstrace syncappvpublishingserver systeminfo systemreset
    takeown tar taskkill tasklist telnet tftp timeout tpmvscmgr tracert tscon tsdiscon tskill typeperf tzutil unlodctr
    vaultcmd verclsid vssadmin vssuirun w32tm waitfor wbadmin wdsutil wecutil wevtutil where whoami winget winrm winrs
    winsat wmic workfolders write wscript wsl wsmanhttpconfig wsreset wt wuauclt xcopy xwizard
    """.split()
)
"""Names of native programs (and of a few common guests), lower case, without extension."""

WORDS: Final = frozenset(
    """
    activate add all allow any bypass call change clear config copy create decode delete del dir domain domains
    download dump echo encode encodedcommand enter event exec execute export expression file files firewall format full
    get group groups hidden hklm iex ifm import instance interface invoke list localgroup log logs media minidump
    move node none ntds path policy portproxy process product query quit remote remove rename run save security
    server service set shadow shadowcopy show start stop sync system transfer type urlcache use user users view web
    window
    """.split()
)
"""Words of commands, to tell a disguised word from one of another language."""

SHORT_NAMES: Final = {
    # (first six letters, number, folder above): long name
    ("progra", "1", ""): "Program Files",
    ("progra", "2", ""): "Program Files (x86)",
    ("progra", "3", ""): "ProgramData",
    ("docume", "1", ""): "Documents and Settings",
    ("admini", "1", ""): "Administrator",
    ("common", "1", ""): "Common Files",
    ("window", "1", "system32"): "WindowsPowerShell",
    ("window", "1", "syswow64"): "WindowsPowerShell",
    ("micros", "1.net", "windows"): "Microsoft.NET",
    ("intern", "1", ""): "Internet Explorer",
    ("applic", "1", ""): "Application Data",
    ("locals", "1", ""): "Local Settings",
}
"""8.3 names that the standard folders get on every machine."""

DASHED: Final = frozenset(
    """
    adfind arp certutil certreq curl csvde ldifde dsquery expand logman netstat nslookup ping procdump psexec psexec64
    route setspn sdelete tracert pathping wbadmin winrs
    """.split()
)
"""Tools that take ``-`` and ``/`` alike and whose help shows ``-``."""

SLASHED: Final = frozenset(
    """
    at auditpol bcdedit bitsadmin cipher cmdkey cmstp dism dnscmd driverquery eventcreate findstr forfiles fsutil
    getmac gpresult gpupdate hostname icacls installutil ipconfig makecab mofcomp msbuild msiexec nltest odbcconf
    openfiles quser query qwinsta reagentc reg regasm regedit regsvcs regsvr32 repadmin robocopy runas sc schtasks
    secedit setx shutdown systeminfo takeown taskkill tasklist timeout tscon vaultcmd vssadmin w32tm waitfor wecutil
    wevtutil where whoami wmic xcopy esentutl
    """.split()
)
"""Tools that take ``-`` and ``/`` alike and whose help shows ``/``."""

VERBS: Final = {
    # tool: (words in place of each other, each with all its words in order; the first that begins so is meant)
    "wevtutil": {
        "el": "enum-logs", "gl": "get-log", "sl": "set-log", "ep": "enum-publishers", "gp": "get-publisher",
        "im": "install-manifest", "um": "uninstall-manifest", "qe": "query-events", "gli": "get-log-info",
        "epl": "export-log", "al": "archive-log", "cl": "clear-log",
    },
    "net": {
        "groups": "group", "users": "user", "localgroups": "localgroup", "computers": "computer", "shares": "share",
        "sess": "session", "sessions": "session", "stat": "statistics", "stats": "statistics", "cont": "continue",
        "files": "file", "localg": "localgroup", "accts": "accounts", "account": "accounts",
    },
    "sc": {"\\": ""},
    "wecutil": {"es": "enum-subscription", "gs": "get-subscription", "ss": "set-subscription", "cs": "create-subscription",
                "ds": "delete-subscription", "rs": "retry-subscription", "qc": "quick-config"},
}  # fmt: skip
"""Short verbs and their long forms."""

NET_SWITCHES: Final = (
    "domain", "delete", "add", "active", "all", "user", "unlimited", "times", "expires", "fullname", "comment",
    "passwordchg", "passwordreq", "savecred", "persistent", "cache", "grant", "remark", "set", "setsntp",
)  # fmt: skip
"""Switches of ``net``; any beginning will do."""

CERTUTIL: Final = (
    "decode", "decodehex", "encode", "encodehex", "urlcache", "url", "urlfetch", "verifyctl", "verifystore", "verify",
    "hashfile", "addstore", "delstore", "store", "split", "force", "dump", "ping", "getreg", "setreg", "view", "syncwithwu",
    "generatesstfromwu", "exportpfx", "importpfx", "mergepfx", "viewstore", "installcert", "dsdump", "dspublish", "asn",
    "cainfo", "template", "user", "enterprise", "silent",
)  # fmt: skip
"""Verbs and switches of ``certutil``."""

CERTUTIL_SHORTEST: Final = 3

WMIC_ALIASES: Final = {
    # class: alias
    "win32_process": "process", "win32_service": "service", "win32_product": "product",
    "win32_useraccount": "useraccount", "win32_group": "group", "win32_logicaldisk": "logicaldisk",
    "win32_volume": "volume", "win32_computersystem": "computersystem", "win32_operatingsystem": "os",
    "win32_quickfixengineering": "qfe", "win32_startupcommand": "startup", "win32_shadowcopy": "shadowcopy",
    "win32_ntdomain": "ntdomain", "win32_share": "share", "win32_bios": "bios", "win32_baseboard": "baseboard",
    "win32_diskdrive": "diskdrive", "win32_systemaccount": "sysaccount", "win32_systemdriver": "sysdriver",
    "win32_networkadapterconfiguration": "nicconfig", "win32_networkadapter": "nic", "win32_environment": "environment",
    "win32_ntlogevent": "ntevent", "win32_nteventlogfile": "nteventlog", "cim_datafile": "datafile",
    "win32_directory": "fsdir", "win32_networkloginprofile": "netlogin", "win32_logonsession": "logon",
    "win32_networkconnection": "netuse", "win32_ntfs_shadow": "shadowcopy", "win32_processor": "cpu",
    "win32_scheduledjob": "job", "win32_desktop": "desktop", "win32_diskpartition": "partition",
    "win32_terminalservicesetting": "rdtoggle",
}  # fmt: skip
"""``wmic path CLASS`` and the alias that means the same."""

REGISTRY_ROOTS: Final = {
    "hkey_local_machine": "HKLM",
    "hkey_current_user": "HKCU",
    "hkey_classes_root": "HKCR",
    "hkey_users": "HKU",
    "hkey_current_config": "HKCC",
}
"""Long names of registry roots; what administrators type, and most rules look for, is the short one."""

POWERSHELL: Final = (
    # parameter, shortest form, takes a value
    ("EncodedCommand", "e", True), ("EncodedArguments", "encodeda", True), ("Command", "c", True),
    ("CommandWithArgs", "commandw", True), ("ExecutionPolicy", "ex", True), ("File", "f", True),
    ("InputFormat", "in", True), ("Mta", "m", False), ("NoExit", "noe", False), ("NoLogo", "nol", False),
    ("NonInteractive", "noni", False), ("NoProfile", "nop", False), ("OutputFormat", "o", True),
    ("PSConsoleFile", "ps", True), ("Sta", "s", False), ("Version", "v", True), ("WindowStyle", "w", True),
    ("WorkingDirectory", "wo", True), ("ConfigurationName", "config", True), ("Login", "l", False), ("Help", "h", False),
    ("NoProfileLoadTime", "noprofilel", False),
)  # fmt: skip
"""Parameters of powershell.exe; where a beginning fits several, the first one that it reaches."""

POWERSHELL_ALIASES: Final = {"ec": "EncodedCommand", "en": "EncodedCommand", "enc": "EncodedCommand", "ep": "ExecutionPolicy",
                             "cwa": "CommandWithArgs", "wd": "WorkingDirectory", "if": "InputFormat", "of": "OutputFormat",
                             "ea": "EncodedArguments", "no": "NoLogo", "non": "NonInteractive"}  # fmt: skip

POWERSHELL_VALUES: Final = {
    "WindowStyle": ("Hidden", "Normal", "Minimized", "Maximized"),
    "ExecutionPolicy": ("Bypass", "Unrestricted", "RemoteSigned", "AllSigned", "Restricted", "Default", "Undefined"),
}
"""Values of parameters; any beginning will do."""
