"""The simulated enterprise: domain, people, machines, and the ids that Windows hands out on each of them.

Everything that must agree between records lives here: SIDs, logon sessions (LUIDs, Sysmon's LogonGuid), processes
(pids that are reused after an exit, Sysmon's ProcessGuid built from machine, start time and a counter), addresses.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Final

DOMAIN: Final = "HALDEN"
REALM: Final = "corp.halden.example"
SYSTEM_SID: Final = "S-1-5-18"
SYSTEM_LUID: Final = 0x3E7

_FIRST: Final = (
    "Amara Bastian Celeste Dorian Edda Farid Greta Henrik Ines Jonas Katarina Leif Mireille Nils Odette Pavel Quentin "
    "Rosalind Soren Tamsin Ulrich Vesna Wendel Xenia Yannick Zofia"
).split()
_LAST: Final = (
    "Abrams Bergqvist Castellan Drummond Eklund Farrow Gunnarsson Hollis Ibsen Jarvinen Kessler Lindqvist Marchetti "
    "Novotny Okafor Petrov Quist Rasmussen Strand Thorne Ueland Vance Westergaard Yilmaz Zeller"
).split()


@dataclass(slots=True)
class Account:
    """A user of the domain.

    Attributes
    ----------
    role : {"user", "admin", "service", "machine"}
    workstation : int
        Index of the host where the user usually sits (-1: none).
    """

    name: str
    sid: str
    role: str = "user"
    workstation: int = -1

    @property
    def qualified(self) -> str:
        """Name with its domain, as Sysmon writes it."""
        return f"{DOMAIN}\\{self.name}"


@dataclass(slots=True)
class Session:
    """A logon session of one boot of one host."""

    account: Account
    luid: int
    guid: bytes
    kind: int
    start: int
    terminal: int = 0
    address: str = "-"
    elevated: bool = False
    user: str = ""
    domain: str = DOMAIN

    def __post_init__(self) -> None:
        self.user = self.user or self.account.qualified


@dataclass(slots=True)
class Process:
    """A running process."""

    pid: int
    guid: bytes
    image: str
    command: str
    session: Session
    parent: Process | None
    start: int
    integrity: str = "System"
    alive: bool = True


@dataclass(slots=True)
class Host:
    """One machine: its identity, its running processes and sessions, and the counters behind the ids.

    Attributes
    ----------
    role : {"dc", "server", "workstation"}
    boot : int
        Start of the current boot, microseconds since 1970 UTC.
    """

    index: int
    name: str
    role: str
    address: str
    machine: int
    account: Account
    boot: int
    rng: Random
    boots: int = 1
    system: Session = field(init=False)
    processes: dict[str, Process] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    _next_pid: int = 600
    _free_pids: deque[tuple[int, int]] = field(default_factory=deque)
    _next_luid: int = 0x1_0F40
    _count: int = 0

    def __post_init__(self) -> None:
        guid = self._guid(self.boot, SYSTEM_LUID, 0)
        self.system = Session(self.account, SYSTEM_LUID, guid, 0, self.boot, user="NT AUTHORITY\\SYSTEM")

    @property
    def computer(self) -> str:
        """Full name, as in System/Computer."""
        return f"{self.name}.{REALM}"

    def _guid(self, micros: int, low: int, high: int) -> bytes:
        # Sysmon: machine id, seconds of the start, then a counter or the LUID; see its documentation of ProcessGuid.
        return struct.pack("<IIII", self.machine, micros // 1_000_000 & 0xFFFFFFFF, low & 0xFFFFFFFF, high)

    def new_pid(self, time: int) -> int:
        """Return a pid that is unused at `time`; those of ended processes come back after a while."""
        if len(self._free_pids) > 40 and self._free_pids[0][0] < time and self.rng.random() < 0.5:
            return self._free_pids.popleft()[1]
        self._next_pid += 4 * self.rng.randrange(1, 9)
        return self._next_pid

    def open_session(
        self, account: Account, kind: int, time: int, *, address: str = "-", terminal: int = 0, elevated: bool = False
    ) -> Session:
        """Give an account a logon session; its LUID is unique within the boot."""
        self._next_luid += self.rng.randrange(0x31, 0x9000)
        guid = self._guid(time, self._next_luid, 0)
        return Session(account, self._next_luid, guid, kind, time, terminal, address, elevated)

    def start(
        self,
        image: str,
        command: str,
        session: Session,
        parent: Process | None,
        time: int,
        integrity: str = "",
    ) -> Process:
        """Create a process; recording it as an event is the feed's work."""
        self._count += 1
        level = integrity or ("System" if session.luid == SYSTEM_LUID else "High" if session.elevated else "Medium")
        guid = self._guid(time, self._count, self.boots << 16)
        return Process(self.new_pid(time), guid, image, command, session, parent, time, level)

    def end(self, process: Process, time: int) -> None:
        """End a process at `time`; its pid may be reused after that."""
        if process.alive and process.pid > 600:
            process.alive = False
            self._free_pids.append((time, process.pid))


@dataclass(slots=True)
class Estate:
    """All machines and people."""

    hosts: list[Host]
    users: list[Account]
    admins: list[Account]
    services: list[Account]
    sid: str

    @property
    def controller(self) -> Host:
        """The domain controller."""
        return self.hosts[0]

    def servers(self) -> list[Host]:
        """Member servers; the domain controller where there is none."""
        return [host for host in self.hosts if host.role == "server"] or [self.controller]

    def workstations(self) -> list[Host]:
        """Workstations; any host where there is none."""
        return [host for host in self.hosts if host.role == "workstation"] or [self.hosts[-1]]


_SERVER_NAMES: Final = ("FS", "APP", "SQL", "WEB", "MGT")

_BASE: Final = (
    # key, parent, image, command line
    ("services", None, "C:\\Windows\\System32\\services.exe", "C:\\Windows\\system32\\services.exe"),
    ("lsass", None, "C:\\Windows\\System32\\lsass.exe", "C:\\Windows\\system32\\lsass.exe"),
    ("winlogon", None, "C:\\Windows\\System32\\winlogon.exe", "winlogon.exe"),
    ("svchost", "services", "C:\\Windows\\System32\\svchost.exe", "C:\\Windows\\system32\\svchost.exe -k netsvcs -p"),
    ("schedule", "services", "C:\\Windows\\System32\\svchost.exe",
     "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s Schedule"),
    ("iphlpsvc", "services", "C:\\Windows\\System32\\svchost.exe",
     "C:\\Windows\\System32\\svchost.exe -k NetSvcs -p -s iphlpsvc"),
    ("dcom", "services", "C:\\Windows\\System32\\svchost.exe",
     "C:\\Windows\\system32\\svchost.exe -k DcomLaunch -p"),
    ("wmiprvse", "dcom", "C:\\Windows\\System32\\wbem\\WmiPrvSE.exe",
     "C:\\Windows\\system32\\wbem\\wmiprvse.exe -secured -Embedding"),
    ("defender", "services", "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.24050.7-0\\MsMpEng.exe",
     "\"C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.24050.7-0\\MsMpEng.exe\""),
    ("ccmexec", "services", "C:\\Windows\\CCM\\CcmExec.exe", "C:\\Windows\\CCM\\CcmExec.exe"),
)  # fmt: skip


def build_estate(rng: Random, *, hosts: int, users: int, start: int) -> Estate:
    """Build an estate: host 0 is the domain controller, then servers (a quarter, at least one), then workstations."""
    sid = "S-1-5-21-" + "-".join(str(rng.randrange(10**8, 2**32)) for _ in range(3))
    servers = 0 if hosts < 2 else max(1, hosts // 4)
    machines: list[Host] = []
    for index in range(hosts):
        role = "dc" if index == 0 else "server" if index <= servers else "workstation"
        number = 1 if index == 0 else (index - 1) // len(_SERVER_NAMES) + 1 if role == "server" else index - servers
        short = "DC" if role == "dc" else _SERVER_NAMES[(index - 1) % len(_SERVER_NAMES)] if role == "server" else "WS"
        name = f"HLD-{short}{number:02d}" if role != "workstation" else f"HLD-WS{number:03d}"
        third = {"dc": 10, "server": 10}.get(role, 20 + index // 200)
        account = Account(f"{name}$", SYSTEM_SID, "machine", index)
        boot = start - rng.randrange(3600, 20 * 86400) * 1_000_000
        address = f"10.61.{third}.{10 + index % 200}"
        machines.append(
            Host(
                index,
                name,
                role,
                address,
                rng.getrandbits(32),
                account,
                boot,
                Random(rng.getrandbits(64)),
                rng.randrange(1, 99),
            )
        )
        _boot(machines[-1])
    desks = [host.index for host in machines if host.role == "workstation"] or [len(machines) - 1]
    people = [
        Account(_user_name(number), f"{sid}-{1100 + number}", "user", desks[number % len(desks)])
        for number in range(users)
    ]
    admins = [
        Account(f"adm-{_LAST[n * 7 % len(_LAST)].lower()}", f"{sid}-{1020 + n}", "admin", desks[-1]) for n in range(3)
    ]
    services = [
        Account(f"svc-{name}", f"{sid}-{1050 + n}", "service") for n, name in enumerate(("backup", "deploy", "scan"))
    ]
    return Estate(machines, people, admins, services, sid)


def _user_name(number: int) -> str:
    first, last = _FIRST[number % len(_FIRST)], _LAST[number * 11 % len(_LAST)]
    more = number // len(_FIRST)
    return f"{first[0]}.{last}".lower() + (str(more) if more else "")


def _boot(host: Host) -> None:
    kernel = Process(4, host._guid(host.boot, 1, host.boots << 16), "System", "", host.system, None, host.boot)
    host.processes["system"] = kernel
    for key, parent, image, command in _BASE:
        above = host.processes[parent] if parent else kernel
        host.processes[key] = host.start(image, command, host.system, above, host.boot + 2_000_000)
