"""What processes do, told as the events of Sysmon and Security: start, end, network, files, registry, handles."""

from __future__ import annotations

from typing import Final

from lotl.simulate.estate import Host, Process, Session
from lotl.simulate.programs import Program
from lotl.simulate.rows import NULL_SID, Rows, hashes, program_of, utc

_LEVELS: Final = {"System": "S-1-16-16384", "High": "S-1-16-12288", "Medium": "S-1-16-8192"}


class ProcessFeed(Rows):
    """Events of processes."""

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
            "-", utc(time), child.guid, child.pid, image, about.version, about.description, about.product,
            about.company, about.original, command, folder, session.user, session.guid, session.luid, session.terminal,
            child.integrity, hashes(about.image or image), parent.guid, parent.pid, parent.image, parent.command,
            owner.user,
        ))  # fmt: skip
        target = (NULL_SID, "-", "-", 0)
        if owner.luid != session.luid:
            target = (NULL_SID, session.account.name, session.domain, session.luid)
        self.add(host, time + 180, "process_4688", (
            *self.subject(owner), child.pid, image, "%%1937" if session.elevated else "%%1936", parent.pid, command,
            *target, parent.image, _LEVELS[child.integrity],
        ))  # fmt: skip
        return child

    def exit(self, host: Host, time: int, process: Process, *, status: int = 0) -> None:
        """End a process: Sysmon 5 and Security 4689."""
        host.end(process, time)
        self.sysmon(
            host, time, "exit", ("-", utc(time), process.guid, process.pid, process.image, process.session.user)
        )
        self.add(host, time + 90, "exit_4689", (*self.subject(process.session), status, process.pid, process.image))

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
            "-", utc(time), process.guid, process.pid, process.session.user, process.image, path, hashes(path),
            executable,
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
