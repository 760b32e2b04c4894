"""What an intruder does: commands by behaviour, and whole intrusions as sequences of steps. Tables only.

Behaviours (``VT-…``) follow public reporting on living-off-the-land intrusions by what the commands do; the wording,
names and paths are made up.
"""

from __future__ import annotations

from typing import Final

DISCOVERY: Final = (
    # behaviour, program, arguments, role that it needs ("": any)
    ("VT-032", "wmic", "logicaldisk get deviceid,filesystem,size", ""),
    ("VT-033", "wmic", "volume get driveletter,label,freespace", ""),
    ("VT-034", "wmic", "service where started=true get name,startname", ""),
    ("VT-035", "wmic", "product get vendor,name", ""),
    ("VT-036", "wmic", "baseboard get manufacturer,product", ""),
    ("VT-037", "wmic", "process get parentprocessid,processid,name", ""),
    ("VT-039", "tasklist", "/svc /fo list", ""),
    ("VT-040", "systeminfo", "", ""),
    ("VT-041", "whoami", "/all", ""),
    ("VT-042", "ipconfig", "/all", ""),
    ("VT-043", "arp", "-a", ""),
    ("VT-044", "netstat", "-ano", ""),
    ("VT-045", "ping", "-n 1 {address}", ""),
    ("VT-046", "curl", "-s https://whatismyip.example.net/json", ""),
    ("VT-047", "dnscmd", "localhost /enumzones", "dc"),
    ("VT-048", "ldifde", "-r (objectcategory=computer) -p subtree -f {stage}\\{token}.txt", "dc"),
    ("VT-049", "net", "localgroup administrators", ""),
    ("VT-050", "net", 'group "Enterprise Admins" /domain', ""),
    ("VT-051", "net", "user /domain", ""),
    ("VT-052", "quser", "", ""),
    ("VT-053", "net", "start", ""),
    ("VT-054", "net", "time /domain", ""),
    ("VT-055", "netsh", "advfirewall show allprofiles", ""),
    ("VT-056", "netsh", "interface portproxy show v4tov4", ""),
    ("VT-057", "reg", "query HKLM\\SOFTWARE", ""),
    ("VT-058", "nltest", "/domain_trusts /all_trusts", ""),
    ("VT-064", "net", "view /all", ""),
)
"""Discovery commands."""

CREDENTIALS: Final = (
    ("VT-026", "reg", "query HKCU\\Software\\SimonTatham\\PuTTY\\Sessions /s"),
    ("VT-026", "reg", "query HKLM\\SOFTWARE\\RealVNC /s /f pass"),
    ("VT-026", "reg", "query HKLM\\SOFTWARE\\OpenSSH /s"),
    ("VT-027", "cmd", "/c dir /a C:\\Users\\{user}\\.ssh"),
    ("VT-027", "cmd", "/c dir /s C:\\Users\\{user}\\AppData\\Roaming\\Mozilla\\Firefox\\Profiles"),
    ("VT-018", "reg", "save HKLM\\SAM {stage}\\{token}a.dat /y"),
    ("VT-018", "reg", "save HKLM\\SYSTEM {stage}\\{token}b.dat /y"),
)
"""Where the intruder looks for credentials."""

PLAYBOOKS: Final[dict[str, tuple[str, ...]]] = {
    "full": (
        "arrive", "recon", "hunt_credentials", "read_logons", "dump_lsass", "reach_controller", "recon",
        "copy_directory", "archive", "remote_start", "open_tunnel", "masquerade", "close_tunnel", "clear_logs", "leave",
    ),
    "ntds": ("arrive", "recon", "reach_controller", "copy_directory", "archive", "clear_logs", "leave"),
    "tunnel": ("arrive", "recon", "open_tunnel", "masquerade", "close_tunnel", "leave"),
    "credentials": ("arrive", "recon", "hunt_credentials", "dump_lsass", "leave"),
    "remote": ("arrive", "recon", "remote_start", "clear_logs", "leave"),
}  # fmt: skip
"""Steps of whole intrusions; each is a method of `Intruder`."""
