"""PowerShell scripts: what they come to once constants are folded, and the commands that they run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lotl.normalise.canonical.argv import join
from lotl.normalise.canonical.fold import Folder
from lotl.normalise.canonical.operators import Value, payload_text
from lotl.normalise.canonical.paths import program_name
from lotl.normalise.canonical.payload import from_base64
from lotl.normalise.canonical.tokens import Token, tokens
from lotl.normalise.canonical.vocabulary import NATIVE

if TYPE_CHECKING:
    from lotl.normalise.canonical.reader import Reader

_INVOKE: Final = frozenset({"iex", "invoke-expression"})
_START: Final = frozenset({"start-process", "saps", "start"})
_BASE64: Final = re.compile(r"""FromBase64String\s*\(\s*(['"])([A-Za-z0-9+/=\s]{8,65536})\1""", re.I)
_BRACES: Final = re.compile(r"^\s*&?\s*\{(.*)\}\s*$", re.S)
_CALLED: Final = re.compile(r"(?<![\w'\")\]])(?:&|\.)\s*'([\w.:\\/-]{1,128})'")
_MEMBER: Final = re.compile(r"(?<=[\w)\]])\.'(\w{1,64})'(?=\()")
_FOUND: Final = re.compile(r"[&.]\s*\(\s*(?:get-command|gcm)\s+'?([\w-]{1,64})'?\s*\)", re.I)
_PIPED: Final = re.compile(r"('(?:[^']|'')*')\s*\|\s*&?\s*'?(?:iex|invoke-expression)\b'?", re.I)


def script(text: str, reader: Reader, depth: int) -> str:
    """Return a script with its constants folded; its commands, and what it decodes, go to the reader's trail."""
    trail = reader.trail
    if not trail.spend(len(text)) or depth > reader.deepest:
        return text
    own: dict[str, Value] = {}
    payloads: list[bytes] = []
    braces = _BRACES.match(text)
    body = braces.group(1) if braces else text
    for _ in range(4):
        if not trail.spend(2 * len(body)):
            break
        folded = _called(Folder(body, own, payloads.append).fold())
        if folded == body:
            break
        body = trail.note("PowerShell constants", body, folded)
    result = f"& {{{body}}}" if braces else body
    _payloads(body, payloads, reader, depth)
    _statements(body, reader, depth)
    return result


def _called(text: str) -> str:
    """Write ``&'name'`` as ``name``, and ``'text' | iex`` as ``iex 'text'``."""
    text = _MEMBER.sub(r".\1", text)
    return _PIPED.sub(r"iex \1", _CALLED.sub(r"\1", _FOUND.sub(r"\1", text)))


def _payloads(text: str, payloads: list[bytes], reader: Reader, depth: int) -> None:
    """Hand over what Base64 strings hold: a script in a stream, packed or plain."""
    data = list(payloads[:8])
    data += [found for match in list(_BASE64.finditer(text))[:8] if (found := from_base64(match.group(2))) is not None]
    seen = set()
    for item in data:
        if item in seen:
            continue
        seen.add(item)
        plain = payload_text(item)
        if plain and plain.isprintable() | ("\n" in plain) and len(plain) > 2:
            reader.trail.note("decoded Base64", f"{len(item)} bytes", plain)
            reader.inner_script(plain, depth + 1)


def _statements(text: str, reader: Reader, depth: int) -> None:
    """Find the commands that a script runs and hand those of native tools, and nested scripts, to the reader."""
    statement: list[Token] = []
    count = 0
    for token in tokens(text):
        doubled = token.text == "&" and statement and statement[-1].text == "&"
        if doubled or token.kind == "line" or (token.kind == "sign" and token.text in ";|{}"):
            count += _statement(statement, reader, depth, text)
            statement = []
            if count > 32:
                return
        elif token.kind != "comment":
            statement.append(token)
    _statement(statement, reader, depth, text)


def _statement(statement: list[Token], reader: Reader, depth: int, text: str) -> int:
    values = words(statement)
    if values and values[0] in ("&", "."):
        values = values[1:]
    if len(values) < 1 or not reader.trail.spend(64):
        return 0
    name = program_name(values[0])
    first = next(token for token in statement if token.kind != "space" and token.text not in ("&", "."))
    if first.text.lower() in _INVOKE:
        held = [token for token in statement if token.kind != "space" and token.text not in ("&", ".", "(", ")")][1:]
        if len(held) == 1 and held[0].kind == "string":
            reader.trail.note("text that is run", values[0], held[0].value)
            reader.inner_script(held[0].value, depth + 1)
            return 1
    elif values[0].lower() in _START and len(values) > 1:
        line = _started(values[1:])
        if line:
            reader.inner_command(line, depth + 1)
            return 1
    elif name in NATIVE and len(values) > 1 and name not in ("sort", "where", "write", "print", "replace", "query"):
        reader.inner_command(join(values), depth + 1)
        return 1
    return 0


def words(statement: list[Token]) -> list[str]:
    """Return the words of a command as PowerShell passes them on."""
    found: list[str] = []
    end = -1
    for token in statement:
        if token.kind == "space":
            continue
        value = token.value if token.kind == "string" else token.text
        if token.start == end and found:
            found[-1] += value
        else:
            found.append(value)
        end = token.end
    return found


def _started(values: list[str]) -> str:
    """Return the command line of ``Start-Process``."""
    path, arguments = "", []
    place = 0
    while place < len(values):
        value = values[place]
        low = value.lower()
        if low.startswith("-") and len(low) > 2:
            if "-filepath".startswith(low) and place + 1 < len(values):
                place += 1
                path = values[place]
            elif "-argumentlist".startswith(low) or low == "-args":
                place += 1
                while place < len(values):
                    arguments.append(values[place].strip(","))
                    if not values[place].endswith(",") and values[place + 1 : place + 2] != [","]:
                        break
                    place += 1
            elif low in ("-verb", "-windowstyle", "-workingdirectory") or "-windowstyle".startswith(low):
                place += 1
        elif not path:
            path = value
        elif not arguments:
            arguments.append(value)
        place += 1
    line = " ".join(part.replace(",", " ") if "," in part and " " not in part else part for part in arguments if part)
    return f'"{path}" {line}'.strip() if " " in path else f"{path} {line}".strip()
