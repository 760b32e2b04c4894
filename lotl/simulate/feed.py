"""What happens on a machine, told as Windows' and Sysmon's events: one method per happening, one row per event.

A happening is often several events in several channels (a new process is Sysmon 1 and Security 4688): they share ids,
times and names because they are made from the same objects.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from lotl.simulate.estate import DOMAIN, SYSTEM_SID, Host, Process, Session
from lotl.simulate.logons import LogonFeed
from lotl.simulate.rows import NO_LABEL, SERVICE_PIDS, Label, Row

__all__ = ["NO_LABEL", "Feed", "Label", "Row"]

_TASK_XML: Final = (
    '<?xml version="1.0" encoding="UTF-16"?>\r\n'
    '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">\r\n'
    '  <Actions Context="Author">\r\n    <Exec>\r\n      <Command>{command}</Command>\r\n    </Exec>\r\n'
    "  </Actions>\r\n</Task>"
)
_CONTEXT: Final = (
    "        Severity = Informational\r\n        Host Name = ConsoleHost\r\n        Host Version = 5.1.20348.2340\r\n"
    "        Host ID = {id}\r\n        Host Application = {application}\r\n        Engine Version = 5.1.20348.2340\r\n"
    "        Command Name = {name}\r\n        Command Type = Cmdlet\r\n        User = {user}\r\n"
)


class Feed(LogonFeed):
    """Every happening of the simulation: processes, sessions, and here services, tasks, engines and logs."""

    def service_state(self, host: Host, time: int, name: str, state: str) -> None:
        """A service starts or stops: System 7036."""
        binary = (name + "/" + ("4" if state == "running" else "1")).encode("utf-16-le") + b"\0\0"
        self.add(host, time, "service_state", (name, state, binary), pid=SERVICE_PIDS["services"])

    def service_installed(self, host: Host, time: int, session: Session, name: str, path: str) -> None:
        """A service is installed: System 7045 and Security 4697."""
        values = (name, path, "user mode service", "demand start", "LocalSystem")
        self.add(host, time, "service_installed", values, pid=SERVICE_PIDS["services"], sid=session.account.sid)
        self.add(host, time + 400, "service_4697", (*self.subject(session), name, path, 0x10, 3, "LocalSystem"))

    def task_run(self, host: Host, time: int, name: str, action: str, *, lasting: int) -> None:
        """A scheduled task runs: TaskScheduler 200 and 201."""
        instance = hashlib.blake2b(f"{host.name}{name}{time}".encode(), digest_size=16).digest()
        self.add(host, time, "task_started", (name, action, instance, 1432), pid=SERVICE_PIDS["tasks"], sid=SYSTEM_SID,
                 activity=instance)  # fmt: skip
        self.add(host, time + lasting, "task_finished", (name, instance, action, 0, 1432), pid=SERVICE_PIDS["tasks"],
                 sid=SYSTEM_SID, activity=instance)  # fmt: skip

    def task_written(self, host: Host, time: int, session: Session, name: str, command: str, *, new: bool) -> None:
        """A scheduled task is created (4698, TaskScheduler 106) or updated (4702)."""
        xml = _TASK_XML.format(command=command)
        values = (*self.subject(session), name, xml, 2251799813685248 + time % 10**9, 1432, 640, 0, host.computer)
        self.add(host, time, "task_created" if new else "task_updated", values)
        if new:
            self.add(
                host, time + 300, "task_registered", (name, session.user), pid=SERVICE_PIDS["tasks"], sid=SYSTEM_SID
            )

    def powershell(self, host: Host, time: int, process: Process, script: str) -> None:
        """Run a script block: PowerShell 4104 and 4103, and the classic 400."""
        block = hashlib.blake2b(f"{process.guid.hex()}{time}{script}".encode(), digest_size=16).digest()
        text = block.hex()
        identity = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
        session = process.session
        name = script.split(" ", 1)[0][:60]
        sid = session.account.sid
        self.add(host, time, "script_block", (1, 1, script, identity, ""), pid=process.pid, sid=sid, activity=block)
        context = _CONTEXT.format(id=identity, application=process.command, name=name, user=session.user)
        given = re.findall(r"-(\w+) ([\w.-]+)", script.split("|", 1)[0])
        bound = "".join(f'ParameterBinding({name}): name="{key}"; value="{value}"\r\n' for key, value in given)
        payload = (context, "", f'CommandInvocation({name}): "{name}"\r\n{bound}')
        self.add(host, time + 900, "module_logging", payload, pid=process.pid, sid=sid, activity=block)

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
        self.add(host, time, "wmi_provider", values, pid=SERVICE_PIDS["wmi"], sid=SYSTEM_SID)

    def wmi_failed(self, host: Host, time: int, process: Process, operation: str) -> None:
        """A WMI operation fails: WMI-Activity 5858."""
        identity = "{00000000-0000-0000-0000-000000000000}"
        values = (identity, host.name, process.session.user, process.pid, "Unknown", operation, 0x80041032, "Unknown")
        self.add(host, time, "wmi_failed", values, pid=SERVICE_PIDS["wmi"], sid=SYSTEM_SID)

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
