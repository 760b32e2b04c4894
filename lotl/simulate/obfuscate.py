"""Command lines as evasive people type them: what the shell is given, and what the program it starts is given.

The command interpreter removes carets and expands variables before it starts a program, so those show in the
interpreter's own command line only; quotes, spaces, case, abbreviations and paths reach the program and its event.
"""

from __future__ import annotations

import base64
from random import Random
from typing import Final, NamedTuple

PLAIN, TYPED, QUOTED, NESTED = 0, 1, 2, 3
"""Levels: as documented; case, spaces, switches, abbreviations; carets, quotes, variables, paths; nested or encoded."""

_CASE_MATTERS: Final = frozenset({"sevenzip", "rar", "curl", "psexec"})
_EITHER_SWITCH: Final = frozenset(
    "netstat ipconfig arp ping whoami tasklist taskkill systeminfo certutil route ldifde nltest schtasks".split()
)
_SHORTER: Final = (
    ("interface portproxy add", "int portp a"),
    ("interface portproxy delete", "int portp d"),
    ("interface portproxy show", "int p sh"),
    ("advfirewall firewall add", "advf f a"),
    ("activate instance ntds", "ac in ntds"),
    ("create full", "cr fu"),
    ("/domain", "/do"),
    ("export-log", "epl"),
    ("clear-log", "cl"),
    ("query-events", "qe"),
    ("HKLM\\", "HKEY_LOCAL_MACHINE\\"),
)


class Line(NamedTuple):
    """A command in two forms.

    Attributes
    ----------
    shell : str
        What the command interpreter gets after ``/c``.
    child : str
        The command line of the program that it starts.
    """

    shell: str
    child: str


def type_out(program: str, name: str, arguments: str, level: int, rng: Random) -> Line:
    """Write a command at a level of obfuscation.

    Parameters
    ----------
    program : str
        Key in the table of programs: decides which changes keep the command working.
    name : str
        The executable as it is typed.
    arguments : str
    level : int
        0 to 3; `NESTED` is the same as `QUOTED` here, nesting is the shell's affair.
    rng : Random

    Examples
    --------
    >>> type_out("whoami", "whoami", "/priv", 0, Random(1))
    Line(shell='whoami /priv', child='whoami  /priv')
    """
    if level >= TYPED:
        name, arguments = name if program in _CASE_MATTERS else mix_case(name, rng), _retype(program, arguments, rng)
    if level < QUOTED:
        return Line(f"{name} {arguments}".rstrip(), f"{name}  {arguments}".rstrip() if arguments else name)
    if program not in _CASE_MATTERS:
        arguments = quote_some(arguments, rng)
    shown = (
        rng.choice(("%SystemRoot%\\System32\\", "C:\\Windows\\..\\Windows\\System32\\", "")) if "\\" not in name else ""
    )
    child = shown.replace("%SystemRoot%", "C:\\Windows")
    return Line(caret(f"{shown}{name} {arguments}".rstrip(), rng), f"{child}{name}  {arguments}".rstrip())


def _retype(program: str, arguments: str, rng: Random) -> str:
    for long, short in _SHORTER:
        if long in arguments and rng.random() < 0.7:
            arguments = arguments.replace(long, short)
    if program in _EITHER_SWITCH and rng.random() < 0.6:
        words = [_swap(word) for word in arguments.split(" ")]
        arguments = " ".join(words)
    if program in _CASE_MATTERS:
        return arguments
    return widen(mix_case(arguments, rng), rng)


def _swap(word: str) -> str:
    if len(word) > 1 and word[0] in "-/" and word[1].isalpha():
        return ("/" if word[0] == "-" else "-") + word[1:]
    return word


def mix_case(text: str, rng: Random) -> str:
    """Change the case of about a third of the letters."""
    return "".join(character.swapcase() if rng.random() < 0.33 else character for character in text)


def widen(text: str, rng: Random) -> str:
    """Double some blanks outside quotes."""
    parts = text.split('"')
    parts[::2] = ["".join(c + " " * (c == " " and rng.random() < 0.4) for c in part) for part in parts[::2]]
    return '"'.join(parts)


def quote_some(text: str, rng: Random) -> str:
    """Put pairs of quotes, which most programs drop, into some words outside quotes."""
    parts = text.split('"')
    if len(parts) % 2 == 0:
        return text
    parts[::2] = [" ".join(_quote(word, rng) for word in part.split(" ")) for part in parts[::2]]
    return '"'.join(parts)


def _quote(word: str, rng: Random) -> str:
    if len(word) < 5 or rng.random() < 0.6 or "=" in word or ":" in word:
        return word
    at = rng.randrange(2, len(word) - 1)
    return f'{word[: at - 1]}"{word[at - 1 : at]}"{word[at:]}'


def caret(text: str, rng: Random) -> str:
    """Put carets before some letters outside quotes."""
    parts = text.split('"')
    parts[::2] = ["".join("^" * (c.isalpha() and rng.random() < 0.25) + c for c in part) for part in parts[::2]]
    return '"'.join(parts)


def encoded(script: str, rng: Random, *, level: int = NESTED) -> str:
    """Return a PowerShell command line whose script is Base64 of UTF-16LE, with a switch of any valid length.

    Examples
    --------
    >>> encoded("hostname", Random(0), level=0)
    'powershell.exe -NoProfile -EncodedCommand aABvAHMAdABuAGEAbQBlAA=='
    """
    data = base64.b64encode(script.encode("utf-16-le")).decode()
    if level < TYPED:
        return f"powershell.exe -NoProfile -EncodedCommand {data}"
    switch = "-" + "EncodedCommand"[: rng.choice((1, 2, 3, 5, 14))]
    return f"powershell.exe {mix_case('-nop -w hidden', rng)} {mix_case(switch, rng)} {data}"
