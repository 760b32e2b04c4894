"""How an intruder acts on machines: logging on, typing commands at a level of obfuscation, labelling every row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from lotl.simulate import obfuscate
from lotl.simulate.episodes import SECOND
from lotl.simulate.estate import Account, Host, Process, Session
from lotl.simulate.feed import Feed, Label
from lotl.simulate.programs import PROGRAMS, Program


class Hands:
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
        self.sessions: list[tuple[Host, Session, Process]] = []

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
                return self.interpreter(line.shell.strip())
            line = obfuscate.type_out(program, name, arguments, self.level, self.rng)
            above = self.interpreter(line.shell, plain=f"{name} {arguments}".rstrip())
            child = self.start(path, line.child, above, about if image else None)
            if program == "net":
                text = line.child.replace(line.child.split(" ")[0], "C:\\Windows\\system32\\net1", 1)
                self.start(PROGRAMS["net1"].image, text, child, None)
            return child

    def interpreter(self, text: str, *, plain: str = "") -> Process:
        """Start what runs the command: cmd, nested cmd, or PowerShell with an encoded script."""
        command = f"C:\\Windows\\system32\\cmd.exe /c {text}"
        if self.level >= obfuscate.NESTED and plain and self.rng.random() < 0.5:
            shell = self.start(
                PROGRAMS["powershell"].image, obfuscate.encoded(plain, self.rng), self.shell, None, lasting=30
            )
            self.feed.engine_started(self.host, self.now + 120_000, shell)
            self.feed.powershell(self.host, self.now + 250_000, shell, plain)
            return shell
        if self.level >= obfuscate.NESTED:
            outer = obfuscate.caret(f'cmd /v:off /c "{text}"', self.rng)
            above = self.start(
                PROGRAMS["cmd"].image, f"C:\\Windows\\system32\\cmd.exe /c {outer}", self.shell, None, lasting=20
            )
            return self.start(PROGRAMS["cmd"].image, f'cmd  /v:off /c "{text}"', above, None, lasting=15)
        return self.start(PROGRAMS["cmd"].image, command, self.shell, None, lasting=15)

    def start(self, image: str, command: str, parent: Process, about: Program | None, *, lasting: int = 3) -> Process:
        self.now += self.rng.randrange(20_000, 90_000)
        folder = "C:\\Windows\\system32\\" if self.session.kind != 10 else f"C:\\Users\\{self.account.name}\\"
        child = self.feed.process(
            self.host, self.now, image, command, self.session, parent, integrity="High", folder=folder, original=about
        )
        self.feed.exit(self.host, self.now + self.rng.randrange(1, lasting + 1) * SECOND, child)
        return child

    def enter(
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
        self.sessions.append((host, session, self.shell))

    def fill(self, text: str) -> str:
        """Fill the blanks of a command."""
        target = self.rng.choice(self.estate.hosts).address
        return text.format(
            stage=self.stage,
            token=self.token,
            address=target,
            user=self.rng.choice(self.estate.users or [self.account]).name,
        )
