"""Canonical command lines: what is undone, form by form; what must never happen."""

from __future__ import annotations

import base64
import gzip
import zlib

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lotl.columns import ABSENT, NULL, Text
from lotl.normalise.canonical import canonical
from lotl.normalise.canonical.column import canonical_column, something_to_undo, texts_of
from lotl.normalise.canonical.model import COMMANDS, INPUT, OUTPUT, STEPS, Trail
from lotl.normalise.canonical.read import read

from .canonical_cases import CLEAN, HOLDS, SCRIPTS, TEXTS


def wide(text: str) -> str:
    """Encode as powershell.exe wants it."""
    return base64.b64encode(text.encode("utf-16-le")).decode()


@pytest.mark.parametrize(("raw", "wanted"), TEXTS)
def test_the_whole_command_line(raw: str, wanted: str) -> None:
    assert canonical(raw).text == wanted


@pytest.mark.parametrize(("raw", "wanted"), HOLDS)
def test_the_commands_inside(raw: str, wanted: tuple[str, ...]) -> None:
    found = canonical(raw).commands
    assert [command for command in wanted if command not in found] == [], found


@pytest.mark.parametrize(("raw", "wanted"), SCRIPTS)
def test_scripts(raw: str, wanted: str) -> None:
    found = canonical(raw, script=True)
    assert wanted in (found.text, *found.commands), (found.text, found.commands)


@pytest.mark.parametrize("text", CLEAN)
def test_plain_command_lines_stay_as_they_are(text: str) -> None:
    found = canonical(text)
    assert (found.text, found.commands, found.steps) == (text, (), ())
    assert not something_to_undo(pa.array([text]))[0]


@pytest.mark.parametrize("text", CLEAN)
def test_nothing_is_undone_twice(text: str) -> None:
    assert canonical(canonical(text).text).text == canonical(text).text


@pytest.mark.parametrize(("raw", "wanted"), TEXTS)
def test_canonical_text_is_canonical(raw: str, wanted: str) -> None:
    assert "^" in wanted or canonical(wanted).text == wanted  # one caret of two is left to the next interpreter


@pytest.mark.parametrize(("raw", "wanted"), TEXTS)
def test_the_filter_lets_through_what_changes(raw: str, wanted: str) -> None:
    assert raw == wanted or something_to_undo(pa.array([raw]))[0]


def test_steps_say_what_was_undone() -> None:
    found = canonical('cmd /c "n^et  gr"oup" x /do"')
    assert found.steps
    assert {"odd spaces", "carets", "inserted quotes", "abbreviation"} <= {step.what for step in found.steps}
    assert str(next(step for step in found.steps if step.what == "abbreviation")) == "abbreviation: /do → /domain"


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_encoded_commands_inside_encoded_commands(depth: int) -> None:
    text = "whoami /all"
    for _ in range(depth):
        text = f"powershell -enc {wide(text)}"
    assert canonical(text).commands[-1] == "whoami /all"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, lambda data: zlib.compress(data)[2:-4]])
def test_payloads_in_streams(pack: object) -> None:
    data = base64.b64encode(pack(b"Get-Process lsass | Out-File x")).decode()  # type: ignore[operator]
    raw = f"powershell -c \"$d=[Convert]::FromBase64String('{data}');$s=New-Object IO.MemoryStream(,$d)\""
    assert "Get-Process lsass | Out-File x" in canonical(raw).commands


def test_scheduled_task_xml() -> None:
    xml = "<Task><Exec><Command>cmd.exe</Command><Arguments>/c n^et user &amp; whoami</Arguments></Exec></Task>"
    found = canonical(xml)
    assert found.text == xml
    assert found.commands == ("cmd.exe /c net user & whoami", "net user", "whoami")


BOMBS = {
    "quotes": '"' * 1_000_000,
    "carets": "^" * 1_000_000,
    "brackets": "powershell -c " + "(" * 500_000,
    "blocks": "cmd /c " + "(" * 500_000 + "a",
    "nesting": "cmd /c " * 100_000 + "whoami",
    "starts": "cmd /c " + "start " * 100_000,
    "calls": "cmd /c " + "call " * 100_000 + "x",
    "percent": "%" * 1_000_000,
    "expansion": "cmd /c set a=xxxxxxxxxxxxxxxx" + "&&call set a=%a%%a%%a%%a%" * 2_000,
    "replacement": "cmd /c set a=aaaaaaaa&&" + "call set a=%a:a=aaaaaaaa%&&" * 500,
    "path": "%path%" * 100_000,
    "base64": "powershell -enc " + "A" * 1_000_000,
    "gzip": "powershell -c [Convert]::FromBase64String('"
    + base64.b64encode(gzip.compress(b"a" * 30_000_000)).decode()
    + "')",
    "joins": "powershell -c " + "'a'+" * 200_000 + "'b'",
    "multiplied": "powershell -c 'aaaaaaaaaaaaaaaa'*99999999",
    "range": "powershell -c (1..99999999) -join ''",
    "format": 'powershell -c "' + "{0}" * 20_000 + "\" -f ('a'*60000)",
    "replaces": "powershell -c "
    + "'aaaaaaaa'.Replace('a','aaaaaaaaaaaaaaaa')"
    + ".Replace('a','aaaaaaaaaaaaaaaa')" * 50,
    "list": "powershell -c (" + "1," * 200_000 + "$x)",
    "pipes": "powershell -c " + "(1..60000)|%{[char]($_ % 90 + 1)}|%{" * 30,
    "separators": "a&" * 500_000,
    "loops": "cmd /c " + "for %i in (a b c d e f g h i j) do " * 200 + "echo %i",
    "dots": "C:\\" + "..\\" * 300_000,
    "slashes": "\\" * 1_000_000,
    "backslash quotes": '\\"' * 500_000,
    "backticks": "powershell -c " + "`" * 500_000,
    "unicode": "\u202e\u200b\ufeff\u0430" * 250_000,
    "lines": "a\r\n" * 300_000,
    "surrogates": "\ud800 cmd /c x\udfff",
    "nul": "cmd\x00 /c \x00whoami",
    "tags": "<Command>" * 100_000,
    "runs": "mshta " + '.run("' * 100_000,
    "wmic": "wmic process call create " * 20_000,
    "variables": "cmd /v /c " + "!a!" * 200_000,
    "if": "cmd /c " + "if a==a " * 50_000 + "x",
    "comments": "powershell -c " + "<#" * 300_000,
    "here": "powershell -c " + "@'\n" * 200_000,
    "interpolation": "powershell -c $a='xxxxxxxx';" + '$a="$a$a$a$a";' * 300,
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_texts_are_bounded(name: str) -> None:
    text = BOMBS[name]
    trail = Trail()
    read(text[:INPUT], trail, script=False)  # without the guard around it: nothing is raised
    found = canonical(text)
    assert len(found.text) <= len(text) + 4 * INPUT
    assert len(found.commands) <= COMMANDS and sum(map(len, found.commands)) <= OUTPUT + INPUT
    assert len(found.steps) <= STEPS
    assert canonical(text[: INPUT // 2], script=True) is not None


def test_long_text_is_read_in_part_and_says_so() -> None:
    found = canonical("w^hoami " + "x" * (2 * INPUT))
    assert found.cut and found.text.startswith("whoami x") and found.text.endswith("x" * 100)


PIECES = st.sampled_from(
    [
        "cmd", " /c ", "powershell", " -e ", " -c ", '"', "'", "^", "%", "%comspec%", "!a!", "(", ")", "{", "}", "[char]65",
        "+", "-join", "-f", "&", "&&", "|", "\\", "/", "..", "net", "net1", "netsh", " i p a v", "ntdsutil", "ac i ntds",
        "set a=b", "call", "for %i in (", ") do ", "start", "if a==a", "wmic process call create", "\u2013", "\u0430",
        "\u00a0", "`", "$a", "=", ";", ",", "1..9", "[", "]", "iex", "FromBase64String('", "d2hvYW1p", "dwBoAG8A", "~1",
        "\\\\?\\", "C:", "reg", "HKEY_LOCAL_MACHINE\\x", "rundll32 comsvcs.dll,#24", "0x41", "@'", "\n", "::", ".", "::$DATA",
        "schtasks /tr ", "sc create x binPath= ", "forfiles /c ", "psexec \\\\h -s ", "mshta vbscript:x.Run(", "echo a | cmd",
        " ", " ",
    ]
)  # fmt: skip
LINES = st.lists(PIECES | st.text(max_size=5), max_size=25).map("".join)


@settings(max_examples=400)
@given(LINES, st.booleans())
@example("for %i in (\"a' do x", False)
def test_never_raises_and_stays_small(text: str, script: bool) -> None:
    trail = Trail()
    read(text, trail, script=script)
    found = canonical(text, script=script)
    assert len(found.text) <= 20 * len(text) + 20_000
    assert all(found.commands) and text not in found.commands


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from("net user /domain;whoami;C:/x/../y.exe;a^b;x\"y\"z;--a;\u2013e;  ;%os%;'q r';1.2".split(";")),
        max_size=6,
    )
)
def test_settles_after_one_step(parts: list[str]) -> None:
    once = canonical(" ".join(parts)).text
    assert canonical(once).text == once


@given(st.lists(LINES | st.none(), max_size=8))
def test_columns_agree_with_single_texts(items: list[str | None]) -> None:
    items = [None if item is None else item.encode("utf-8", "ignore").decode() for item in items]
    column = Text.of(items)
    spread = canonical_column(column)
    for row, item in enumerate(items):
        found = column[row] if spread is None else spread[row]
        if item is None:
            assert found is column[row]
            continue
        values = [found] if isinstance(found, str) else found
        assert values[0] == item
        if len(values) > 1 and "  " not in item:
            assert tuple(values) == canonical(item).texts(item)


def test_columns_keep_absent_null_and_lists() -> None:
    values = pa.array(["w^ho", "x"])
    column = Text(pa_codes([0, ABSENT, NULL, 1]), values)
    spread = canonical_column(column)
    assert spread is not None
    assert [str(spread[row]) for row in range(4)] == ["['w^ho', 'who']", "MISSING", "[None]", "['x']"]
    lists = Text(pa_codes([0, 1, ABSENT, 0]), values, pa_codes([0, 2, 3, 4]).astype("int64"))
    spread = canonical_column(lists)
    assert spread is not None
    assert [str(spread[row]) for row in range(3)] == ["['w^ho', 'who', 'x']", "MISSING", "['w^ho', 'who']"]


def pa_codes(codes: list[int]):  # type: ignore[no-untyped-def]
    import numpy as np

    return np.array(codes, np.int32)


def test_columns_with_nothing_to_undo_are_none() -> None:
    assert canonical_column(Text.of(["whoami /all", None, "ipconfig"])) is None
    assert texts_of(pa.array(["net  user", "net user"])) == {0: ("net user",)}
