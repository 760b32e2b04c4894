"""A cache on disk for what is compiled from rules: named blobs of bytes in one file per key.

Plain data only, so that nothing in a cache file can be executed. Files are written beside and moved into place, so
that processes may race; a file that is damaged, of another version or unreadable is as good as none, and a directory
that cannot be written costs only the time that the cache would have saved.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from lotl._version import __version__
from lotl.kernel_cache import DIRECTORY_VARIABLE

FORMAT: Final = 2
"""Raise it when what is stored, or what rules mean, changes."""
KEPT: Final = 64
"""Files that stay; the ones longest unused go."""

_MAGIC: Final = b"lotl rules cache\n"


def directory() -> Path:
    """Return the directory of the cache (``LOTL_CACHE_DIR``, else the user's cache directory)."""
    chosen = os.environ.get(DIRECTORY_VARIABLE)
    if chosen:
        return Path(chosen) / "rules"
    import platformdirs

    return Path(platformdirs.user_cache_dir("lotl", appauthor=False)) / "rules"


def digest(parts: Iterable[bytes]) -> str:
    """Return a key for the given bytes and everything else that decides what is made of them.

    That is: the versions of lotl, of this format, of pySigma and of Python (whose `re` judges regular expressions).
    """
    made_by = f"{FORMAT} {__version__} {_pysigma()} {sys.version_info[:2]}"
    total = hashlib.blake2b(made_by.encode(), digest_size=20)
    for part in parts:
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return total.hexdigest()


def _pysigma() -> str:
    """Return pySigma's version from the name of its metadata folder: a fiftieth of the time of importlib.metadata."""
    from importlib.util import find_spec

    spec = find_spec("sigma")
    for place in (spec.submodule_search_locations if spec else None) or ():
        for name in Path(place).parent.glob("*.dist-info"):
            if name.name.lower().startswith("pysigma-"):
                return name.name
    return ""


def read(kind: str, key: str) -> dict[str, memoryview] | None:
    """Return the blobs stored under a key, or None."""
    path = directory() / f"{kind}-{key}.bin"
    try:
        data = path.read_bytes()
        found = _unpack(data)
        os.utime(path)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found


def _unpack(data: bytes) -> dict[str, memoryview]:
    view = memoryview(data)
    start = len(_MAGIC) + 8
    if data[: len(_MAGIC)] != _MAGIC or int.from_bytes(view[len(_MAGIC) : start], "little") != zlib.crc32(view[start:]):
        raise ValueError("damaged")
    end = start + 4 + int.from_bytes(view[start : start + 4], "little")
    blobs, at = {}, end
    for name, size in json.loads(bytes(view[start + 4 : end])):
        blobs[str(name)] = view[at : at + size]
        at += size
    return blobs


def write(kind: str, key: str, blobs: Mapping[str, bytes]) -> bool:
    """Store blobs under a key; say whether that worked."""
    index = json.dumps([(name, len(blob)) for name, blob in blobs.items()]).encode()
    body = b"".join((len(index).to_bytes(4, "little"), index, *blobs.values()))
    data = _MAGIC + zlib.crc32(body).to_bytes(8, "little") + body
    folder = directory()
    temporary = ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(".part", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(folder / f"{kind}-{key}.bin")
    except OSError:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink()
        return False
    _prune(folder)
    return True


def _prune(folder: Path) -> None:
    with suppress(OSError):
        files = [(path.stat().st_mtime, path) for path in folder.glob("*.bin")]
        for _, path in sorted(files)[:-KEPT]:
            path.unlink(missing_ok=True)
