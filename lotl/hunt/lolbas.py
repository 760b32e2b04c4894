"""Native tools: what each is for, where it lives, what it is called inside, and whether one is out of place.

Examples
--------
>>> tool("C:\\\\Windows\\\\System32\\\\ntdsutil.exe").intruders
'copies the directory database with all its hashes'
>>> unexpected("C:\\\\Users\\\\Public\\\\svchost.exe").reason
'svchost.exe outside its folders'
>>> unexpected("C:\\\\Temp\\\\n.exe", "ntdsutil.exe").reason
'ntdsutil.exe under the name n.exe'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from lotl.hunt.lolbas_table import TOOLS

_WINDOWS: Final = r"(?:[a-z]:|\\device\\harddiskvolume\d+|%systemdrive%)\\windows"
_FOLDERS: Final = {
    "s": rf"{_WINDOWS}\\(?:system32|syswow64|sysnative|sysarm32)",
    "o": rf"{_WINDOWS}\\(?:system32|sysnative)",
    "w": _WINDOWS,
    "b": rf"{_WINDOWS}\\(?:system32|syswow64|sysnative)\\wbem",
    "p": rf"{_WINDOWS}\\(?:system32|syswow64|sysnative)\\windowspowershell\\v1\.0",
    "n": rf"{_WINDOWS}\\microsoft\.net\\framework(?:64|arm64)?\\v[\d.]+",
    "h": rf"{_WINDOWS}\\(?:system32|sysnative)\\openssh",
    "d": r"[a-z]:\\programdata\\microsoft\\windows defender\\platform\\[\d.-]+(?:\\x86)?",
    "i": rf"{_WINDOWS}\\(?:system32|syswow64)\\inetsrv",
    "f": r"[a-z]:\\program files(?: \(x86\))?\\.+",
    "*": ".*",
}
_SERVICING: Final = rf"{_WINDOWS}\\(?:winsxs\\.+|servicing\\.+|softwaredistribution\\.+|\$windows\.~\w+\\.+)"
"""Where Windows keeps further copies of its files."""

_PARENTS: Final = {
    "shell": ("cmd.exe", "powershell.exe", "pwsh.exe"),
    "svc": ("services.exe", "svchost.exe", "taskeng.exe", "taskhostw.exe"),
    "user": ("explorer.exe",),
    "agent": ("ccmexec.exe", "wmiprvse.exe", "waappagent.exe", "healthservice.exe", "monitoringhost.exe"),
    "inst": ("msiexec.exe", "setup.exe", "trustedinstaller.exe", "dismhost.exe"),
}


@dataclass(frozen=True)
class Tool:
    """A native tool.

    Attributes
    ----------
    name : str
        File name, lower case.
    original : tuple of str
        OriginalFileName of its version resource, as Windows ships it; several where versions differ.
    folders : tuple of str
        Where it lives: regular expressions over lower-case folders, without the last separator.
    admins, intruders : str
        What it is used for.
    parents : tuple of str
        Usual parents: file names, lower case.
    admin_only : bool
        Hardly anybody but administrators and their agents needs it.
    techniques : tuple of str
        ATT&CK techniques that it serves.
    """

    name: str
    original: tuple[str, ...]
    folders: tuple[str, ...]
    admins: str
    intruders: str
    parents: tuple[str, ...]
    admin_only: bool
    techniques: tuple[str, ...]

    def belongs(self, folder: str) -> bool:
        """Tell whether the tool lives in `folder` on an ordinary machine.

        Examples
        --------
        >>> tool("net.exe").belongs("C:\\\\Windows\\\\System32"), tool("net.exe").belongs("C:\\\\Temp")
        (True, False)
        """
        low = folder.lower().rstrip("\\")
        return any(re.fullmatch(pattern, low) for pattern in (*self.folders, _SERVICING))


@dataclass(frozen=True)
class Unexpected:
    """Why an image is out of place.

    Attributes
    ----------
    tool : Tool
        What it is, or pretends to be.
    reason : str
    renamed : bool
        It has another name than its version resource says; else it is in a wrong folder.
    """

    tool: Tool
    reason: str
    renamed: bool


@cache
def tools() -> dict[str, Tool]:
    """Return all tools by file name."""
    found = (_tool(line) for line in TOOLS.strip().splitlines())
    return {tool.name: tool for tool in found}


def _tool(line: str) -> Tool:
    name, original, folders, admins, intruders, parents, who, techniques = (part.strip() for part in line.split("|"))
    above = [parent for word in parents.split() for parent in _PARENTS.get(word, (word,))]
    return Tool(
        name,
        (name,) if original == "-" else tuple(original.split()),
        tuple(_FOLDERS[folder] for folder in folders.split()),
        admins,
        intruders,
        tuple(dict.fromkeys(above)),
        who == "admin",
        tuple(techniques.split()),
    )


@cache
def _by_original() -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    for entry in tools().values():
        for original in entry.original:
            found.setdefault(original.lower(), entry)
    return found


def tool(image: str, original_file_name: str | None = None) -> Tool | None:
    """Return the tool that a process is: by its version resource if that is known, else by its file name.

    Parameters
    ----------
    image : str
        Path or file name, with or without ``.exe``.
    original_file_name : str, optional
        As Sysmon logs it; ``-`` and ``?`` mean that the file has none.

    Examples
    --------
    >>> tool("C:\\\\x\\\\ronf.exe", "CertUtil.exe").name, tool("net").name, tool("word.exe")
    ('certutil.exe', 'net.exe', None)
    """
    original = (original_file_name or "").strip().lower()
    if original and original not in ("-", "?") and (known := _by_original().get(original)) is not None:
        return known
    return tools().get(_name(image))


def _name(image: str) -> str:
    name = image.strip().strip('"').replace("/", "\\").rpartition("\\")[2].lower().rstrip(". ")
    return name if "." in name else f"{name}.exe"


def unexpected(image: str, original_file_name: str | None = None) -> Unexpected | None:
    """Tell whether a process image is a native tool in a wrong folder or under another name.

    Parameters
    ----------
    image : str
        Full path. A bare name tells nothing about the folder.
    original_file_name : str, optional
        As Sysmon logs it. Without it a renamed tool cannot be told.

    Returns
    -------
    Unexpected or None
        None for tools in their place and for programs that are not in the table.
    """
    found = tool(image, original_file_name)
    if found is None:
        return None
    name = _name(image)
    if name != found.name and name not in {original.lower() for original in found.original}:
        return Unexpected(found, f"{found.name} under the name {name}", True)
    folder, separator, _ = image.strip().strip('"').replace("/", "\\").rpartition("\\")
    if not separator:
        return None
    for prefix in ("\\\\?\\", "\\??\\"):
        folder = folder.removeprefix(prefix)
    if found.belongs(folder):
        return None
    return Unexpected(found, f"{found.name} outside its folders", False)
