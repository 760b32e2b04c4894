"""Logons, logoffs and shares, told as the events of Security on both ends."""

from __future__ import annotations

from typing import Final

from lotl.simulate.estate import DOMAIN, REALM, Account, Host, Process, Session
from lotl.simulate.processes import ProcessFeed
from lotl.simulate.rows import NOBODY, NULL_SID, SERVICE_PIDS

PRIVILEGES: Final = "\r\n\t\t\t".join(
    "SeSecurityPrivilege SeBackupPrivilege SeRestorePrivilege SeTakeOwnershipPrivilege SeDebugPrivilege "
    "SeSystemEnvironmentPrivilege SeLoadDriverPrivilege SeImpersonatePrivilege".split()
)
_LOGON: Final = {
    # type: logon process, package, process name
    2: ("User32 ", "Negotiate", "C:\\Windows\\System32\\svchost.exe"),
    3: ("Kerberos", "Kerberos", "-"),
    5: ("Advapi  ", "Negotiate", "C:\\Windows\\System32\\services.exe"),
    7: ("User32 ", "Negotiate", "C:\\Windows\\System32\\lsass.exe"),
    9: ("seclogo", "Negotiate", "C:\\Windows\\System32\\svchost.exe"),
    10: ("User32 ", "Negotiate", "C:\\Windows\\System32\\svchost.exe"),
}
_NO_GUID: Final = bytes(16)


class LogonFeed(ProcessFeed):
    """Events of sessions."""

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
        by = NOBODY if kind == 3 else self.subject(host.system)
        port = "0" if kind in (2, 7) else str(49152 + time // 7 % 16000)
        name = workstation or (host.name if kind in (2, 7, 10) else "-")
        outbound = ("-", "-", "-")
        self.add(host, time, "logon", (
            *by, account.sid, account.name, DOMAIN, session.luid, kind, process_name, package, name, session.guid,
            "-", "-", 0, 0 if kind == 3 else 1284, image, origin, port, "%%1833", *outbound, "%%1843", 0,
            "%%1842" if elevated else "%%1843",
        ), pid=SERVICE_PIDS["lsass"], activity=session.guid)  # fmt: skip
        if elevated:
            values = (*self.subject(session), PRIVILEGES)
            self.add(host, time + 40, "privileges", values, pid=SERVICE_PIDS["lsass"], activity=session.guid)
        return session

    def _tickets(self, time: int, account: Account, address: str, host: Host, session: Session) -> None:
        controller = self.estate.controller
        origin = "::1" if address == controller.address else f"::ffff:{address}"
        port = str(49152 + time // 11 % 16000)
        lsass = SERVICE_PIDS["lsass"]
        sid = self.estate.sid
        if time % 3 == 0:
            self.add(controller, time - 9_000, "ticket", (
                account.name, DOMAIN, account.sid, "krbtgt", f"{sid}-502", 0x40810010, 0, 0x12, "2", origin, port,
                "", "", "",
            ), pid=lsass)  # fmt: skip
        self.add(controller, time, "service_ticket", (
            f"{account.name}@{REALM.upper()}", REALM.upper(), host.account.name, f"{sid}-{2000 + host.index}",
            0x40810000, 0x12, origin, port, 0, session.guid, "-",
        ), pid=lsass)  # fmt: skip

    def failed_logon(
        self, host: Host, time: int, account: str, address: str, *, kind: int = 3, workstation: str = "-"
    ) -> None:
        """Fail to log on: Security 4625 on `host`, 4776 on the controller."""
        names = ("NtLmSsp ", "NTLM") if kind == 3 else ("User32 ", "Negotiate")
        self.add(self.estate.controller, time - 3000, "credentials", (
            "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0", account, workstation, 0xC000006A,
        ), pid=SERVICE_PIDS["lsass"])  # fmt: skip
        self.add(host, time, "logon_failed", (
            *NOBODY, NULL_SID, account, DOMAIN, 0xC000006D, "%%2313", 0xC000006A, kind, *names, workstation, "-",
            "-", 0, 0, "-", address, str(49152 + time // 13 % 16000),
        ), pid=SERVICE_PIDS["lsass"])  # fmt: skip

    def logoff(self, host: Host, time: int, session: Session) -> None:
        """End a session: Security 4634."""
        account = session.account
        self.add(host, time, "logoff", (account.sid, account.name, DOMAIN, session.luid, session.kind),
                 pid=SERVICE_PIDS["lsass"])  # fmt: skip

    def explicit_logon(
        self, host: Host, time: int, session: Session, account: Account, target: Host, process: Process
    ) -> None:
        """Use other credentials: Security 4648 on the source."""
        self.add(host, time, "explicit_logon", (
            *self.subject(session), session.guid, account.name, DOMAIN, _NO_GUID, target.computer,
            f"cifs/{target.computer}", process.pid, process.image, "-", "-",
        ), pid=SERVICE_PIDS["lsass"])  # fmt: skip

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
