"""From the paths that a user gives to the files that will be read.

Files are told apart by content. Folders are walked in sorted order, links to folders are not followed (no loops), and what
is no log is listed, not hidden.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lotl.errors import InputError
from lotl.sources.base import Account, Source
from lotl.sources.registry import SOURCES

HEAD: Final = 1 << 16
LOG_SUFFIXES: Final = frozenset({".evtx"})
"""A file with such a name that is of no known format is a damaged log, not a bystander."""


@dataclass
class Found:
    """The files of a run.

    Attributes
    ----------
    accounts : list of Account
        One per file that is a log or claims to be one, in reading order. `format` names the source that reads it; it is
        "" where none can, and the account then says why.
    skipped : list of str
        Names of files in folders that are no logs.
    """

    accounts: list[Account] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def discover(paths: Iterable[str | os.PathLike[str]]) -> Found:
    """Find the logs under `paths`: files, folders (recursive) and glob patterns.

    Raises
    ------
    InputError
        A path does not exist, or a pattern matches nothing.
    """
    found = Found()
    seen: set[str] = set()
    for given in paths:
        for root in _expand(given):
            for path in _files(root, found):
                real = os.path.realpath(path)
                if real not in seen:
                    seen.add(real)
                    name = path.name if path == root else path.relative_to(root).as_posix()
                    _add(found, path, name, asked=path == root)
    return found


def _expand(given: str | os.PathLike[str]) -> list[Path]:
    path = Path(given)
    if path.exists():
        return [path]
    matches = sorted(glob.glob(str(given), recursive=True))  # noqa: PTH207 - patterns may be absolute
    if not matches:
        raise InputError("no such file or folder", where=str(given))
    return [Path(match) for match in matches]


def _files(root: Path, found: Found) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return

    def unreadable(error: OSError) -> None:
        name = os.fsdecode(error.filename or root)
        account = Account(name, name)
        account.problem("folder", f"cannot be listed: {error.strerror or error}")
        found.accounts.append(account)

    for folder, folders, names in os.walk(root, onerror=unreadable):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file():
                yield path


def _add(found: Found, path: Path, name: str, *, asked: bool) -> None:
    account = Account(_printable(name), str(path))
    try:
        account.size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        account.problem("file", f"cannot be opened: {error.strerror or error}")
        found.accounts.append(account)
        return
    source = sniff(head)
    if source is not None:
        account.format = source.name
    elif asked or path.suffix.lower() in LOG_SUFFIXES:
        account.problem("file", "is empty" if not head else "is not in a format that lotl reads")
    else:
        found.skipped.append(account.name)
        return
    found.accounts.append(account)


def sniff(head: bytes) -> Source | None:
    """Return the source that reads bytes starting with `head`, or None."""
    return next((source for source in SOURCES if source.sniff(head)), None)


def _printable(name: str) -> str:
    """Return a name that any output can hold: undecodable bytes of a file name become U+FFFD."""
    return name.encode("utf-8", "replace").decode("utf-8")
