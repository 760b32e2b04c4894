"""Where rules come from: files, folders, built-in packs, YAML text, mappings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from lotl.errors import InputError

SUFFIXES = (".yml", ".yaml")
PACKS = ("lotl",)
"""Names of the built-in packs."""

Source: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any]"


class Origin(NamedTuple):
    """One file, text or mapping.

    Attributes
    ----------
    name : str
        File as the user gave it, ``/`` separators; "" for text and mappings.
    data : bytes
        YAML.
    content : mapping or None
        A document that is already parsed.
    sought : bool
        The user named it: what it holds must be rules. False for a file found in a folder.
    problem : str
        Why it could not be read.
    """

    name: str
    data: bytes = b""
    content: Mapping[str, Any] | None = None
    sought: bool = True
    problem: str = ""


def gather(sources: tuple[Source, ...]) -> list[Origin]:
    """Find and read everything that `sources` name, in their order; folders by path.

    Raises
    ------
    InputError
        A source is no file, folder, pack, YAML text or mapping.
    """
    return [origin for source in sources for origin in _origins(source)]


def _origins(source: Source) -> Iterator[Origin]:
    if isinstance(source, Mapping):
        yield Origin("", content=source)
    elif isinstance(source, str) and not source.strip():
        raise InputError("there is no rule in an empty text", hint="give a file, a folder, a pack name or YAML text")
    elif isinstance(source, str) and source in PACKS:
        yield from _folder(pack_folder(source), source)
    elif isinstance(source, str) and ("\n" in source or source.lstrip().startswith("{")):
        yield Origin("", source.encode("utf-8", "replace"))
    elif isinstance(source, str | os.PathLike):
        yield from _path(Path(source))
    else:
        raise InputError(
            f"rules cannot come from a {type(source).__name__}",
            hint="give a file, a folder, a pack name, YAML text or a mapping",
        )


def _path(path: Path) -> Iterator[Origin]:
    if path.is_dir():
        yield from _folder(path, path.as_posix())
    elif path.exists():
        yield _read(str(path), path.as_posix(), True)
    else:
        raise InputError("no such rule file, folder or pack", where=str(path), hint=f"packs: {', '.join(PACKS)}")


def _folder(folder: Path, shown: str) -> Iterator[Origin]:
    root, shown = str(folder), shown.rstrip("/")
    for parent, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = parent[len(root) :].replace(os.sep, "/").strip("/")
        place = f"{shown}/{below}" if below else shown
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield _read(f"{parent}{os.sep}{name}", f"{place}/{name}", False)


def _read(path: str, shown: str, sought: bool) -> Origin:
    shown = shown.encode("utf-8", "replace").decode("utf-8")  # a file name need not be valid Unicode
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - three thousand times; pathlib takes twice as long
            return Origin(shown, file.read(), None, sought)
    except OSError as error:
        return Origin(shown, b"", None, True, f"cannot be read: {error.strerror or error}")


def pack_folder(name: str) -> Path:
    """Return the folder of a built-in pack: in the installed package, else in the checkout.

    Raises
    ------
    InputError
        The package was built without its rules.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_rules", package.parent / "sigma_rules"):
        if folder.is_dir():
            return folder
    raise InputError(f"the rules of the pack '{name}' are not installed", hint="reinstall lotl-hunt")
