"""Ordinary activity: what users, services, agents and administrators do all day. Most of every log is this.

`ACTIVITIES` says what happens how often on which machines; each activity is one function that adds its rows.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple

from lotl.simulate.agents import AGENTS, RATES
from lotl.simulate.episodes import SECOND, Texts, hash_of, ntds_export
from lotl.simulate.estate import REALM, Host, Process
from lotl.simulate.feed import NO_LABEL, Feed, Label
from lotl.simulate.programs import (
    MODULES,
    PROGRAMS,
    REGISTRY,
    SCRIPTS,
    SERVICES,
    SITES,
    TASK_NAMES,
    WORK,
)

_NEW_WORK: Final = [row for row in WORK if "{n" in row[3] or "{g" in row[3]]
_WEIGHTS: Final = {len(rows): list(accumulate(row[2] for row in rows)) for rows in (WORK, _NEW_WORK)}


class Ordinary:
    """Ordinary activity on an estate.

    Parameters
    ----------
    feed : Feed
    rng : Random
    texts : Texts
        Fills the blanks of command lines.
    """

    def __init__(self, feed: Feed, rng: Random, texts: Texts) -> None:
        self.feed, self.rng, self.estate = feed, rng, feed.estate
        self.texts = texts
        self._people = {
            host.index: [u for u in self.estate.users if u.workstation == host.index] for host in self.estate.hosts
        }

    def run(self, name: str, host: Host, time: int) -> None:
        """Let one activity happen."""
        ACTIVITIES[name].action(self, host, time)

    # --- people and their sessions ------------------------------------------------------------------------------------

    def desktop(self, host: Host, time: int) -> Process:
        """Return the explorer of whoever works at the host, logging somebody on when nobody does."""
        shell = host.processes.get("explorer")
        if shell is not None and shell.alive:
            return shell
        people = self._people[host.index] if host.role == "workstation" else self.estate.admins
        account = self.rng.choice(people or self.estate.admins)
        remote = host.role != "workstation"
        source = self.rng.choice(self.estate.workstations()) if remote else None
        terminal = self.rng.randrange(2, 5) if remote else 1
        session = self.feed.logon(
            host, time - 2 * SECOND, account, 10 if remote else 2, source=source, elevated=remote, terminal=terminal
        )
        if remote:
            self.feed.remote_desktop(host, time - SECOND, session, "rdp_logon")
        shell = self.feed.process(
            host, time - SECOND // 2, "C:\\Windows\\explorer.exe", "C:\\Windows\\Explorer.EXE", session,
            host.processes["winlogon"], folder="C:\\Windows\\system32\\",
        )  # fmt: skip
        host.processes["explorer"] = shell
        return shell

    def leave(self, host: Host, time: int) -> None:
        """The user at the host logs off."""
        shell = host.processes.pop("explorer", None)
        if shell is None:
            return
        self.feed.exit(host, time, shell)
        if shell.session.kind == 10:
            self.feed.remote_desktop(host, time + SECOND, shell.session, "rdp_logoff")
        self.feed.logoff(host, time + 2 * SECOND, shell.session)

    def parent(self, host: Host, key: str, time: int) -> Process:
        """Return the process that starts something: a base process, or the user's shell."""
        return self.desktop(host, time) if key == "user" else host.processes[key]

    def command(
        self,
        host: Host,
        time: int,
        program: str,
        text: str,
        parent: Process,
        *,
        lasting: int = 0,
        fresh: bool | None = None,
    ) -> Process:
        """Start a program from its table entry and a command with blanks; end it after `lasting` microseconds."""
        image = PROGRAMS[program].image
        session = parent.session
        other = self.rng.choice(self.estate.hosts).name
        name, sid = session.account.name, session.account.sid
        filled = self.texts.fill(text, user=name, host=other, image=image, sid=sid, fresh=fresh)
        folder = f"C:\\Users\\{session.account.name}\\" if session.terminal else "C:\\Windows\\system32\\"
        child = self.feed.process(host, time, image, filled, session, parent, folder=folder)
        if lasting:
            self.feed.exit(host, time + lasting, child)
        return child

    # --- activities ---------------------------------------------------------------------------------------------------

    def work(self, host: Host, time: int) -> None:
        """A process of ordinary work, with some of what it does, and its end."""
        fresh = self.texts.fresh()
        choice = _NEW_WORK if fresh else WORK
        weights = _WEIGHTS[len(choice)]
        starter, program, _, text = choice[bisect(weights, self.rng.random() * weights[-1])]
        if starter == "user" and host.role != "workstation":
            starter, program, text = "svchost", "dllhost", "{image} /Processid:{{{g}}}"
        rng, feed = self.rng, self.feed
        child = self.command(host, time, program, text, self.parent(host, starter, time), fresh=fresh)
        for index in range(rng.randrange(3)):
            path, description = MODULES[rng.randrange(len(MODULES))]
            feed.module(host, time + 20_000 + index * 3000, child, "C:\\Windows\\System32\\" + path, description)
        if rng.random() < 0.3 and program not in _SILENT:
            self.talk(host, time + 200_000, child)
        feed.exit(host, time + rng.randrange(1, 900) * SECOND // 2, child)

    def talk(self, host: Host, time: int, process: Process) -> None:
        """A name is looked up and connected to."""
        site = self.rng.choice(SITES)
        inside = site.endswith(REALM)
        address = self.estate.servers()[0].address if inside else f"203.0.113.{1 + hash_of(site) % 250}"
        self.feed.dns(host, time, process, site, f"::ffff:{address};")
        self.feed.network(host, time + 30_000, process, address, 443, name=site if inside else "-")

    def browse(self, host: Host, time: int) -> None:
        """Somebody's browser talks to sites."""
        process = self.desktop(host, time)
        for index in range(1 + self.rng.randrange(4)):
            self.talk(host, time + index * 350_000, process)

    def settings(self, host: Host, time: int) -> None:
        """Registry values change."""
        process = host.processes["svchost"]
        for index in range(1 + self.rng.randrange(5)):
            key, details = self.rng.choice(REGISTRY)
            sid = self.estate.users[0].sid if self.estate.users else "S-1-5-18"
            image = "\\Device\\HarddiskVolume3" + self.rng.choice(WORK_IMAGES)[2:]
            target = self.texts.fill(key, image=image, sid=sid)
            self.feed.registry(host, time + index * 20_000, process, target, self.texts.fill(details))

    def handles(self, host: Host, time: int) -> None:
        """Security software looks at LSASS; services look at each other."""
        defender, lsass = host.processes["defender"], host.processes["lsass"]
        trace = "C:\\Windows\\SYSTEM32\\ntdll.dll+9d4c4|C:\\Windows\\System32\\KERNELBASE.dll+2c13e"
        self.feed.access(host, time, defender, lsass, 0x1000, trace)
        self.feed.access(host, time + 4000, host.processes["svchost"], host.processes["defender"], 0x1400, trace)

    def services(self, host: Host, time: int) -> None:
        """A service starts and stops again."""
        name = self.rng.choice(SERVICES)
        self.feed.service_state(host, time, name, "running")
        self.feed.service_state(host, time + self.rng.randrange(30, 600) * SECOND, name, "stopped")

    def tasks(self, host: Host, time: int) -> None:
        """A scheduled task runs; now and then one is rewritten."""
        name = self.rng.choice(TASK_NAMES)
        self.feed.task_run(
            host, time, name, "C:\\Windows\\System32\\taskhostw.exe", lasting=self.rng.randrange(1, 60) * SECOND
        )
        if self.rng.random() < 0.1:
            self.feed.task_written(
                host, time, host.system, name, "%windir%\\system32\\usoclient.exe", new=self.rng.random() < 0.2
            )

    def shares(self, host: Host, time: int) -> None:
        """Somebody opens documents on a file server: tickets, a network logon, 5140, 5145, a logoff."""
        server = self.rng.choice(self.estate.servers())
        shell = self.desktop(host, time)
        session = self.feed.logon(server, time, shell.session.account, 3, source=host)
        folder = self.rng.choice(("Finance", "Projects", "HR", "Engineering"))
        files = tuple(f"{folder}\\{self.texts.fill('{f}')}.xlsx" for _ in range(1 + self.rng.randrange(4)))
        self.feed.share(server, time + 60_000, session, "Dept$", "\\??\\D:\\Dept", files, write=self.rng.random() < 0.3)
        self.feed.network(host, time + 20_000, host.processes["system"], server.address, 445, name=server.computer)
        self.feed.logoff(server, time + self.rng.randrange(5, 700) * SECOND, session)

    def machine_logons(self, host: Host, time: int) -> None:
        """The machine account talks to the controller: policy, directory."""
        controller = self.estate.controller
        session = self.feed.logon(controller, time, host.account, 3, source=host, elevated=host.role == "dc")
        if self.rng.random() < 0.4:
            files = (f"{REALM}\\Policies\\{{31B2F340-016D-11D2-945F-00C04FB984F9}}\\gpt.ini",)
            self.feed.share(controller, time + 30_000, session, "SYSVOL", "\\??\\C:\\Windows\\SYSVOL\\sysvol", files)
        self.feed.logoff(controller, time + self.rng.randrange(1, 40) * SECOND, session)

    def service_logons(self, host: Host, time: int) -> None:
        """A service account logs on, and off."""
        session = self.feed.logon(host, time, self.rng.choice(self.estate.services), 5, elevated=True)
        self.feed.logoff(host, time + self.rng.randrange(10, 900) * SECOND, session)

    def mistyped(self, host: Host, time: int) -> None:
        """Somebody mistypes a password once or twice."""
        account = self.rng.choice(self.estate.users or self.estate.admins)
        for index in range(1 + self.rng.randrange(2)):
            self.feed.failed_logon(
                host, time + index * 7 * SECOND, account.name, host.address, kind=2, workstation=host.name
            )

    def scripts(self, host: Host, time: int) -> None:
        """PowerShell runs an administrative or agent script."""
        parent = self.parent(host, "user" if host.role == "workstation" else "ccmexec", time)
        text = "powershell.exe -NoProfile -File C:\\ProgramData\\Probe\\job-{n}.ps1"
        process = self.command(host, time, "powershell", text, parent)
        self.feed.engine_started(host, time + 150_000, process)
        for index in range(1 + self.rng.randrange(3)):
            self.feed.powershell(host, time + (index + 1) * 300_000, process, self.texts.fill(self.rng.choice(SCRIPTS)))
        self.feed.exit(host, time + 4 * SECOND, process)

    def databases(self, host: Host, time: int) -> None:
        """The database engine attaches and detaches somebody's database."""
        database = "C:\\Windows\\system32\\SRU\\SRUDB.dat"
        pid = host.processes["svchost"].pid
        timing = "[1] 0.000, [2] 0.000, [3] 0.016, [4] 0.000, [5] 0.000, [6] 0.015."
        self.feed.esent(host, time, "esent_attached", "svchost", pid, database, ("0", timing))
        self.feed.esent(host, time + 90 * SECOND, "esent_detached", "svchost", pid, database, ("0", timing, "0 0"))

    def protection(self, host: Host, time: int) -> None:
        """Defender reports its health, or a changed setting."""
        version = "1.413.{n8}.0"
        signature = self.texts.fill(version)
        if self.rng.random() < 0.7:
            values = (
                "%%827",
                "4.18.24050.7",
                "",
                "1.1.24050.5",
                "1.1.24050.5",
                *[signature] * 3,
                *["%%901"] * 4,
                "0",
                "0",
                "3",
                "12",
            )
            self.feed.add(host, time, "defender_health", values, pid=3104, sid="S-1-5-18")
            return
        key = "HKLM\\SOFTWARE\\Microsoft\\Windows Defender\\Signature Updates\\AVSignatureVersion = "
        values = ("Microsoft Defender Antivirus", "4.18.24050.7", key + "1.413.1.0", key + signature)
        self.feed.add(host, time, "defender_changed", values, pid=3104, sid="S-1-5-18")

    def wmi(self, host: Host, time: int) -> None:
        """WMI providers start; a query fails."""
        self.feed.wmi_provider(host, time)
        if self.rng.random() < 0.3:
            operation = "Start IWbemServices::ExecQuery - root\\cimv2 : SELECT Name FROM Win32_Service"
            self.feed.wmi_failed(host, time + 5000, host.processes["svchost"], operation)

    def downloads(self, host: Host, time: int) -> None:
        """An updater fetches something through BITS."""
        process = host.processes["svchost"]
        job = self.feed.rng.randbytes(16)
        updater = PROGRAMS["googleupdate"].image
        url = self.texts.fill("http://edgedl.example.net/release2/{n}/setup.crx")
        created = ("Component Update", job, "NT AUTHORITY\\SYSTEM", updater, process.pid)
        self.feed.add(host, time, "bits_created", created, pid=process.pid, sid="S-1-5-18")
        values = (job, "Component Update", job, url, "", 133_600_000_000_000_000, 812_331, 812_331, 0, 0)
        self.feed.add(host, time + SECOND, "bits_started", values, pid=process.pid, sid="S-1-5-18", activity=job)
        self.feed.file(host, time + 3 * SECOND, process, self.texts.fill("C:\\Windows\\Temp\\BIT{n}.tmp"))

    def documents(self, host: Host, time: int) -> None:
        """Programs write files."""
        process = self.desktop(host, time)
        name = process.session.account.name
        path = self.texts.fill("C:\\Users\\{u}\\AppData\\Local\\Temp\\~DF{n}.TMP", user=name)
        self.feed.file(host, time, process, path)
        if self.rng.random() < 0.5:
            self.feed.delete(host, time + 9 * SECOND, process, path)

    def agent(self, kind: str) -> Callable[[Host, int], None]:
        """Return the activity of a noisy agent: a parent and a burst of commands, labelled as benign."""

        def happen(host: Host, time: int) -> None:
            starter, program, text, commands = AGENTS[kind]
            parent = self.parent(host, starter, time)
            self.feed.label = Label(benign=kind)
            top = self.command(host, time, program, text, parent)
            if program == "powershell":
                self.feed.engine_started(host, time + 100_000, top)
                self.feed.powershell(
                    host, time + 200_000, top, self.texts.fill("# management job {n}\r\nGet-Item Env:")
                )
            at = time
            for tool, command in commands:
                at += self.rng.randrange(400_000, 6 * SECOND)
                child = self.command(host, at, tool, command, top, lasting=self.rng.randrange(90_000, 2 * SECOND))
                self.effect(host, at + 60_000, child)
            self.feed.exit(host, at + 3 * SECOND, top)
            self.feed.label = NO_LABEL

        return happen

    def effect(self, host: Host, time: int, child: Process) -> None:
        """Record what a command changes besides starting: forwardings, services, tasks."""
        text = child.command
        if "portproxy add" in text:
            key = "HKLM\\System\\CurrentControlSet\\Services\\PortProxy\\v4tov4\\tcp\\0.0.0.0/3000"
            self.feed.registry(host, time, host.processes["iphlpsvc"], key, "172.24.80.9/3000")
        elif text.startswith("sc create"):
            name, path = text.split(" ")[2], text.split('"')[1]
            self.feed.service_installed(host, time, child.session, name, path)
        elif text.startswith("schtasks /create"):
            self.feed.task_written(
                host,
                time,
                child.session,
                "\\Ledger Update",
                '"C:\\Program Files\\Ledger\\update.exe" /silent',
                new=True,
            )

    def install_media(self, host: Host, time: int) -> None:
        """An administrator makes install media for a branch controller: the grey case that looks like theft of NTDS."""
        shell = self.desktop(host, time)
        self.feed.label = Label(benign="install_media")
        console = self.command(host, time, "cmd", '"C:\\Windows\\system32\\cmd.exe" ', shell)
        target = "E:\\IFM\\branch-rodc"
        text = f'ntdsutil.exe "activate instance ntds" ifm "create sysvol full {target}" quit quit'
        tool = self.command(host, time + 9 * SECOND, "ntdsutil", text, console)
        ntds_export(self.feed, host, time + 12 * SECOND, tool, target)
        self.feed.exit(host, time + 70 * SECOND, tool)
        self.feed.label = NO_LABEL


_SILENT: Final = frozenset({"notepad", "cscript", "cmd", "ping", "ipconfig", "cleanmgr", "taskhostw"})
"""Programs that connect to nothing by name."""

WORK_IMAGES: Final = tuple(PROGRAMS[program].image for _, program, _, _ in WORK)


class Activity(NamedTuple):
    """How often something happens.

    Attributes
    ----------
    rates : (float, float, float)
        Times per hour on a domain controller, a server, a workstation.
    office : float
        Share that follows office hours; the rest is spread over day and night.
    """

    action: Callable[[Ordinary, Host, int], None]
    rates: tuple[float, float, float]
    office: float


def _agent(kind: str) -> Callable[[Ordinary, Host, int], None]:
    return lambda ordinary, host, time: ordinary.agent(kind)(host, time)


ACTIVITIES: Final[dict[str, Activity]] = {
    # name: action, per hour on (dc, server, workstation), office share
    "work": Activity(Ordinary.work, (14, 14, 26), 0.6),
    "browse": Activity(Ordinary.browse, (0, 0, 12), 0.95),
    "settings": Activity(Ordinary.settings, (8, 8, 9), 0.3),
    "handles": Activity(Ordinary.handles, (9, 9, 8), 0.1),
    "services": Activity(Ordinary.services, (4, 4, 3), 0.1),
    "tasks": Activity(Ordinary.tasks, (4, 4, 4), 0.1),
    "shares": Activity(Ordinary.shares, (0, 0, 3), 0.95),
    "machine_logons": Activity(Ordinary.machine_logons, (6, 5, 3), 0.1),
    "service_logons": Activity(Ordinary.service_logons, (2, 3, 0.2), 0.1),
    "mistyped": Activity(Ordinary.mistyped, (0, 0, 0.1), 0.9),
    "scripts": Activity(Ordinary.scripts, (1.5, 1.5, 0.6), 0.3),
    "databases": Activity(Ordinary.databases, (0.5, 0.5, 0.5), 0.1),
    "protection": Activity(Ordinary.protection, (1, 1, 1), 0.1),
    "wmi": Activity(Ordinary.wmi, (2, 2, 1), 0.1),
    "downloads": Activity(Ordinary.downloads, (0.2, 0.2, 0.8), 0.5),
    "documents": Activity(Ordinary.documents, (0, 0, 12), 0.95),
    "leave": Activity(Ordinary.leave, (0.3, 0.3, 0.1), 0.2),
    "install_media": Activity(Ordinary.install_media, (0.05, 0, 0), 0.95),
    **{kind: Activity(_agent(kind), *often) for kind, often in RATES.items()},
}
"""Ordinary activities by name."""
