"""Variables: those that every Windows has, and those that a command line sets for itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

KNOWN: Final[Mapping[str, str]] = {
    "comspec": "C:\\Windows\\system32\\cmd.exe",
    "systemroot": "C:\\Windows",
    "windir": "C:\\Windows",
    "systemdrive": "C:",
    "homedrive": "C:",
    "programfiles": "C:\\Program Files",
    "programfiles(x86)": "C:\\Program Files (x86)",
    "programw6432": "C:\\Program Files",
    "commonprogramfiles": "C:\\Program Files\\Common Files",
    "commonprogramfiles(x86)": "C:\\Program Files (x86)\\Common Files",
    "commonprogramw6432": "C:\\Program Files\\Common Files",
    "programdata": "C:\\ProgramData",
    "allusersprofile": "C:\\ProgramData",
    "public": "C:\\Users\\Public",
    "os": "Windows_NT",
    "processor_architecture": "AMD64",
    "driverdata": "C:\\Windows\\System32\\Drivers\\DriverData",
    "pathext": ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC",
    "psmodulepath": "C:\\Program Files\\WindowsPowerShell\\Modules;"
    "C:\\Windows\\system32\\WindowsPowerShell\\v1.0\\Modules",
    "path": "C:\\Windows\\system32;C:\\Windows;C:\\Windows\\System32\\Wbem;"
    "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\",
    "sessionname": "Console",
    "prompt": "$P$G",
}
"""Variables whose value is the same on nearly every machine."""

ENDINGS: Final[Mapping[str, str]] = {
    "temp": "\\AppData\\Local\\Temp",
    "tmp": "\\AppData\\Local\\Temp",
    "appdata": "\\AppData\\Roaming",
    "localappdata": "\\AppData\\Local",
}
"""Variables of which only the end is the same everywhere: good for substrings counted from the end."""

LINE: Final = 8191
"""Longest line that the command interpreter works on (Microsoft, "Command prompt line string limitation")."""

_NAME: Final = r"([^%!:\s=&|<>\"^][^%!:=&|<>\"^]{0,63})(?::(~[^%!]{0,24}|[^%!=]{1,128}=[^%!]{0,128}))?"
_PERCENT: Final = re.compile(f"%{_NAME}%")
_DELAYED: Final = re.compile(f"!{_NAME}!")
_PLACES: Final = re.compile(r"~\s*(-?\d{1,6})?\s*(?:,\s*(-?\d{1,6}))?\s*$")


def expand(text: str, own: Mapping[str, str], *, delayed: bool = False) -> str:
    """Return `text` with the values of variables that are known.

    Parameters
    ----------
    text : str
    own : mapping of str to str
        Variables that the command line set itself, by lower-case name; they go first.
    delayed : bool
        Expand ``!name!`` rather than ``%name%``.

    Examples
    --------
    >>> expand("%comspec% /c %x:~0,3% %no%", {"x": "netu"})
    'C:\\\\Windows\\\\system32\\\\cmd.exe /c net %no%'
    """
    if ("!" if delayed else "%") not in text:
        return text
    room = max(LINE, len(text))

    def value(found: re.Match[str]) -> str:
        nonlocal room
        known = lookup(found.group(1), found.group(2), own)
        if known is None or len(known) > room:
            return found.group()
        room -= len(known)
        return known

    return (_DELAYED if delayed else _PERCENT).sub(value, text)


def lookup(name: str, change: str | None, own: Mapping[str, str]) -> str | None:
    """Return the value of a variable, cut or replaced in as ``%name:change%`` asks; None if it is not known."""
    name = name.lower()
    value = own.get(name, KNOWN.get(name))
    if value is None and change and change.startswith("~-"):
        value = ENDINGS.get(name)
    if value is None or change is None:
        return value
    return _substring(value, change) if change.startswith("~") else _replaced(value, change)


def _substring(value: str, change: str) -> str | None:
    places = _PLACES.match(change)
    if places is None:
        return None
    start, length = int(places.group(1) or 0), places.group(2)
    start = max(0, len(value) + start) if start < 0 else start
    if length is None:
        return value[start:]
    count = int(length)
    return value[start : start + count] if count >= 0 else value[start : len(value) + count]


def _replaced(value: str, change: str) -> str:
    old, _, new = change.partition("=")
    if old.startswith("*") and len(old) > 1:
        at = value.lower().find(old[1:].lower())
        return value if at < 0 else new + value[at + len(old) - 1 :]
    return re.sub(re.escape(old), lambda _: new, value, flags=re.I)[:LINE]
