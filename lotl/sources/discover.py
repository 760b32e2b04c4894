"""From the paths that a user gives to the files that will be read.

Files are told apart by content. Folders are walked in sorted order, links to folders are not followed (no loops), and
what is no log is listed, not hidden. In a folder, an EVTX log with an export of it beside it (``x.evtx``, ``x.json``)
is one log: the export is not read.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lotl.errors import InputError
from lotl.normalise.dialects.base import Dialect
from lotl.sources.archive import STDIN, sniff_archive
from lotl.sources.base import Account, Checked, Source
from lotl.sources.registry import SOURCES, by_name

HEAD: Final = 1 << 16
LOG_SUFFIXES: Final = frozenset({".evtx"})
"""A file with such a name that is of no known format is a damaged log, not a bystander."""


@dataclass(frozen=True)
class Options:
    """What the user says about the logs.

    Attributes
    ----------
    format : str
        Name of the source that reads all files, whatever they look like; "" to tell by content.
    mapping : Dialect or None
        Names of a house format.
    password : str
        Of encrypted archives.
    """

    format: str = ""
    mapping: Dialect | None = None
    password: str = field(default="", repr=False)


class Accounts(list[Account]):
    """The accounts of a run, with what is needed to add those of archive members."""

    def __init__(self, options: Options, skipped: list[str]) -> None:
        super().__init__()
        self.options, self.skipped = options, skipped


@dataclass
class Found:
    """The files of a run.

    Attributes
    ----------
    accounts : list of Account
        One per file that is a log or claims to be one, in reading order. `format` names the source that reads it; it is
        "" where none can, and the account then says why. Members of archives are added when the archive is read.
    skipped : list of str
        Names of files in folders that are no logs, and of exports beside the log itself.
    """

    accounts: list[Account] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def discover(paths: Iterable[str | os.PathLike[str]], options: Options | None = None) -> Found:
    """Find the logs under `paths`.

    Parameters
    ----------
    paths : iterable of paths
        Files, folders (recursive), glob patterns, ``@list.txt`` (a file with one of those per line) and ``-`` (standard
        input).
    options : Options, optional

    Raises
    ------
    InputError
        A path does not exist, a pattern matches nothing, or a format is unknown.
    """
    options = options or Options()
    if options.format and options.format not in FORMATS:
        raise InputError(f"there is no format {options.format!r}", hint=f"formats are {', '.join(FORMATS)}")
    skipped: list[str] = []
    found = Found(Accounts(options, skipped), skipped)
    seen: set[str] = set()
    for given in _listed(paths):
        if os.fspath(given) == STDIN:
            found.accounts.append(Account("standard input", STDIN, format="stdin"))
            continue
        for root in _expand(given):
            for path in _files(root, found):
                real = os.path.realpath(path)
                if real not in seen:
                    seen.add(real)
                    name = path.name if path == root else path.relative_to(root).as_posix()
                    _add(found, path, name, asked=path == root, options=options)
    return found


def _listed(paths: Iterable[str | os.PathLike[str]]) -> Iterator[str | os.PathLike[str]]:
    """Yield the paths, those in lists (``@file``, not nested) in their place."""
    for given in paths:
        text = os.fspath(given)
        if not text.startswith("@") or Path(text).exists():
            yield given
            continue
        try:
            lines = Path(text[1:]).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the list of files cannot be read: {error}", where=text[1:]) from error
        yield from (line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#"))


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
        logs = {Path(name).stem.lower(): name for name in names if name.lower().endswith(".evtx")}
        for name in sorted(names):
            path = Path(folder, name)
            log = logs.get(path.stem.lower(), name)
            if not path.is_file():
                continue
            if path.suffix.lower() != ".evtx" and log != name:
                found.skipped.append(f"{_printable(path.relative_to(root).as_posix())} (beside {_printable(log)})")
            else:
                yield path


def _add(found: Found, path: Path, name: str, *, asked: bool, options: Options) -> None:
    account = Account(_printable(name), str(path))
    try:
        account.size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        account.problem("file", f"cannot be opened: {error.strerror or error}")
        found.accounts.append(account)
        return
    archive = sniff_archive(head)
    source = None if archive else by_name(options.format) if options.format else sniff(head)
    if isinstance(source, Checked) and not (asked or options.format) and not source.is_log(path):
        source = None
    if archive:
        account.format = archive
    elif source is not None:
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


FORMATS: Final = tuple(source.name for source in SOURCES)
"""What `Options.format` may be."""


def sniffer(options: Options) -> Callable[[bytes], Source | None]:
    """Return what finds the source for the first bytes of an archive's member."""
    if options.format:
        forced = by_name(options.format)
        return lambda head: forced if head else None
    return sniff


def _printable(name: str) -> str:
    """Return a name that any output can hold: undecodable bytes of a file name become U+FFFD."""
    return name.encode("utf-8", "replace").decode("utf-8")
