"""``powershell.exe``: parameters in full, the encoded command decoded, the script read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lotl.normalise.canonical.argv import Word, quote
from lotl.normalise.canonical.payload import as_text, from_base64
from lotl.normalise.canonical.vocabulary import POWERSHELL, POWERSHELL_ALIASES, POWERSHELL_VALUES

if TYPE_CHECKING:
    from lotl.normalise.canonical.reader import Reader

_TAKES: Final = {name: takes for name, _, takes in POWERSHELL}


def parameter(text: str) -> str | None:
    """Return the full name of a parameter of powershell.exe; None where it is none.

    Examples
    --------
    >>> parameter("-enc"), parameter("/e"), parameter("-w"), parameter("-x")
    ('EncodedCommand', 'EncodedCommand', 'WindowStyle', None)
    """
    if len(text) < 2 or text[0] not in "-/":
        return None
    low = text[1:].lower().rstrip(":").replace("`", "").replace("^", "").lstrip("-")
    if low in POWERSHELL_ALIASES:
        return POWERSHELL_ALIASES[low]
    return next((name for name, least, _ in POWERSHELL if low.startswith(least) and name.lower().startswith(low)), None)


def powershell(program: str, words: list[Word], reader: Reader, depth: int) -> str:
    """Return the command line with full parameters; scripts go to the reader."""
    trail = reader.trail
    out = [program]
    place = 1
    while place < len(words):
        word = words[place]
        name = parameter(word.value)
        if name is None:
            if word.value[:1] in "-/" and len(word.value) > 1 and place + 1 < len(words):
                out.append(word.raw)
                place += 1
                continue
            return " ".join([*out, _script(words[place:], reader, depth)])
        out.append(trail.note("parameter", word.raw, f"-{name}"))
        place += 1
        if name == "Command":
            return " ".join([*out, _script(words[place:], reader, depth)]).strip()
        if name == "File":
            return " ".join([*out, *(word.raw for word in words[place:])])
        if _TAKES[name] and place < len(words):
            value = words[place].value
            out.append(_value(name, value, reader, depth))
            place += 1
    return " ".join(out)


def _value(name: str, value: str, reader: Reader, depth: int) -> str:
    trail = reader.trail
    if name == "EncodedCommand":
        data = from_base64(value)
        text = None if data is None else as_text(data)
        if text is not None and trail.spend(len(value)):
            trail.note("encoded command", value, text)
            reader.inner_script(text, depth + 1)
        return quote(value)
    known = POWERSHELL_VALUES.get(name, ())
    low = value.lower()
    numbered = {"1": "Hidden"} if name == "WindowStyle" else {}
    full = numbered.get(low) or next((choice for choice in known if low and choice.lower().startswith(low)), value)
    return quote(trail.note("value", value, full) if full.lower() != low else value)


def _script(words: list[Word], reader: Reader, depth: int) -> str:
    if not words:
        return ""
    text = " ".join(word.value for word in words)
    if text.strip() == "-":
        return "-"
    return reader.inner_script(text, depth + 1)
