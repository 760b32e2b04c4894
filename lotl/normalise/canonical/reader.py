"""The reader: one command line to its canonical form, and what is nested in it to the trail."""

from __future__ import annotations

import re
from typing import Final

from lotl.normalise.canonical.argv import Word, split, tidy
from lotl.normalise.canonical.characters import plain_characters, single_spaces
from lotl.normalise.canonical.environment import LINE, expand
from lotl.normalise.canonical.model import DEPTH, Trail
from lotl.normalise.canonical.paths import clean_path, program_name
from lotl.normalise.canonical.powershell import powershell
from lotl.normalise.canonical.scripts import script
from lotl.normalise.canonical.shell import Piece, pieces, unquoted
from lotl.normalise.canonical.tools import arguments
from lotl.normalise.canonical.wrappers import wrapped

_CMD: Final = re.compile(r'^(\s*(?:"[^"]*?\bcmd(?:\.exe)?"|[^\s"]*?(?:\b|(?<=[\\/]))cmd(?:\.exe)?))(?=[\s/"]|$)', re.I)
_SWITCHES: Final = re.compile(
    r'(?:[\s",;=]*/[abdefqstuvABDEFQSTUV](?::\w+)?(?=[\s/"]|$)|[\s",;=]*/[eEfFvV]:?\w+)*'
    r'[\s",;=]*/([ckrCKR])'
)
_SET: Final = re.compile(r'^@?set\s+(?:/p\s+)?"?([^=\s"][^="]{0,63})=([^"]*)"?', re.I)
_IF: Final = re.compile(
    r'^@?if\s+(?:/i\s+)?(?:not\s+)?(?:exist\s+(?:"[^"]*"|\S+)|defined\s+\S+|errorlevel\s+\d+|'
    r'(?:"[^"]*"|[^\s="]+)\s*(?:==|\s(?:equ|neq|lss|leq|gtr|geq)\s)\s*(?:"[^"]*"|[^\s"]+))\s+',
    re.I,
)
_ELSE: Final = re.compile(r"^else\s+", re.I)
_CALL: Final = re.compile(r"^@?call\s+(?!:)", re.I)
_START: Final = re.compile(
    r'^@?start(?:\.exe)?(?:\s+"[^"]*")?((?:\s+/(?:min|max|b|wait|i|low|normal|high|realtime|abovenormal|belownormal|'
    r'separate|shared|d\s+(?:"[^"]*"|\S+)|d"[^"]*"|node\s+\S+|affinity\s+\S+))*)\s+(?!/)',
    re.I,
)
_ECHO: Final = re.compile(r"^@?echo[\s.(:]\s*(.*)$", re.I | re.S)
_LOOKS_LIKE_SHELL: Final = re.compile(
    r"\^[\w\s&|<>\"]|\s&{1,2}\s|&&|\|\||\s\|\s|\s[12]?>{1,2}\s?\S|^@?(?:set|call|for|if|start|echo|move|copy|del|dir|type|ren|md|mkdir|rd|rmdir)\s",
    re.I,
)
_QUOTED_PART: Final = re.compile(r'(?<=[\w:])\\"(\w{1,64})"(?=[\w\\])')
_BARE_CARET: Final = re.compile(r"\^(?=[\w\s^\"-])")


class Reader:
    """Reads one command line.

    Parameters
    ----------
    trail : Trail
        Receives steps and inner commands.
    """

    deepest = DEPTH

    def __init__(self, trail: Trail) -> None:
        self.trail = trail

    def whole(self, text: str) -> str:
        """Return the canonical form of a text that may be a process's command line or a line for the shell."""
        text = self.characters(text)
        if _CMD.match(text) or not _LOOKS_LIKE_SHELL.search(text):
            return self.command(text, 0, alone=True)
        if not _splits(text):
            return self.command(self.trail.note("carets", text, _without_carets(text)), 0, alone=True)
        return self.shell(text, 0)

    def characters(self, text: str) -> str:
        """Return `text` with plain signs and single blanks."""
        return single_spaces(plain_characters(text, self.trail), self.trail)

    def inner_command(self, text: str, depth: int) -> str:
        """Read a command that another one runs; it is kept."""
        place = len(self.trail.commands)
        text = self.command(self.characters(text), depth)
        self._hold(text, place)
        return text

    def inner_shell(self, text: str, depth: int) -> str:
        """Read a line for the shell that another command runs."""
        return self.shell(self.characters(text), depth)

    def inner_script(self, text: str, depth: int) -> str:
        """Read a script that a command runs; it is kept."""
        place = len(self.trail.commands)
        text = script(plain_characters(text, self.trail).strip(), self, depth)
        self._hold(text, place)
        return text

    def _hold(self, text: str, place: int) -> None:
        """Keep a command in front of what it runs itself."""
        held = self.trail.commands[place:]
        del self.trail.commands[place:]
        self.trail.hold(text)
        self.trail.commands += [command for command in held if command not in self.trail.commands]

    def command(self, text: str, depth: int, *, alone: bool = False) -> str:
        """Return the canonical command line of one process."""
        trail = self.trail
        if not text or depth > self.deepest or not trail.spend(2 * len(text)):
            trail.cut = trail.cut or bool(text)
            return text
        text = trail.note("variables", text, expand(text, {}))
        text = trail.note("inserted quotes", text, _QUOTED_PART.sub(r"\\\1", text))
        interpreter = _CMD.match(text)
        if interpreter:
            return self._interpreter(text, interpreter, depth)
        if alone and "^" in text:
            text = trail.note("carets", text, _without_carets(text))
        words = split(text)
        if not words:
            return text
        program = self._program(words[0])
        name = program_name(program)
        if name == "ntdsutil" and '\\"' in text:  # a folder's last backslash, not an escaped quote
            words = split(re.sub(r'\\"(?=\s|$)', '"', text))
        if name == "net1":
            program = trail.note("second name of net", program, re.sub(r"(?i)net1(?=\.exe$|$)", "net", program))
            name = "net"
        if name in ("powershell", "pwsh", "powershell_ise"):
            return powershell(program, words, self, depth)
        inner = wrapped(name, text, words, self, depth)
        if inner is not None:
            return f"{program} {inner}".strip()
        return f"{program} {arguments(name, words[1:], trail)}".strip()

    def _program(self, word: Word) -> str:
        return clean_path(self.trail.note("inserted quotes", word.raw, tidy(word)), self.trail)

    def _interpreter(self, text: str, found: re.Match[str], depth: int) -> str:
        """``cmd /c``: the line that it is given is split into the commands that it runs."""
        program = self._program(Word(found.group(1).strip(), found.group(1).strip().strip('"'), 0, 0))
        rest = text[found.end() :]
        switches = _SWITCHES.match(rest)
        if switches is None:
            return f"{program} {' '.join(tidy(word) for word in split(rest))}".strip()
        head = f"{program}{rest[: switches.start(1) - 1].rstrip()} /{switches.group(1).lower()}"
        line = unquoted(rest[switches.end(1) :])
        return f"{re.sub(r'(?<=[^ ])/', ' /', head)} {self.shell(line, depth + 1)}".strip()

    def shell(self, line: str, depth: int, own: dict[str, str] | None = None) -> str:
        """Return a line for the interpreter with all its commands canonical; each is kept if there are several."""
        trail = self.trail
        if not line or depth > self.deepest or not trail.spend(2 * len(line)):
            trail.cut = trail.cut or bool(line)
            return line
        own = {} if own is None else own
        line = trail.note("variables", line, expand(line, own))
        found = pieces(line)
        if "^" in line:
            trail.note("carets", line, " ".join(f"{piece.text} {piece.joint}".strip() for piece in found))
        out: list[str] = []
        before: Piece | None = None
        for piece in found:
            place = len(trail.commands)
            text = self._piece(piece, depth, own)
            if before is not None and before.joint == "|" and (echoed := _ECHO.match(before.text)):
                self._piped(echoed.group(1), text, depth)
            self._hold(text, place)
            out.append(f"{text} {piece.joint}".strip())
            before = piece
        return " ".join(out)

    def _piped(self, text: str, receiver: str, depth: int) -> None:
        """``echo COMMAND | cmd``: the text is run."""
        name = program_name(receiver.split(" ")[0])
        if name == "cmd":
            self.inner_shell(text, depth + 1)
        elif name in ("powershell", "pwsh"):
            self.inner_script(text, depth + 1)

    def _piece(self, piece: Piece, depth: int, own: dict[str, str]) -> str:
        if piece.loop is not None:
            return self._loop(piece, depth, own)
        text = expand(piece.text, own)
        if own:
            text = expand(text, own, delayed=True)
            self.trail.note("variables", piece.text, text)
        if len(text) > max(LINE, len(piece.text)):
            return piece.text
        text = text.lstrip("@ ")
        assigned = _SET.match(text)
        if assigned and len(own) < 64:
            own[assigned.group(1).lower()] = assigned.group(2)[:LINE]
            return self.characters(text)
        for pattern, what in ((_IF, "condition"), (_ELSE, "condition"), (_CALL, "call"), (_START, "start")):
            opening = pattern.match(text)
            if opening is not None:
                inner = self.shell(text[opening.end() :], depth + 1, own)
                self.trail.note(what, text, inner)
                return f"{opening.group().strip()} {inner}"
        return self.command(self.characters(text), depth)

    def _loop(self, piece: Piece, depth: int, own: dict[str, str]) -> str:
        """``for %v in (…) do …``: the command in the brackets, and the body with the values that are known."""
        assert piece.loop is not None
        name, among, options = piece.loop
        among = among.strip()
        values: list[str] = []
        if (options and options[0] != "/") or among[:1] in "'`":
            ran = among[1:-1] if among[:1] in "'`\"" and among[-1:] == among[:1] else ""
            if ran and among[0] != '"':
                self.inner_shell(ran.replace("^", "") if "^" in ran else ran, depth + 1)
                echoed = _ECHO.match(ran.replace("^", ""))
                values = [echoed.group(1).strip()] if echoed else []
            elif ran:
                values = [ran]
        elif options.lower() == "/l":
            values = _counted(among)
        else:
            values = [word.value for word in split(among.replace(",", " "))][:16]
        body = piece.text
        variants = [body.replace(f"%%{name}", value).replace(f"%{name}", value) for value in values] or [body]
        out = [self.shell(variant[:LINE], depth + 1, own) for variant in variants if self.trail.spend(len(variant))]
        if values:
            return " & ".join(out)
        return f"for {options} %{name} in ({among}) do {' '.join(out)}".replace("  ", " ")


def _counted(among: str) -> list[str]:
    """Return the first numbers that ``for /L (start,step,end)`` goes through."""
    numbers = re.findall(r"-?\d{1,9}", among)
    if len(numbers) != 3:
        return []
    first, step, last = map(int, numbers)
    return [str(number) for number in range(first, last + (1 if step > 0 else -1), step)[:4]] if step else [str(first)]


def _splits(text: str) -> bool:
    found = pieces(text, 3)
    return len(found) > 1 or bool(found and found[0].loop) or bool(re.match(r"@?(?:call|if|start|set)\s", text, re.I))


def _without_carets(text: str) -> str:
    """Drop carets outside quotes."""
    if "^" not in text:
        return text
    parts = text.split('"')
    parts[::2] = [_BARE_CARET.sub("", part) for part in parts[::2]]
    return '"'.join(parts)
