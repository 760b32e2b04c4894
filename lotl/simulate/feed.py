"""What happens on a machine, told as Windows' and Sysmon's events: one method per happening, one row per event.

A happening is often several events in several channels (a new process is Sysmon 1 and Security 4688): they share ids,
times and names because they are made here from the same objects.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any, Final, NamedTuple

from lotl.simulate.estate import DOMAIN, REALM, SYSTEM_LUID, SYSTEM_SID, Account, Estate, Host, Process, Session
from lotl.simulate.kinds import KINDS, EventKind
from lotl.simulate.programs import PROGRAMS, Program

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NULL_SID: Final = "S-1-0-0"
_NOBODY: Final = ("S-1-0-0", "-", "-", 0)
_NO_GUID: Final = bytes(16)

PRIVILEGES: Final = "\r\n\t\t\t".join(
    "SeSecurityPrivilege SeBackupPrivilege SeRestorePrivilege SeTakeOwnershipPrivilege SeDebugPrivilege "
    "SeSystemEnvironmentPrivilege SeLoadDriverPrivilege SeImpersonatePrivilege".split()
)


class Label(NamedTuple):
    """What a row belongs to.

    Attributes
    ----------
    behaviour : str
        Behaviour of an intrusion (``VT-011``), or empty.
    chain : str
        Chains that it is a step of (``C-03``), separated by blanks.
    benign : str
        Kind of noisy but ordinary activity, or empty.
    """

    behaviour: str = ""
    chain: str = ""
    benign: str = ""


NO_LABEL: Final = Label()


class Row(NamedTuple):
    """One event before it is written; rows sort by time, then by order of making."""

    time: int
    order: int
    kind: EventKind
    values: tuple[Any, ...]
    pid: int
    tid: int
    sid: str | None
    activity: bytes | None
    label: Label


@lru_cache(maxsize=4)
def _day(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).strftime("%Y-%m-%d ")


def utc(micros: int) -> str:
    """Print a time as Sysmon does.

    Examples
    --------
    >>> utc(1_700_000_000_123_456)
    '2023-11-14 22:13:20.123'
    """
    day, rest = divmod(micros // 1000, 86_400_000)
    second, milli = divmod(rest, 1000)
    minute, second = divmod(second, 60)
    return f"{_day(day)}{minute // 60:02d}:{minute % 60:02d}:{second:02d}.{milli:03d}"


@lru_cache(maxsize=4096)
def hashes(image: str) -> str:
    """Return made-up but constant hashes of a file, as Sysmon writes them."""
    digest = hashlib.sha256(image.lower().encode()).hexdigest().upper()
    return f"MD5={digest[:32]},SHA256={digest},IMPHASH={digest[32:]}"


@lru_cache(maxsize=4096)
def program_of(image: str) -> Program:
    """Return the version information of an executable by its path; files that are not in the table have none."""
    return _BY_IMAGE.get(image.lower(), PROGRAMS["unknown"])


_BY_IMAGE: Final = {program.image.lower(): program for program in PROGRAMS.values() if program.image}

_LEVELS: Final = {"System": "S-1-16-16384", "High": "S-1-16-12288", "Medium": "S-1-16-8192"}
_LOGON: Final = {
    # type: logon process, package, process name
    2: ("User32 ", "Negotiate", "C:\\Windows\\System32\\svchost.exe"),
    3: ("Kerberos", "Kerberos", "-"),
    5: ("Advapi  ", "Negotiate", "C:\\Windows\\System32\\services.exe"),
    7: ("User32 ", "Negotiate", "C:\\Windows\\System32\\lsass.exe"),
    9: ("seclogo", "Negotiate", "C:\\Windows\\System32\\svchost.exe"),
    10: ("User32 ", "Negotiate", "C:\\Windows\\System32\\svchost.exe"),
}
_SERVICE_PIDS: Final = {"sysmon": 2412, "lsass": 720, "security": 4, "services": 640, "wmi": 2104, "tasks": 1432}


class Feed:
    """Collects rows per host.

    Attributes
    ----------
    rows : list of list of Row
        By host index, not yet sorted.
    label : Label
        Given to every row that is added.
    """

    def __init__(self, estate: Estate, rng: Random) -> None:
        self.estate, self.rng = estate, rng
        self.rows: list[list[Row]] = [[] for _ in estate.hosts]
        self.label = NO_LABEL
        self._order = 0

    def add(
        self,
        host: Host,
        time: int,
        kind: str,
        values: tuple[Any, ...],
        *,
        pid: int = 4,
        sid: str | None = None,
        activity: bytes | None = None,
    ) -> None:
        """Add one event."""
        self._order = order = self._order + 1
        tid = 100 + (order * 28) % 8000
        self.rows[host.index].append(Row(time, order, KINDS[kind], values, pid, tid, sid, activity, self.label))

    def sysmon(self, host: Host, time: int, kind: str, values: tuple[Any, ...]) -> None:
        """Add an event that Sysmon's service writes."""
        self.add(host, time, kind, values, pid=_SERVICE_PIDS["sysmon"], sid=SYSTEM_SID)

    # --- processes ----------------------------------------------------------------------------------------------------

    def process(
        self,
        host: Host,
        time: int,
        image: str,
        command: str,
        session: Session,
        parent: Process,
        *,
        integrity: str = "",
        folder: str = "C:\\Windows\\system32\\",
        original: Program | None = None,
    ) -> Process:
        """Start a process: Sysmon 1 and Security 4688."""
        child = host.start(image, command, session, parent, time, integrity)
        about = original or program_of(image)
        owner = parent.session
        self.sysmon(host, time, "process", (
            "-", utc(time), child.guid, child.pid, image, about.version, about.description, about.product, about.company,
            about.original, command, folder, session.user, session.guid, session.luid, session.terminal, child.integrity,
            hashes(about.image or image), parent.guid, parent.pid, parent.image, parent.command, owner.user,
        ))  # fmt: skip
        target = (_NULL_SID, "-", "-", 0)
        if owner.luid != session.luid:
            target = (_NULL_SID, session.account.name, session.domain, session.luid)
        self.add(host, time + 180, "process_4688", (
            *self.subject(owner), child.pid, image, "%%1937" if session.elevated else "%%1936", parent.pid, command,
            *target, parent.image, _LEVELS[child.integrity],
        ))  # fmt: skip
        return child

    def exit(self, host: Host, time: int, process: Process, *, status: int = 0) -> None:
        """End a process: Sysmon 5 and Security 4689."""
        host.end(process)
        self.sysmon(
            host, time, "exit", ("-", utc(time), process.guid, process.pid, process.image, process.session.user)
        )
        self.add(host, time + 90, "exit_4689", (*self.subject(process.session), status, process.pid, process.image))

    def subject(self, session: Session) -> tuple[str, str, str, int]:
        """Return the four Subject values of Security events."""
        account = session.account
        return account.sid, account.name, session.domain, session.luid

    # --- what a process does ------------------------------------------------------------------------------------------

    def network(
        self,
        host: Host,
        time: int,
        process: Process,
        address: str,
        port: int,
        *,
        name: str = "-",
        initiated: bool = True,
    ) -> None:
        """Open (or accept) a TCP connection: Sysmon 3."""
        local = 49152 + (process.pid * 7 + time // 1000) % 16000
        here, there = (host.address, local), (address, port)
        source, target = (here, there) if initiated else ((address, local), (host.address, port))
        names = (host.computer, name) if initiated else (name, host.computer)
        self.sysmon(host, time, "network", (
            "-", utc(time), process.guid, process.pid, process.image, process.session.user, "tcp", initiated, False,
            source[0], names[0], source[1], "-", False, target[0], names[1], target[1], "-",
        ))  # fmt: skip

    def dns(self, host: Host, time: int, process: Process, name: str, result: str) -> None:
        """Look a name up: Sysmon 22."""
        values = ("-", utc(time), process.guid, process.pid, name, "0", result, process.image, process.session.user)
        self.sysmon(host, time, "dns", values)

    def module(
        self, host: Host, time: int, process: Process, path: str, description: str, *, signed: bool = True
    ) -> None:
        """Load a DLL: Sysmon 7."""
        about = ("10.0.20348.2340 (WinBuild.160101.0800)", description, "Microsoft® Windows® Operating System",
                 "Microsoft Corporation", path.rpartition("\\")[2].upper())  # fmt: skip
        trust = ("true", "Microsoft Windows", "Valid") if signed else ("false", "-", "Unavailable")
        self.sysmon(host, time, "module", (
            "-", utc(time), process.guid, process.pid, process.image, path, *about, hashes(path), *trust,
            process.session.user,
        ))  # fmt: skip

    def access(self, host: Host, time: int, process: Process, target: Process, mask: int, trace: str) -> None:
        """Open another process: Sysmon 10."""
        self.sysmon(host, time, "access", (
            "-", utc(time), process.guid, process.pid, 100 + process.pid % 900, process.image, target.guid, target.pid,
            target.image, mask, trace, process.session.user, target.session.user,
        ))  # fmt: skip

    def file(self, host: Host, time: int, process: Process, path: str) -> None:
        """Create a file: Sysmon 11."""
        user = process.session.user
        self.sysmon(
            host, time, "file", ("-", utc(time), process.guid, process.pid, process.image, path, utc(time), user)
        )

    def delete(self, host: Host, time: int, process: Process, path: str) -> None:
        """Delete a file: Sysmon 26."""
        executable = path.lower().endswith((".exe", ".dll"))
        self.sysmon(host, time, "file_deleted", (
            "-", utc(time), process.guid, process.pid, process.session.user, process.image, path, hashes(path), executable,
        ))  # fmt: skip

    def registry(self, host: Host, time: int, process: Process, key: str, details: str) -> None:
        """Set a registry value: Sysmon 13."""
        head = ("-", "SetValue", utc(time), process.guid, process.pid, process.image)
        self.sysmon(host, time, "registry", (*head, key, details, process.session.user))

    def registry_key(self, host: Host, time: int, process: Process, key: str, event: str) -> None:
        """Create or delete a registry key, or delete a value: Sysmon 12."""
        head = ("-", event, utc(time), process.guid, process.pid, process.image)
        self.sysmon(host, time, "registry_key", (*head, key, process.session.user))

    def pipe(self, host: Host, time: int, process: Process, name: str, *, created: bool) -> None:
        """Create or connect to a named pipe: Sysmon 17 or 18."""
        kind, event = ("pipe_created", "CreatePipe") if created else ("pipe_connected", "ConnectPipe")
        self.sysmon(
            host,
            time,
            kind,
            ("-", event, utc(time), process.guid, process.pid, name, process.image, process.session.user),
        )

    # --- logons -------------------------------------------------------------------------------------------------------

    def logon(
        self, host: Host, time: int, account: Account, kind: int, *, source: Host | None = None, address: str = "",
        workstation: str = "", elevated: bool = False, terminal: int = 0,
    ) -> Session:  # fmt: skip
        """Log on: Kerberos tickets on the controller, Security 4624 (and 4672) on `host`."""
        origin = address or (source.address if source else "127.0.0.1" if kind in (2, 7) else "-")
        session = host.open_session(account, kind, time, address=origin, terminal=terminal, elevated=elevated)
        if account.role != "machine":
            self._tickets(time - 40_000, account, origin if origin[0].isdigit() else host.address, host, session)
        process_name, package, image = _LOGON[kind]
        by = _NOBODY if kind == 3 else self.subject(host.system)
        port = "0" if kind in (2, 7) else str(49152 + time // 7 % 16000)
        name = workstation or (host.name if kind in (2, 7, 10) else "-")
        outbound = ("-", "-", "-")
        self.add(host, time, "logon", (
            *by, account.sid, account.name, DOMAIN, session.luid, kind, process_name, package, name, session.guid, "-", "-",
            0, 0 if kind == 3 else 1284, image, origin, port, "%%1833", *outbound, "%%1843", 0,
            "%%1842" if elevated else "%%1843",
        ), pid=_SERVICE_PIDS["lsass"], activity=session.guid)  # fmt: skip
        if elevated:
            values = (*self.subject(session), PRIVILEGES)
            self.add(host, time + 40, "privileges", values, pid=_SERVICE_PIDS["lsass"], activity=session.guid)
        return session

    def _tickets(self, time: int, account: Account, address: str, host: Host, session: Session) -> None:
        controller = self.estate.controller
        origin = "::1" if address == controller.address else f"::ffff:{address}"
        port = str(49152 + time // 11 % 16000)
        lsass = _SERVICE_PIDS["lsass"]
        sid = self.estate.sid
        if time % 3 == 0:
            self.add(controller, time - 9_000, "ticket", (
                account.name, DOMAIN, account.sid, "krbtgt", f"{sid}-502", 0x40810010, 0, 0x12, "2", origin, port, "", "", "",
            ), pid=lsass)  # fmt: skip
        self.add(controller, time, "service_ticket", (
            f"{account.name}@{REALM.upper()}", REALM.upper(), host.account.name, f"{sid}-{2000 + host.index}", 0x40810000,
            0x12, origin, port, 0, session.guid, "-",
        ), pid=lsass)  # fmt: skip

    def failed_logon(
        self, host: Host, time: int, account: str, address: str, *, kind: int = 3, workstation: str = "-"
    ) -> None:
        """Fail to log on: Security 4625 on `host`, 4776 on the controller."""
        names = ("NtLmSsp ", "NTLM") if kind == 3 else ("User32 ", "Negotiate")
        self.add(self.estate.controller, time - 3000, "credentials", (
            "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0", account, workstation, 0xC000006A,
        ), pid=_SERVICE_PIDS["lsass"])  # fmt: skip
        self.add(host, time, "logon_failed", (
            *_NOBODY, _NULL_SID, account, DOMAIN, 0xC000006D, "%%2313", 0xC000006A, kind, *names, workstation, "-", "-", 0,
            0, "-", address, str(49152 + time // 13 % 16000),
        ), pid=_SERVICE_PIDS["lsass"])  # fmt: skip

    def logoff(self, host: Host, time: int, session: Session) -> None:
        """End a session: Security 4634."""
        account = session.account
        self.add(host, time, "logoff", (account.sid, account.name, DOMAIN, session.luid, session.kind),
                 pid=_SERVICE_PIDS["lsass"])  # fmt: skip

    def explicit_logon(
        self, host: Host, time: int, session: Session, account: Account, target: Host, process: Process
    ) -> None:
        """Use other credentials: Security 4648 on the source."""
        self.add(host, time, "explicit_logon", (
            *self.subject(session), session.guid, account.name, DOMAIN, _NO_GUID, target.computer,
            f"cifs/{target.computer}", process.pid, process.image, "-", "-",
        ), pid=_SERVICE_PIDS["lsass"])  # fmt: skip

    def share(
        self,
        host: Host,
        time: int,
        session: Session,
        share: str,
        local: str,
        files: tuple[str, ...],
        *,
        write: bool = False,
    ) -> None:
        """Open a share and files in it over the network: Security 5140 and 5145."""
        port = str(49152 + time // 17 % 16000)
        head = (*self.subject(session), "File", session.address, port, f"\\\\*\\{share}", local)
        mask, access = (0x2, "%%4417\r\n\t\t\t\t") if write else (0x1, "%%4416\r\n\t\t\t\t")
        self.add(host, time, "share", (*head, 1, "%%4416\r\n\t\t\t\t"))
        for index, name in enumerate(files):
            self.add(host, time + 2000 * (index + 1), "share_file", (*head, name, mask, access, "-"))

    # --- services, tasks, engines -------------------------------------------------------------------------------------

    def service_state(self, host: Host, time: int, name: str, state: str) -> None:
        """A service starts or stops: System 7036."""
        binary = (name + "/" + ("4" if state == "running" else "1")).encode("utf-16-le") + b"\0\0"
        self.add(host, time, "service_state", (name, state, binary), pid=_SERVICE_PIDS["services"])

    def service_installed(self, host: Host, time: int, session: Session, name: str, path: str) -> None:
        """A service is installed: System 7045 and Security 4697."""
        values = (name, path, "user mode service", "demand start", "LocalSystem")
        self.add(host, time, "service_installed", values, pid=_SERVICE_PIDS["services"], sid=session.account.sid)
        self.add(host, time + 400, "service_4697", (*self.subject(session), name, path, 0x10, 3, "LocalSystem"))

    def task_run(self, host: Host, time: int, name: str, action: str, *, lasting: int) -> None:
        """A scheduled task runs: TaskScheduler 200 and 201."""
        instance = hashlib.blake2b(f"{host.name}{name}{time}".encode(), digest_size=16).digest()
        self.add(host, time, "task_started", (name, action, instance, 1432), pid=_SERVICE_PIDS["tasks"], sid=SYSTEM_SID,
                 activity=instance)  # fmt: skip
        self.add(host, time + lasting, "task_finished", (name, instance, action, 0, 1432), pid=_SERVICE_PIDS["tasks"],
                 sid=SYSTEM_SID, activity=instance)  # fmt: skip

    def task_written(self, host: Host, time: int, session: Session, name: str, command: str, *, new: bool) -> None:
        """A scheduled task is created (4698, TaskScheduler 106) or updated (4702)."""
        xml = (
            '<?xml version="1.0" encoding="UTF-16"?>\r\n<Task version="1.2" '
            'xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">\r\n  <Actions Context="Author">\r\n    <Exec>\r\n'
            f"      <Command>{command}</Command>\r\n    </Exec>\r\n  </Actions>\r\n</Task>"
        )
        values = (*self.subject(session), name, xml, 2251799813685248 + time % 10**9, 1432, 640, 0, host.computer)
        self.add(host, time, "task_created" if new else "task_updated", values)
        if new:
            self.add(
                host, time + 300, "task_registered", (name, session.user), pid=_SERVICE_PIDS["tasks"], sid=SYSTEM_SID
            )

    def powershell(self, host: Host, time: int, process: Process, script: str, *, warning: bool = False) -> None:
        """Run a script block: PowerShell 4104 and 4103, and the classic 400."""
        block = hashlib.blake2b(f"{process.guid.hex()}{time}{script}".encode(), digest_size=16).digest()
        text = block.hex()
        identity = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
        session = process.session
        about = {"pid": process.pid, "sid": session.account.sid, "activity": block}
        self.add(host, time, "script_block", (1, 1, script, identity, ""), **about)
        context = (
            f"        Severity = Informational\r\n        Host Name = ConsoleHost\r\n        Host Version = 5.1.20348.2340\r\n"
            f"        Host ID = {identity}\r\n        Host Application = {process.command}\r\n"
            f"        Command Name = {script.split(' ', 1)[0][:60]}\r\n        User = {session.user}\r\n"
        )
        self.add(
            host,
            time + 900,
            "module_logging",
            (context, "", f"CommandInvocation({script.split(' ', 1)[0][:60]})"),
            **about,
        )

    def engine_started(self, host: Host, time: int, process: Process) -> None:
        """A PowerShell engine starts: Windows PowerShell 400."""
        details = (
            "\tNewEngineState=Available\r\n\tPreviousEngineState=None\r\n\r\n\tSequenceNumber=13\r\n\r\n\tHostName=ConsoleHost\r\n"
            f"\tHostVersion=5.1.20348.2340\r\n\tHostApplication={process.command}\r\n\tEngineVersion=5.1.20348.2340\r\n"
        )
        self.add(host, time, "engine_started", (["Available", "None", details], b""), pid=0)

    def esent(
        self, host: Host, time: int, event: str, process: str, pid: int, database: str, more: tuple[str, ...]
    ) -> None:
        """The database engine reports: ESENT 216, 325, 326 or 327 in Application."""
        head = [process, str(pid), ""] if event == "esent_moved" else [process, str(pid), "", "2"]
        self.add(host, time, event, ([*head, database, *more], b""), pid=0)

    def wmi_provider(self, host: Host, time: int, provider: str = "CIMWin32") -> None:
        """A WMI provider starts: WMI-Activity 5857."""
        path = "%systemroot%\\system32\\wbem\\cimwin32.dll"
        values = (provider, 0, "wmiprvse.exe", host.processes["wmiprvse"].pid, path)
        self.add(host, time, "wmi_provider", values, pid=_SERVICE_PIDS["wmi"], sid=SYSTEM_SID)

    def wmi_failed(self, host: Host, time: int, process: Process, operation: str) -> None:
        """A WMI operation fails: WMI-Activity 5858."""
        identity = "{00000000-0000-0000-0000-000000000000}"
        values = (identity, host.name, process.session.user, process.pid, "Unknown", operation, 0x80041032, "Unknown")
        self.add(host, time, "wmi_failed", values, pid=_SERVICE_PIDS["wmi"], sid=SYSTEM_SID)

    def remote_desktop(self, host: Host, time: int, session: Session, event: str) -> None:
        """A remote desktop session begins or ends: LocalSessionManager 21, 23, 24 or 25, and 1149 before 21."""
        user = session.account
        if event == "rdp_logon":
            values = (user.name, DOMAIN, session.address)
            self.add(host, time - 900_000, "rdp_authenticated", values, pid=1196, sid="S-1-5-20")
        more = () if event == "rdp_logoff" else (session.address,)
        self.add(host, time, event, (user.qualified, session.terminal, *more), pid=1180, sid=SYSTEM_SID)

    def firewall_rule(self, host: Host, time: int, session: Session, name: str, port: int, process: Process) -> None:
        """A firewall rule is added: 2004 in the firewall's channel."""
        self.add(host, time, "firewall_rule", (
            "{" + hashlib.blake2b(f"{name}{time}".encode(), digest_size=16).hexdigest() + "}", name, 1, "", "", 1, 6,
            str(port), "*", 3, 2147483647, "*", "*", "", "", "", 1, 1, 0, 0, 0, session.account.sid, process.image, 544,
            65536, 0,
        ), pid=1612, sid="S-1-5-19")  # fmt: skip

    def log_cleared(self, host: Host, time: int, session: Session, channel: str) -> None:
        """A log is cleared: Security 1102, or 104 in System."""
        if channel == "Security":
            self.add(host, time, "log_cleared_1102", self.subject(session), pid=1044)
        else:
            values = (session.account.name, DOMAIN, channel, "")
            self.add(host, time, "log_cleared_104", values, pid=1044, sid=session.account.sid)


def is_system(session: Session) -> bool:
    """Say whether a session is the machine's own."""
    return session.luid == SYSTEM_LUID
