"""An intruder who lives off the land: documented behaviours as steps, steps as playbooks. Text in log records only.

Behaviours follow public reporting (AA23-144A, AA24-038A and ATT&CK G1017), by what they do; names, paths, addresses and
wording are made up. Every row carries the behaviour and the chains that it is a step of.
"""

from __future__ import annotations

from lotl.simulate import obfuscate
from lotl.simulate.episodes import SECOND, ntds_export
from lotl.simulate.estate import Host
from lotl.simulate.feed import NO_LABEL
from lotl.simulate.hands import Hands
from lotl.simulate.playbooks import CREDENTIALS, DISCOVERY, PLAYBOOKS
from lotl.simulate.programs import PROGRAMS


class Intruder(Hands):
    """One intruder; each public method is a step that a playbook may name."""

    def play(self, playbook: str) -> None:
        """Take all steps of a playbook, some minutes apart."""
        for step in PLAYBOOKS[playbook]:
            getattr(self, step)()
            self.wait(120, 900)

    def arrive(self) -> None:
        """Log on with valid credentials from an address that was never seen, after a failure or two."""
        with self.labelled("VT-031", "C-09"):
            for _ in range(self.rng.randrange(1, 3)):
                self.feed.failed_logon(self.host, self.wait(4, 20), self.account.name, self.address, kind=10)
        self.wait(5, 30)
        self.enter(self.host, 10, self.address, "VT-069", "C-09")

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
        output = f"{self.stage}\\{self.token}.txt"
        query = f'query-events Security /c:400 /rd:true /f:text "/q:*[System[EventID=4624]]" > {output}'
        self.run("VT-060", "C-14", "wevtutil", query)
        self.wait(20, 90)
        with self.labelled("VT-059", "C-14"):
            script = "Get-EventLog -LogName Security -InstanceId 4624 -Newest 300 | Select-Object TimeGenerated,Message"
            text = obfuscate.encoded(script, self.rng) if self.level >= 3 else "powershell.exe -nologo"
            shell = self.start(PROGRAMS["powershell"].image, text, self.shell, None, lasting=40)
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
        self._look_at_share(controller)
        with self.labelled("VT-069", "C-09 C-14"):
            self.feed.explicit_logon(source, self.wait(5, 30), self.session, self.account, controller, self.shell)
        self.enter(controller, 10, source.address, "VT-066", "C-10 C-09", origin=source)

    def _look_at_share(self, target: Host) -> None:
        """Connect to an administrative share and list what is there."""
        self.wait(5, 60)
        self.run("VT-068", "C-09", "net", f"use \\\\{target.name}\\C$")
        listing = f"dir /s \\\\{target.name}\\c$\\Users\\Public >> {self.stage}.txt"
        child = self.run("VT-061", "C-09", "cmd", listing, builtin=True)
        with self.labelled("VT-061", "C-09"):
            session = self.feed.logon(target, self.now + 100_000, self.account, 3, source=self.host, elevated=True)
            self.feed.share(target, self.now + 150_000, session, "C$", "\\??\\C:\\", ("Users\\Public", "Users"))
            self.feed.file(self.host, self.now + 200_000, child, f"{self.stage}.txt")
            self.feed.logoff(target, self.now + 20 * SECOND, session)

    def copy_directory(self) -> None:
        """Copy the directory database: a shadow copy by hand, then install media."""
        if self.host is not self.estate.controller:
            self.reach_controller()
        self._stage_folder()
        self.wait(20, 90)
        self.run("VT-016", "C-03", "vssadmin", f"create shadow /for=C: > {self.stage}\\{self.token}.log")
        self.wait(20, 200)
        shadow = f"\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy{self.rng.randrange(1, 9)}"
        copy = f"{self.stage}\\{self.token}.dit"
        child = self.run("VT-017", "C-03", "cmd", f"copy {shadow}\\Windows\\NTDS\\ntds.dit {copy}", builtin=True)
        with self.labelled("VT-017", "C-03"):
            self.feed.file(self.host, self.now + 900_000, child, copy)
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
        cabinet = f"{self.stage}\\{self.token}.lic"
        self.wait(20, 120)
        child = self.run("VT-075", "C-04", "makecab", f"{self.stage}\\db\\registry\\SYSTEM {cabinet}")
        with self.labelled("VT-075", "C-04"):
            self.feed.file(self.host, self.now + SECOND, child, cabinet)
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
        """Look around on another machine through WMI: each command with a logon and a process of its own there."""
        others = [host for host in self.estate.hosts if host is not self.host]
        if not others:
            return
        target = self.rng.choice(others)
        own = ("vssadmin", "list shadows") if target.role == "dc" else ("tasklist", "/svc")
        for tool, arguments in (("quser", ""), own, ("ipconfig", "/all"), ("netstat", "-ano")):
            self._remote_command(target, tool, arguments)

    def _remote_command(self, target: Host, tool: str, arguments: str) -> None:
        """Start one command on another machine: what the near side and the far side record."""
        source, redirected = self.host, f"{tool} {arguments}".rstrip() + f" > {self.stage}.txt"
        inner = f"cmd.exe /c {redirected}"
        self.wait(10, 60)
        self.run("VT-002", "C-08", "wmic", f'/node:{target.name} process call create "{inner}"')
        with self.labelled("VT-002", "C-08"):
            self.feed.explicit_logon(source, self.now + 60_000, self.session, self.account, target, self.shell)
            reached = self.feed.logon(target, self.now + 200_000, self.account, 3, source=source, elevated=True)
            self.feed.wmi_provider(target, self.now + 250_000)
        with self.labelled("VT-003", "C-08 C-02"):
            provider, now = target.processes["wmiprvse"], self.now
            image = PROGRAMS["cmd"].image
            child = self.feed.process(target, now + 400_000, image, inner, reached, provider, integrity="High")
            text = f"{tool}  {arguments}".rstrip()
            below = self.feed.process(
                target, now + 450_000, PROGRAMS[tool].image, text, reached, child, integrity="High"
            )
            self.feed.file(target, now + 480_000, child, f"{self.stage}.txt")
            self.feed.exit(target, now + SECOND, below)
            self.feed.exit(target, now + SECOND + 20_000, child)
            self.feed.logoff(target, now + 15 * SECOND, reached)

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
            child = self.start(image, f'"{image}" -c {self.token}.ini', self.shell, PROGRAMS["unknown"], lasting=900)
        with self.labelled("VT-093", "C-19"):
            for _ in range(3):
                port = self.rng.choice((8080, 8443, 8043, 8000, 10443))
                self.feed.network(self.host, self.wait(5, 60), child, self.address, port)
        self.wait(60, 300)
        self.run("VT-084", "C-19", "taskkill", f"/f /pid {child.pid}")

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
        self.shell = self.sessions[-1][2]

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
        """Keep a copy of a log, then clear logs on the current machine."""
        self.wait(5, 40)
        self.run("VT-079", "C-11", "wevtutil", f"export-log System C:\\Users\\Public\\{self.token}.evtx")
        for channel in ("System", "Security"):
            self.wait(5, 40)
            self.run("VT-080", "C-11", "wevtutil", f"clear-log {channel}")
            with self.labelled("VT-080", "C-11"):
                self.feed.log_cleared(self.host, self.now + 200_000, self.session, channel)

    def leave(self) -> None:
        """Log off everywhere, last in first out."""
        for host, session, shell in reversed(self.sessions):
            self.host, self.session, self.shell = host, session, shell
            self.wait(5, 40)
            self.run("VT-107", "", "logoff", "")
            with self.labelled("VT-107", ""):
                self.feed.exit(host, self.now + SECOND, shell)
                self.feed.remote_desktop(host, self.now + 2 * SECOND, session, "rdp_logoff")
                self.feed.logoff(host, self.now + 3 * SECOND, session)
        self.feed.label = NO_LABEL
