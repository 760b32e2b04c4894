"""Writing results: the suffix says the format; a file appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from lotl.errors import OutputError
from lotl.hits import Hits
from lotl.report import csv, jsonl, parquet


def _csv(hits: Hits, path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.write(hits, file)


def _jsonl(hits: Hits, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        jsonl.write(hits, file)


WRITERS: Final[dict[str, Callable[[Hits, Path], None]]] = {
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".parquet": parquet.write,
}
"""Suffix to writer."""


def check(path: str | os.PathLike[str]) -> None:
    """Raise OutputError when `path` cannot be an output: before hours of work, not after.

    Examples
    --------
    >>> check("hits.docx")
    Traceback (most recent call last):
    ...
    lotl.errors.OutputError: hits.docx: there is no output format '.docx' (known: .csv .jsonl .parquet)
    """
    target = Path(path)
    if target.suffix.lower() not in WRITERS:
        known = " ".join(WRITERS)
        raise OutputError(f"there is no output format '{target.suffix}'", where=str(path), hint=f"known: {known}")
    if target.is_dir() or not target.absolute().parent.is_dir():
        raise OutputError("cannot be written: not a file in an existing folder", where=str(path))


def write(hits: Hits, path: str | os.PathLike[str]) -> None:
    """Write `hits` to `path` in the format of its suffix.

    Raises
    ------
    OutputError
        The suffix is unknown, or the file cannot be written.
    """
    check(path)
    target = Path(path)
    try:
        # Beside the target, so that the last step is a rename on one file system.
        handle, temporary = tempfile.mkstemp(prefix=".lotl-", suffix=target.suffix, dir=target.absolute().parent)
        os.close(handle)
        try:
            WRITERS[target.suffix.lower()](hits, Path(temporary))
            Path(temporary).replace(target)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=str(path)) from error
