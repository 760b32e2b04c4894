"""The command interpreter's reading of a line: quotes, carets, separators, blocks, ``for``."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_SPECIAL: Final = re.compile(r'["^&|()<>\r\n]')
_FOR: Final = re.compile(
    r'@?for\s+(?:/[fF]\s+(?P<options>"[^"]*"|[^\s%"]*)\s*)?(?P<kind>/[dDlLrR])?\s*(?:"[^"]*"\s+|[^\s%(]+\s+)?'
    r"%{1,2}(?P<name>[^\s%])\s+in\s*\(",
    re.I,
)
_PROGRAM: Final = re.compile(r"^[^&|<>]*\\[^\\&|<>]*\.(?:exe|com|bat|cmd)$", re.I)
_DO: Final = re.compile(r"\s*\)?\s*do\s*[\s(]", re.I)


class Piece(NamedTuple):
    """One command of a line.

    Attributes
    ----------
    text : str
        The command with its redirections, carets removed. For a loop: its body, as it stands.
    joint : str
        What comes after it: ``&``, ``&&``, ``||``, ``|`` or nothing.
    loop : tuple of (name, set, options) or None
        What a ``for`` goes through, when `text` is its body.
    """

    text: str
    joint: str
    loop: tuple[str, str, str] | None = None


def pieces(text: str, limit: int = 64) -> list[Piece]:
    """Split a line into the commands that it runs.

    Examples
    --------
    >>> [tuple(piece[:2]) for piece in pieces('n^et user & (whoami || echo "a & b" > x)')]
    [('net user', '&'), ('whoami', '||'), ('echo "a & b" > x', '')]
    """
    found: list[Piece] = []
    parts: list[str] = []
    position, size, inside, depth, begun = 0, len(text), False, 0, False

    def close(joint: str) -> None:
        nonlocal begun
        begun = False
        command = "".join(parts).strip(" \t,;=")
        parts.clear()
        if command:
            found.append(Piece(command, joint))
        elif found and joint:
            found[-1] = found[-1]._replace(joint=joint)

    while position < size and len(found) < limit:
        if not inside and not begun:
            loop = _loop(text, position + _blanks(text, position))
            if loop is not None:
                found.append(loop)
                return found
        special = _SPECIAL.search(text, position)
        if special is None:
            parts.append(text[position:])
            break
        at, sign = special.start(), special.group()
        parts.append(text[position:at])
        begun = begun or bool(parts[-1].strip(" \t@,;="))
        position = at + 1
        if sign == '"':
            inside = not inside
            parts.append(sign)
        elif inside or sign in "<>":
            parts.append(sign)
            if sign == ">" and text[position : position + 1] == "&":  # 2>&1 is no separator
                parts.append("&")
                position += 1
        elif sign == "^":
            if text[position : position + 1] == "\r":
                position += 1
            if text[position : position + 1] == "\n":
                position += 1
            else:
                parts.append(text[position : position + 1])
                position += 1
        elif sign == "(" and not begun:
            parts.clear()
            depth += 1
        elif sign == ")" and depth:
            depth -= 1
            close("")
        elif sign in "()":
            parts.append(sign)
        else:
            double = sign in "&|" and text[position : position + 1] == sign
            position += double
            close("&" if sign in "\r\n" else sign * (2 if double else 1))
    close("")
    return found


def _blanks(text: str, position: int) -> int:
    count = 0
    while position + count < len(text) and text[position + count] in " \t@":
        count += 1
    return count


def _loop(text: str, position: int) -> Piece | None:
    if text[position : position + 3].lower() != "for":
        return None
    start = _FOR.match(text, position)
    if start is None:
        return None
    end = _closing(text, start.end())
    do = _DO.match(text, end + 1)
    if end < 0 or do is None:
        return None
    body = text[do.end() - 1 :].strip()
    if body.startswith("(") and body.endswith(")"):
        body = body[1:-1]
    options = start.group("kind") or start.group("options") or ""
    return Piece(body, "", (start.group("name"), text[start.end() : end], options))


def _closing(text: str, position: int) -> int:
    """Return the place of the bracket that closes the one before `position`, or -1."""
    depth, inside = 1, ""
    for place in range(position, min(len(text), position + 8192)):
        sign = text[place]
        if inside:
            inside = "" if sign == inside else inside
        elif sign in "\"'`":
            inside = sign
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
            if not depth:
                return place
    return text.find(")", position)


def unquoted(text: str) -> str:
    """Return what follows ``/c`` without the pair of quotes that the interpreter takes off (``cmd /?``).

    Examples
    --------
    >>> unquoted('"net user & whoami"'), unquoted('"C:\\\\x y\\\\a.exe" -b "c"')
    ('net user & whoami', '"C:\\\\x y\\\\a.exe" -b "c"')
    """
    text = text.strip()
    if not text.startswith('"'):
        return text
    end = text.rfind('"')
    if end == 0:
        return text[1:]
    inner = text[1:end]
    first = text[1 : text.index('"', 1)]
    if _PROGRAM.search(first) or ('"' in inner and first and " " not in first):
        return text  # quotes around the program alone; the interpreter itself would trip over further ones
    return inner + text[end + 1 :]
