"""The table of native tools is complete, well formed, and tells what is out of place."""

from __future__ import annotations

import re

import pytest

from lotl.hunt.lolbas import tool, tools, unexpected
from lotl.hunt.lolbas_table import TOOLS


def test_the_table_is_well_formed() -> None:
    lines = TOOLS.strip().splitlines()
    assert len(lines) == len(tools()) >= 120, "no tool twice"
    for line in lines:
        assert line.count("|") == 7, line
    for found in tools().values():
        assert found.name == found.name.lower() and found.name.endswith(".exe")
        assert found.original and found.folders and found.parents
        assert 5 < len(found.admins) < 90 and 5 < len(found.intruders) < 90
        assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", technique) for technique in found.techniques), found.name
        assert found.techniques


@pytest.mark.parametrize(
    ("image", "original", "name"),
    [
        ("C:\\Windows\\System32\\cmd.exe", None, "cmd.exe"),
        ("C:\\Windows\\System32\\CMD.EXE", "Cmd.Exe", "cmd.exe"),
        ('"C:/Windows/System32/net.exe"', None, "net.exe"),
        ("net1", None, "net1.exe"),
        ("C:\\t\\a.exe", "PowerShell.EXE", "powershell.exe"),
        ("C:\\Windows\\System32\\systeminfo.exe", "sysinfo.exe", "systeminfo.exe"),
        ("C:\\Windows\\System32\\gpresult.exe", "gprslt.exe", "gpresult.exe"),
        ("C:\\Windows\\System32\\whoami.exe", "-", "whoami.exe"),
        ("C:\\Windows\\System32\\whoami.exe", "?", "whoami.exe"),
    ],
)
def test_a_tool_is_known_by_name_and_by_what_it_is_called_inside(image: str, original: str | None, name: str) -> None:
    found = tool(image, original)
    assert found is not None and found.name == name


@pytest.mark.parametrize(
    ("image", "original"),
    [
        ("C:\\Windows\\System32\\cmd.exe", "Cmd.Exe"),
        ("c:\\windows\\syswow64\\rundll32.exe", "RUNDLL32.EXE"),
        ("C:\\Windows\\System32\\wbem\\WMIC.exe", "wmic.exe"),
        ("C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", "PowerShell.EXE"),
        ("C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\MSBuild.exe", "MSBuild.exe"),
        ("C:\\Program Files\\Microsoft Visual Studio\\2022\\MSBuild\\Current\\Bin\\MSBuild.exe", "MSBuild.exe"),
        ("C:\\Windows\\WinSxS\\amd64_x_1\\net.exe", "net.exe"),
        ("C:\\Windows\\explorer.exe", "EXPLORER.EXE"),
        ("\\Device\\HarddiskVolume3\\Windows\\System32\\svchost.exe", None),
        ("\\??\\C:\\Windows\\system32\\conhost.exe", None),
        ("C:\\Windows\\System32\\nltest.exe", "nltestrk.exe"),
        ("C:\\Windows\\System32\\driverquery.exe", "drvqry.exe"),
        ("C:\\Windows\\System32\\OpenSSH\\ssh.exe", "-"),
        ("C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.2301.6-0\\MpCmdRun.exe", None),
        ("cmd.exe", None),
        ("C:\\t\\unheard-of.exe", "Unheard.exe"),
    ],
)
def test_what_is_in_its_place(image: str, original: str | None) -> None:
    assert unexpected(image, original) is None


@pytest.mark.parametrize(
    ("image", "original", "renamed"),
    [
        ("C:\\Users\\Public\\svchost.exe", None, False),
        ("C:\\Windows\\lsass.exe", None, False),
        ("C:\\Windows\\Temp\\net.exe", "net.exe", False),
        ("C:\\Windows\\SysWOW64\\vssadmin.exe", None, None),
        ("C:\\Windows\\SysWOW64\\lsass.exe", None, False),
        ("C:\\PerfLogs\\n.exe", "ntdsutil.exe", True),
        ("C:\\Windows\\System32\\sethc.exe", "Cmd.Exe", True),
        ("D:\\x\\cmd.exe", "Cmd.Exe", False),
        ("C:\\Windows\\System32x\\cmd.exe", None, False),
        ("C:\\x\\Windows\\System32\\cmd.exe", None, False),
    ],
)
def test_what_is_out_of_place(image: str, original: str | None, renamed: bool | None) -> None:
    found = unexpected(image, original)
    assert (None if found is None else found.renamed) == renamed


def test_who_needs_a_tool() -> None:
    ntdsutil, ipconfig = tool("ntdsutil"), tool("ipconfig")
    assert ntdsutil is not None and ntdsutil.admin_only and "cmd.exe" in ntdsutil.parents
    assert ipconfig is not None and not ipconfig.admin_only
