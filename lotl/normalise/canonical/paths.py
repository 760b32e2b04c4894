"""Paths without detours: one spelling for one place."""

from __future__ import annotations

import re
from typing import Final

from lotl.normalise.canonical.model import Trail
from lotl.normalise.canonical.vocabulary import NATIVE, SHORT_NAMES

_LOOKS: Final = re.compile(r"[\\/]|~\d|::\$|\.\s*$")
_DEVICE: Final = re.compile(r"^(?:[\\/]{2}[?.]|\\\?\?)[\\/](?:UNC[\\/])?(?=[A-Za-z]:[\\/])", re.I)
_DEVICE_UNC: Final = re.compile(r"^[\\/]{2}[?.][\\/]UNC[\\/]", re.I)
_SELF: Final = re.compile(
    r"^[\\/]{2}(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[?::1\]?|0--1\.ipv6-literal\.net|\.)[\\/]+([A-Za-z])\$(?=[\\/]|$)",
    re.I,
)
_DRIVE: Final = re.compile(r"^[A-Za-z]:[\\/]")
_KERNEL_ROOT: Final = re.compile(r"^\\?SystemRoot\\", re.I)
_SHORT: Final = re.compile(r"^([A-Za-z0-9_$-]{1,6})~(\d{1,2})(\.[A-Za-z]{1,3})?$")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://")
_PREFIX: Final = re.compile(
    r"""^((?:\d?[<>]{1,2})?["'(]*(?:[-/][A-Za-z]{1,24}[=:]|[A-Za-z]{2,24}[=:])?["']?)"""
    r"""(?=(?:[A-Za-z]:[\\/]|[\\/]{2}|\.{1,2}[\\/]|\\))"""
)


def clean_path(text: str, trail: Trail) -> str:
    """Return a word with its path, if it has one, cleaned; any other word is returned as it is.

    Examples
    --------
    >>> clean_path("C:/Windows/.\\\\Temp\\\\..\\\\\\\\System32\\\\net.exe", Trail())
    'C:\\\\Windows\\\\System32\\\\net.exe'
    >>> clean_path("\\\\\\\\127.0.0.1\\\\c$\\\\PROGRA~1\\\\x", Trail())
    'C:\\\\Program Files\\\\x'
    """
    if not _LOOKS.search(text) or _URL.search(text) or len(text) > 4096:
        return text
    found = _PREFIX.match(text)
    head = found.group(1) if found else ""
    path = text[len(head) :]
    tail = ""
    if path.endswith(('"', "'", ")", ",", ";")):
        stripped = path.rstrip("\"'),;")
        tail, path = path[len(stripped) :], stripped
    return trail.note("path", text, head + _clean(path) + tail)


def _clean(path: str) -> str:
    path = _DEVICE.sub("", path)
    path = _DEVICE_UNC.sub(r"\\\\", path)
    path = _KERNEL_ROOT.sub(r"C:\\Windows\\", path)
    path = _SELF.sub(lambda found: f"{found.group(1).upper()}:", path)
    path = re.sub(r"::\$(?:DATA|INDEX_ALLOCATION)$", "", path, flags=re.I)
    if _DRIVE.match(path) or "\\" in path[1:]:
        if path.lstrip("\"'")[:1] != "/":  # a switch with a path after it keeps its slash
            path = path.replace("/", "\\")
        return _parts(path)
    short = _SHORT.match(path)
    return _long_name(path, "", short) if short else _bare(path)


def _parts(path: str) -> str:
    """Resolve dots, doubled separators, short names and trailing dots, part by part."""
    lead = ""
    if path.startswith("\\\\"):
        lead, path = "\\\\", path.lstrip("\\")
        if path[:2] in ("?\\", ".\\"):  # the object manager's own names: nothing in them is relative
            return lead + path
    elif path.startswith("\\"):
        lead, path = "\\", path.lstrip("\\")
    kept: list[str] = []
    parts = path.split("\\")
    for number, part in enumerate(parts):
        name = part if set(part) <= {"."} else part.rstrip(". ")
        last = number == len(parts) - 1
        if name == "." or (not name and not last):
            if number == 0 and name == ".":
                kept.append(name)
            continue
        below = kept and kept[-1] not in ("..", ".") and not kept[-1].endswith(":") and not _fixed(lead, kept)
        if name == ".." and below:
            kept.pop()
            if last:
                kept.append("")
            continue
        if name == ".." and kept and kept[-1].endswith(":"):
            continue
        short = _SHORT.match(name)
        kept.append(_long_name(name, "\\".join(kept), short) if short else name)
    return lead + _same_folder("\\".join(kept))


def _fixed(lead: str, kept: list[str]) -> bool:
    """Tell whether the last part is a server or share, which ``..`` cannot leave."""
    return lead == "\\\\" and len(kept) <= 2


def _same_folder(path: str) -> str:
    return re.sub(r"(?i)(?<=:\\Windows\\)Sysnative(?=\\|$)", "System32", path)


def _long_name(name: str, folder: str, short: re.Match[str]) -> str:
    stem, number, extension = short.group(1).lower(), short.group(2), short.group(3) or ""
    known = SHORT_NAMES.get((stem, number, folder.rpartition("\\")[2].lower())) or SHORT_NAMES.get((stem, number, ""))
    if known and not extension:
        return known
    if extension.lower() == ".exe":
        tools = [tool for tool in sorted(NATIVE) if tool.startswith(stem) and len(tool) >= 8]
        if len(tools) == 1 or (tools and number == "1" and stem == "powers"):
            return f"{'powershell' if 'powershell' in tools else tools[0]}{extension}"
    return name


def _bare(path: str) -> str:
    """Drop trailing dots of a program's name (``net.exe.``)."""
    return path.rstrip(".") if path.lower().rstrip(".").endswith((".exe", ".com", ".dll", ".bat", ".cmd")) else path


def program_name(path: str) -> str:
    """Return the name of a program without folder and extension, in lower case.

    Examples
    --------
    >>> program_name('"C:\\\\Windows\\\\System32\\\\NET1.EXE"')
    'net1'
    """
    name = path.strip("\"' ").replace("/", "\\").rpartition("\\")[2].lower().rstrip(". ")
    for extension in (".exe", ".com", ".bat", ".cmd", ".msc"):
        if name.endswith(extension):
            return name[: -len(extension)]
    return name
