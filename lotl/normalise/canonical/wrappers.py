"""Programs that start other programs: where in their arguments the inner command stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from lotl.normalise.canonical.argv import Word, quote
from lotl.normalise.canonical.tools import arguments
from lotl.normalise.canonical.vocabulary import NATIVE

if TYPE_CHECKING:
    from lotl.normalise.canonical.reader import Reader

Handler: TypeAlias = "Callable[[str, list[Word], Reader, int], str | None]"
"""Command line, its words, reader, depth → the arguments, or None where nothing is nested."""

_HELD: Final = r"""("(?:[^"]|"")*"|'(?:[^']|'')*')"""
_RUN: Final = re.compile(rf"\.\s*(?:Run|Exec|ShellExecute)\s*\(?\s*{_HELD}(?:\s*,\s*{_HELD})?", re.I)
_HEX: Final = re.compile(r"0x([0-9a-fA-F]{2})(?![0-9a-fA-F])")
_CALL: Final = re.compile(r"""(?i)\bcall\s+["']?create["']?\s*""")
_SHELLED: Final = re.compile(
    r"(?i)^.*?(?:shell32(?:\.dll)?[\s,]+(?:ShellExec_RunDLL\w?|#\d+)|zipfldr(?:\.dll)?[\s,]+RouteTheCall|"
    r"url(?:\.dll)?[\s,]+(?:FileProtocolHandler|OpenURL)|advpack(?:\.dll)?[\s,]+RegisterOCX|"
    r"pcwutl(?:\.dll)?[\s,]+LaunchApplication)[\s,]+"
)


def wrapped(name: str, text: str, words: list[Word], reader: Reader, depth: int) -> str | None:
    """Return the arguments of a program that starts another, the inner command canonical; None for any other."""
    handler = _HANDLERS.get(name)
    return None if handler is None or len(words) < 2 else handler(text, words, reader, depth)


def _rest(text: str, words: list[Word], place: int) -> str:
    """Return the command line from word `place` on; a single quoted word without its quotes."""
    if place == len(words) - 1:
        return words[place].value
    return text[words[place].start :]


def _after(takes: frozenset[str], *, shell: bool = False) -> Handler:
    """Make a handler for programs that take options and then a command.

    Parameters
    ----------
    takes : frozenset of str
        Options that take a word more, without their sign.
    shell : bool
        What follows is a line for the interpreter.
    """

    def handle(text: str, words: list[Word], reader: Reader, depth: int) -> str | None:
        place = 1
        while place < len(words):
            value = words[place].value
            if value[:2] == "\\\\":
                place += 1
            elif value[:1] in "-/" and len(value) > 1:
                option = value.lstrip("-/").lower()
                place += 1 + (option in takes)
            else:
                break
        if place >= len(words):
            return None
        head = [word.raw for word in words[1:place]]
        if takes is _PSEXEC:
            head = [reader.trail.note("switch sign", raw, _dash(raw)) for raw in head]
        rest = _rest(text, words, place)
        inner = reader.inner_shell(rest, depth + 1) if shell else reader.inner_command(rest, depth + 1)
        return " ".join([*head, inner])

    return handle


def _dash(text: str) -> str:
    return "-" + text[1:] if text.startswith("/") and len(text) < 16 else text


def _wmic(text: str, words: list[Word], reader: Reader, depth: int) -> str | None:
    found = _CALL.search(text)
    before = [word for word in words[1:] if found is not None and word.start < found.start()]
    if found is None or not any(word.value.lower() in ("process", "win32_process") for word in before):
        return None
    rest = text[found.end() :].strip()
    if rest.startswith(('"', "'")):
        sign = rest[0]
        end = rest.rfind(sign)
        inner = rest[1:end] if end > 0 else rest[1:]
        tail = rest[end + 1 :] if end > 0 else ""
    else:
        inner, tail = rest, ""
    inner = inner.replace('\\"', '"')
    head = arguments("wmic", before, reader.trail)
    return f"{head} call create {quote(reader.inner_command(inner, depth + 1))}{tail}".strip()


def _option(names: frozenset[str], tool: str) -> Handler:
    """Make a handler for programs with an option that holds a command (``schtasks /tr``, ``forfiles /c``)."""

    def handle(text: str, words: list[Word], reader: Reader, depth: int) -> str | None:
        out: list[str] = []
        seen = False
        place = 1
        while place < len(words):
            word = words[place]
            if word.value[:1] in "-/" and word.value[1:].lower() in names and place + 1 < len(words) and not seen:
                held = words[place + 1].value
                if tool == "forfiles":
                    held = reader.trail.note("hex signs", held, _HEX.sub(lambda m: chr(int(m.group(1), 16)), held))
                inner = reader.inner_command(held.strip("'"), depth + 1)
                out.append(f"/{word.value[1:]} {quote(inner)}")
                seen = True
                place += 2
                continue
            out.append(arguments(tool, [word], reader.trail))
            place += 1
        return " ".join(out) if seen else None

    return handle


def _service(text: str, words: list[Word], reader: Reader, depth: int) -> str | None:
    """``sc create NAME binPath= "COMMAND"``."""
    out: list[str] = []
    place = 1
    while place < len(words):
        value = words[place].value
        low = value.lower()
        if low.startswith("binpath="):
            held = value[8:]
            if not held and place + 1 < len(words):
                place += 1
                held = words[place].value
            out.append(f"binPath= {quote(reader.inner_command(held, depth + 1))}")
        else:
            out.append(arguments("sc", [words[place]], reader.trail))
        place += 1
    return " ".join(out)


def _host(text: str, words: list[Word], reader: Reader, depth: int) -> str | None:
    """``mshta vbscript:…Run("COMMAND")`` and the like."""
    found = list(_RUN.finditer(text))[:8]
    if not found:
        return None
    for match in found:
        parts = [part[1:-1].replace('""', '"').replace("\\\\", "\\") for part in match.groups() if part]
        reader.inner_command(" ".join(parts) if len(parts) > 1 else parts[0], depth + 1)
    return text[words[0].end :].strip()


def _rundll32(text: str, words: list[Word], reader: Reader, depth: int) -> str | None:
    tail = text[words[0].end :].strip()
    found = _SHELLED.match(tail)
    if found is None:
        return _host(text, words, reader, depth)
    return f"{found.group()}{reader.inner_command(tail[found.end() :], depth + 1)}"


def _conhost(text: str, words: list[Word], reader: Reader, depth: int) -> str | None:
    place = 1
    while place < len(words) and (words[place].value.startswith("-") or words[place].value[:2].lower() == "0x"):
        place += 1
    if place >= len(words):
        return None
    head = [word.raw for word in words[1:place]]
    return " ".join([*head, reader.inner_command(_rest(text, words, place), depth + 1)])


def _registry(text: str, words: list[Word], reader: Reader, depth: int) -> str | None:
    """``reg add … /d "COMMAND"``: a value that names a program is a command to come."""
    if words[1].value.lower() != "add":
        return None
    for place, word in enumerate(words[:-1]):
        if word.value.lower() in ("/d", "-d"):
            first = words[place + 1].value.split(" ")[0].lower().rpartition("\\")[2].removesuffix(".exe")
            if first in NATIVE and " " in words[place + 1].value:
                reader.inner_command(words[place + 1].value, depth + 1)
    return None


_PSEXEC: Final = frozenset({"u", "p", "n", "w", "a", "g", "r", "priority"})
_HANDLERS: Final[dict[str, Handler]] = {
    "wmic": _wmic,
    "schtasks": _option(frozenset({"tr"}), "schtasks"),
    "forfiles": _option(frozenset({"c"}), "forfiles"),
    "sc": _service,
    "conhost": _conhost,
    "psexec": _after(_PSEXEC),
    "psexec64": _after(_PSEXEC),
    "paexec": _after(_PSEXEC),
    "winrs": _after(frozenset(), shell=True),
    "runas": _after(frozenset()),
    "pcalua": _option(frozenset({"a"}), "pcalua"),
    "scriptrunner": _option(frozenset({"appvscript"}), "scriptrunner"),
    "bash": _after(frozenset()),
    "wt": _after(frozenset({"d", "p", "w", "-title"})),
    "mshta": _host,
    "rundll32": _rundll32,
    "reg": _registry,
}
