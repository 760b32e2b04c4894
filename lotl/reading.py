"""Reading: from paths to blocks of bytes, and from blocks to `Events`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from lotl.errors import InputError
from lotl.events import Events, select
from lotl.frame import Partition
from lotl.sources.archive import ARCHIVES, Opened
from lotl.sources.base import Account, Block, Decoded, Extent
from lotl.sources.discover import Accounts, Found, Options, discover, sniffer
from lotl.sources.mapping import context_of, read_mapping
from lotl.sources.pack import pack
from lotl.sources.registry import by_name

BLOCK_BYTES: Final = 16 << 20
"""Bytes decoded together: large enough that fixed costs vanish, small enough to bound memory."""

ENGINES: Final = ("lotl", "python-evtx")
"""Who can decode EVTX."""

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all)."""


def read(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    start: Any = None,
    end: Any = None,
    computer: str | None = None,
    channel: str | None = None,
    event_id: int | Iterable[int] | None = None,
    engine: str = "lotl",
    progress: Progress | None = None,
    strict: bool = False,
    format: str = "",  # noqa: A002 - the name of the option everywhere
    mapping: str | os.PathLike[str] | None = None,
    password: str = "",
) -> Events:
    """Read logs into memory.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, folders (recursive), glob patterns, ``@list.txt`` (one of those per line), ``-`` (standard input). Files
        are told apart by content; archives are read without unpacking them.
    start, end : str, datetime or number, optional
        Half-open range of TimeCreated, UTC.
    computer, channel : str, optional
        Compared without case.
    event_id : int or iterable of int, optional
    engine : {"lotl", "python-evtx"}
        Who decodes EVTX: lotl's own decoder, or python-evtx (slow; a second opinion).
    progress : callable, optional
        Called with (bytes done, bytes in all) after every block.
    strict : bool
        Raise when anything could not be read, rather than keep it in ``events.accounts``.
    format : str, optional
        Read all files as this format (evtx, json, xml, csv, parquet, arrow), whatever they look like.
    mapping : path, optional
        YAML file that says which name of a house format is which (see `lotl.sources.mapping`).
    password : str, optional
        Of encrypted archives.

    Returns
    -------
    Events

    Raises
    ------
    InputError
        A path does not exist; with `strict`, a file is damaged.
    """
    found = find(paths, format=format, mapping=mapping, password=password)
    partitions: list[Partition] = []
    for _block, decoded in decode_all(found, engine=engine, progress=progress):
        for partition in decoded.partitions:
            part = Events([partition]).filter(
                channel=channel,
                event_id=event_id if isinstance(event_id, int) or event_id is None else list(event_id),
            )
            partitions += [select(kept, start=start, end=end, computer=computer) for kept in part.partitions]
    if strict:
        refuse_damage(found.accounts)
    return Events(partitions, found.accounts)


def find(
    paths: Any,
    *,
    format: str = "",  # noqa: A002
    mapping: str | os.PathLike[str] | None = None,
    password: str = "",
) -> Found:
    """Find the logs under `paths`; the options are those of `read`.

    Raises
    ------
    InputError
        A path does not exist, the format is unknown, or the mapping is wrong.
    """
    dialect = None if mapping is None else read_mapping(os.fspath(mapping))
    if dialect is not None and not format:
        raise InputError("a mapping needs the format of the logs", where=str(mapping), hint='format="json" or "csv"')
    return discover([paths] if isinstance(paths, str | os.PathLike) else paths, Options(format, dialect, password))


def decode_all(
    found: Found, *, engine: str = "lotl", progress: Progress | None = None, block_bytes: int = BLOCK_BYTES
) -> Iterator[tuple[Block, Decoded]]:
    """Decode the files of `found` block by block; their accounts grow on the way."""
    total, done = sum(account.size for account in found.accounts), 0
    for name, block in blocks(found.accounts, block_bytes):
        decoded = decode(name, block, engine)
        for source, account in decoded.accounts.items():
            found.accounts[source].add(account)
        yield block, decoded
        done += block.length
        if progress is not None:
            progress(min(done, total), total)


def blocks(accounts: list[Account], target: int = BLOCK_BYTES) -> Iterator[tuple[str, Block]]:
    """Cut files into blocks, small files of one format packed together; yields (format, block) in input order.

    Accounts of archive members are added to `accounts` on the way.
    """
    options = accounts.options if isinstance(accounts, Accounts) else Options()
    context = context_of(options.mapping) if options.mapping else ""
    names = dict.fromkeys(account.format for account in accounts if account.format not in ("", *ARCHIVES))
    for name in names:
        extents = _extents(name, accounts, target)
        for block in pack((_with(extent, context) for extent in extents), target):
            yield name, block
    for name, block in _unpacked(accounts, options, target):
        yield name, Block(tuple(_with(extent, context) for extent in block.extents))


def _with(extent: Extent, context: str) -> Extent:
    return replace(extent, context=extent.context + context) if context else extent


def _extents(name: str, accounts: list[Account], target: int) -> Iterator[Extent]:
    source = by_name(name)
    for number, account in enumerate(accounts):
        if account.format == name:
            try:
                yield from source.blocks(number, Path(account.path), account, target)
            except OSError as error:
                account.problem("file", f"cannot be read: {error.strerror or error}")


def _unpacked(accounts: list[Account], options: Options, target: int) -> Iterator[tuple[str, Block]]:
    """Yield blocks of what is in archives; members of one format share a block until it is full."""
    skipped = accounts.skipped if isinstance(accounts, Accounts) else []
    opened = Opened(accounts, skipped, sniffer(options), target, options.password)
    held: dict[str, list[Extent]] = {}
    for number in [n for n, account in enumerate(accounts) if account.format in ARCHIVES]:
        for name, extent in opened.extents(number):
            waiting = held.setdefault(name, [])
            if waiting and sum(each.length for each in waiting) + extent.length > target:
                yield name, Block(tuple(waiting))
                waiting.clear()
            waiting.append(extent)
    for name, waiting in held.items():
        if waiting:
            yield name, Block(tuple(waiting))


def decode(name: str, block: Block, engine: str = "lotl") -> Decoded:
    """Decode one block with the source called `name`."""
    if name == "evtx" and engine == "python-evtx":
        from lotl.sources.evtx import pythonevtx

        return pythonevtx.decode(block)
    if engine not in ENGINES:
        raise InputError(f"there is no engine {engine!r}", hint=f"engines are {' and '.join(ENGINES)}")
    return by_name(name).decode(block)


def refuse_damage(accounts: list[Account]) -> None:
    """Raise InputError when a file could not be read in full."""
    damaged = [account for account in accounts if account.damaged]
    if damaged:
        first = damaged[0].problems[0] if damaged[0].problems else None
        raise InputError(
            f"{len(damaged)} of {len(accounts)} files could not be read in full",
            where=damaged[0].name,
            hint=f"{first.where}: {first.what}" if first else "run without strict to read what is readable",
        )
