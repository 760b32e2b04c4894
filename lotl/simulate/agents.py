"""Noisy but ordinary agents and people: their command bursts look like reconnaissance, or like worse. A table."""

# ruff: noqa: E501  (a command line is kept on one line)

from __future__ import annotations

from typing import Final

AGENTS: Final[dict[str, tuple[str, str, str, tuple[tuple[str, str], ...]]]] = {
    # kind: parent, program of the parent's child ("" none), its command, then commands below it (program, command)
    "network_gathering": ("schedule", "cscript", "C:\\Windows\\system32\\cscript.exe C:\\Windows\\system32\\gatherNetworkInfo.vbs", (
        ("netsh", "netsh wlan show all"),
        ("ipconfig", "ipconfig /all"),
        ("ipconfig", "ipconfig /displaydns"),
        ("route", "route print"),
        ("arp", "arp -a"),
        ("netstat", "netstat -e -s"),
        ("systeminfo", "systeminfo"),
        ("net", "net start"),
        ("reg", 'reg query "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion" /s'),
        ("gpresult", "gpresult /scope:computer /v"),
        ("netsh", "netsh advfirewall show allprofiles"),
        ("nltest", "nltest /dsgetdc:{d}"),
    )),
    "software_management": ("ccmexec", "powershell",
        "powershell.exe -NoLogo -NonInteractive -ExecutionPolicy Bypass -File C:\\Windows\\CCM\\ScriptStore\\{g}.ps1", (
        ("wmic", "wmic qfe get hotfixid"),
        ("reg", "reg query HKLM\\SOFTWARE\\Microsoft\\CCM /v LogDirectory"),
    )),
    "encoded_management": ("ccmexec", "powershell", "powershell.exe -NonInteractive -EncodedCommand {e}", ()),
    "inventory": ("services", "inventory", '"{image}" --collect --job {n}', (
        ("wmic", "wmic bios get serialnumber"),
        ("wmic", "wmic product get name,version /format:csv"),
        ("systeminfo", "systeminfo /fo csv /nh"),
        ("tasklist", "tasklist /fo csv /svc"),
        ("netstat", "netstat -ano -p tcp"),
    )),
    "monitoring": ("wmiprvse", "cmd", "cmd.exe /c C:\\ProgramData\\Probe\\check_{n}.cmd", (
        ("sc", "sc queryex type= service state= all"),
        ("quser", "quser"),
    )),
    "backup": ("services", "backup", '"{image}" run --policy daily-{n}', (
        ("vssadmin", "vssadmin list writers"),
        ("vssadmin", "vssadmin list shadows"),
    )),
    "administration": ("user", "cmd", '"C:\\Windows\\system32\\cmd.exe" ', (
        ("net", "net user {u} /domain"),
        ("quser", "quser /server:{h}"),
        ("gpupdate", "gpupdate /force"),
        ("nltest", "nltest /sc_query:{d}"),
        ("whoami", "whoami /groups"),
        ("ipconfig", "ipconfig /flushdns"),
        ("tasklist", "tasklist /s {h}"),
    )),
    "developer_portproxy": ("user", "powershell", "powershell.exe -File C:\\Users\\{u}\\bin\\wsl-bridge.ps1", (
        ("wsl", "wsl.exe hostname -I"),
        ("netsh", "netsh interface portproxy add v4tov4 listenaddress=0.0.0.0 listenport=3000 connectaddress=172.24.{n8}.9 connectport=3000"),
    )),
    "guest_agent": ("services", "guest", "{image}", (
        ("ipconfig", "ipconfig.exe /all"),
        ("route", "route.exe print"),
        ("arp", "arp.exe /a"),
        ("netsh", "netsh.exe winhttp show proxy"),
    )),
    "remote_management": ("dcom", "wsmprovhost", "{image} -Embedding", (
        ("powershell", "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand {e}"),
        ("whoami", "whoami.exe /user"),
        ("powershell", "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand {e}"),
    )),
    "endpoint_management": ("services", "endpoint", '"{image}"', (
        ("powershell", "powershell.exe -NoProfile -executionPolicy bypass -file "
         '"C:\\Program Files (x86)\\Microsoft Intune Management Extension\\Content\\DetectionScripts\\{g}_1.ps1"'),
        ("cmd", 'cmd.exe /c dsregcmd /status > "C:\\ProgramData\\Microsoft\\IntuneManagementExtension\\Logs\\join-{n}.log"'),
    )),
    "software_installation": ("ccmexec", "msiexec", '"{image}" /i "C:\\Windows\\ccmcache\\{n8}\\ledger.msi" /qn /norestart', (
        ("netsh", 'netsh advfirewall firewall add rule name="Ledger Sync" dir=in action=allow '
         'program="C:\\Program Files\\Ledger\\sync.exe" enable=yes'),
        ("sc", 'sc create LedgerSync binPath= "C:\\Program Files\\Ledger\\sync.exe" start= auto'),
        ("schtasks", 'schtasks /create /f /tn "Ledger Update" /sc daily /st 03:{n8} /ru SYSTEM '
         '/tr "\\"C:\\Program Files\\Ledger\\update.exe\\" /silent"'),
        ("regsvr32", 'regsvr32 /s "C:\\Program Files\\Ledger\\shell.dll"'),
        ("certutil", 'certutil -f -addstore TrustedPublisher "C:\\Program Files\\Ledger\\publisher.cer"'),
        ("rundll32", 'rundll32.exe "C:\\Program Files\\Ledger\\shell.dll",RegisterMenus'),
        ("taskkill", "taskkill /f /im ledgertray.exe"),
    )),
    "image_backup": ("services", "backup", '"{image}" image --policy weekly-{n}', (
        ("diskshadow", 'diskshadow /s "C:\\Program Files\\NordVault\\Backup\\snapshot.dsh" '
         '/l C:\\ProgramData\\NordVault\\snapshot-{n}.log'),
        ("wbadmin", "wbadmin start backup -backupTarget:\\\\vault.corp.halden.example\\images -allCritical -vssFull -quiet"),
        ("vssadmin", "vssadmin list shadowstorage"),
        ("wevtutil", "wevtutil el"),
    )),
    "help_desk": ("user", "cmd", '"C:\\Windows\\system32\\cmd.exe" ', (
        ("qwinsta", "qwinsta /server:{h}"),
        ("ping", "ping -t {h}"),
        ("tracert", "tracert -d {h}"),
        ("nslookup", "nslookup {h}.{d}"),
        ("net", "net use Z: \\\\{h}\\transfer /persistent:no"),
        ("robocopy", 'robocopy "C:\\Users\\{u}\\Documents" Z:\\{u} /e /r:1 /w:1'),
        ("sevenzip", 'C:\\Progra~1\\7-Zip\\7z.exe a "C:\\Users\\{u}\\Documents\\{f}.7z" "C:\\Users\\{u}\\Documents\\{f}"'),
        ("reg", 'reg query "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall" /s /f Ledger'),
        ("w32tm", "w32tm /query /status"),
        ("dism", "dism /online /cleanup-image /checkhealth"),
    )),
    "log_support": ("user", "powershell", "powershell.exe -File C:\\Support\\collect.ps1 -Case {n}", (
        ("wevtutil", "wevtutil epl Application C:\\Support\\case-{n}\\application.evtx"),
        ("systeminfo", "systeminfo"),
        ("ipconfig", "ipconfig /all"),
        ("makecab", "makecab /f C:\\Support\\collect.ddf"),
        ("findstr", "findstr /s /i error C:\\ProgramData\\Ledger\\*.log"),
    )),
    "web_application": ("services", "tomcat", '"{image}" -jar "C:\\Program Files\\LedgerWeb\\ledger.jar" --server.port=9443', (
        ("cmd", 'cmd.exe /c ""C:\\Program Files\\LedgerWeb\\bin\\report.cmd" {n}"'),
        ("cmd", 'cmd.exe /c "C:\\Program Files\\LedgerWeb\\bin\\pdf.exe" -o "C:\\ProgramData\\LedgerWeb\\{n}.pdf"'),
    )),
    "development": ("user", "code", '"{image}" --no-sandbox C:\\Users\\{u}\\src\\{f}', (
        ("powershell", "powershell.exe -NoLogo -NoProfile -Command npm run build"),
        ("build", '"{image}" C:\\Users\\{u}\\src\\{f}\\{f}.sln /t:Rebuild /m /v:minimal'),
        ("certutil", "certutil -hashfile C:\\Users\\{u}\\src\\{f}\\out\\{f}.exe SHA256"),
        ("curl", "curl -s http://localhost:8080/health"),
        ("netstat", 'netstat -ano'),
        ("taskkill", "taskkill /f /im node.exe"),
        ("git", "git.exe clean -xdf"),
    )),
}  # fmt: skip
"""Kinds of burst."""

RATES: Final[dict[str, tuple[tuple[float, float, float], float]]] = {
    # kind: times per hour on (dc, server, workstation), share that follows office hours
    "software_management": ((0.2, 0.2, 0.15), 0.1),
    "encoded_management": ((0.15, 0.15, 0.15), 0.1),
    "inventory": ((0.08, 0.08, 0.08), 0.1),
    "monitoring": ((0.5, 0.5, 0), 0.1),
    "backup": ((0.08, 0.08, 0), 0.0),
    "network_gathering": ((0.02, 0.02, 0.04), 0.3),
    "administration": ((0.15, 0.15, 0.02), 0.9),
    "developer_portproxy": ((0, 0, 0.02), 0.95),
    "guest_agent": ((0.05, 0.05, 0), 0.0),
    "remote_management": ((0.05, 0.08, 0), 0.2),
    "endpoint_management": ((0, 0, 0.1), 0.1),
    "software_installation": ((0.02, 0.02, 0.03), 0.5),
    "image_backup": ((0.03, 0.03, 0), 0.0),
    "help_desk": ((0.02, 0.03, 0.04), 0.95),
    "log_support": ((0.01, 0.03, 0.01), 0.8),
    "web_application": ((0, 0.1, 0), 0.6),
    "development": ((0, 0, 0.05), 0.95),
}
"""How often."""
