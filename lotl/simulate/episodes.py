"""What ordinary activity and intrusions have in common: texts with blanks, and episodes that look alike in both."""

from __future__ import annotations

import base64
from random import Random
from typing import Final

from lotl.simulate.estate import REALM, Host, Process
from lotl.simulate.feed import Feed
from lotl.simulate.programs import DOCUMENTS

SECOND: Final = 1_000_000
"""Microseconds."""


class _Marker(int):
    """A number that prints as 12 hex digits whatever the format."""

    def __format__(self, spec: str) -> str:
        return f"{int(self):012x}"


class Texts:
    """Fills the blanks of command lines, so that a chosen share of them is new and the rest repeats.

    Parameters
    ----------
    rng : Random
    distinct : float
        Share of fillings with fresh numbers; the others draw from a small pool, the first most often.
    marker : str
        When given, stands in place of every fresh number (12 hex digits, to be overwritten later).
    """

    def __init__(self, rng: Random, distinct: float, marker: str = "") -> None:
        self._rng, self._distinct = rng, distinct
        self._marker = _Marker(int(marker, 16)) if marker else None
        self._pool = [rng.randrange(10**6, 10**9) for _ in range(400)]

    def fresh(self) -> bool:
        """Draw whether the next text is to be new."""
        return self._rng.random() < self._distinct

    def fill(
        self, text: str, *, user: str = "", host: str = "", image: str = "", sid: str = "", fresh: bool | None = None
    ) -> str:
        """Fill ``{n}`` and its like; `fresh` says whether the text is to be new (None: draw)."""
        if "{" not in text:
            return text
        rng = self._rng
        if self.fresh() if fresh is None else fresh:
            number = self._marker or rng.randrange(10**9, 10**10)
        else:
            number = self._pool[int(len(self._pool) * rng.random() ** 4)]
        words = f"{number & 0xFFFFFFFF:08X}-{number >> 7 & 0xFFFF:04X}-4{number >> 3 & 0xFFF:03X}"
        guid = f"{words}-A{number & 0xFFF:03X}-{number:012X}"
        document = DOCUMENTS[number % len(DOCUMENTS)] + "-" + (f"{number}" if self._marker else str(number % 1000))
        code = f"Get-Item HKLM:\\SOFTWARE\\Policies\\Agent{number} -ErrorAction SilentlyContinue"
        encoded = base64.b64encode(code.encode("utf-16-le")).decode() if "{e}" in text else ""
        return text.format(
            n=number, n8=number % 250 + 1, g=guid, f=document, u=user, h=host, d=REALM, image=image, s=sid, e=encoded
        )


def hash_of(text: str) -> int:
    """Return a number that depends on the text only (Python's own hash differs from run to run)."""
    return sum(ord(character) * (index + 7) for index, character in enumerate(text))


def ntds_export(feed: Feed, host: Host, time: int, tool: Process, target: str) -> None:
    """What the machine reports while a copy of the directory database is made: VSS, ESENT, files, hives."""
    timing = "[1] 0.000, [2] 0.000, [3] 0.031, [4] 0.000, [5] 0.000, [6] 0.047, [7] 0.000."
    database = f"{target}\\Active Directory\\ntds.dit"
    feed.service_state(host, time, "Volume Shadow Copy", "running")
    feed.service_state(host, time + SECOND, "Microsoft Software Shadow Copy Provider", "running")
    values = (*feed.subject(host.system), "VSSAudit", 0x1A2B3, 2200, "C:\\Windows\\System32\\VSSVC.exe")
    feed.add(host, time + 2 * SECOND, "audit_source", values)
    shadow = "\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy3\\Windows\\NTDS\\ntds.dit"
    lsass = host.processes["lsass"].pid
    feed.esent(host, time + 3 * SECOND, "esent_moved", "lsass", lsass, "C:\\Windows\\NTDS\\ntds.dit", (shadow,))
    feed.esent(host, time + 5 * SECOND, "esent_created", "NTDS", tool.pid, database, ("0", timing))
    feed.esent(host, time + 6 * SECOND, "esent_attached", "NTDS", tool.pid, database, ("0", timing))
    for index, name in enumerate(
        ("Active Directory\\ntds.dit", "Active Directory\\ntds.jfm", "registry\\SYSTEM", "registry\\SECURITY")
    ):
        feed.file(host, time + (4 + index) * SECOND, tool, f"{target}\\{name}")
    feed.esent(host, time + 20 * SECOND, "esent_detached", "NTDS", tool.pid, database, ("0", timing, "0 0"))
    feed.service_state(host, time + 180 * SECOND, "Volume Shadow Copy", "stopped")
