"""Arguments of native tools with their full words: one function for each tool that has a language of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from lotl.normalise.canonical.argv import Word, join, quote, tidy
from lotl.normalise.canonical.menus import NETSH, NTDSUTIL, NTDSUTIL_TAKES, POSITIONAL
from lotl.normalise.canonical.model import Trail
from lotl.normalise.canonical.paths import clean_path
from lotl.normalise.canonical.vocabulary import (
    CERTUTIL,
    CERTUTIL_SHORTEST,
    DASHED,
    NET_SWITCHES,
    REGISTRY_ROOTS,
    SLASHED,
    VERBS,
    WMIC_ALIASES,
)

_SWITCH: Final = re.compile(r"[-/](?=[A-Za-z?])")
_ROOT: Final = re.compile(r"^((?:\\\\[^\\]+\\)?[\"']?)(HKEY_[A-Z_]+)(?=\\|$|[\"'])", re.I)
_ORDINAL: Final = re.compile(
    r"(?i)^((?:.*[\\/])?comsvcs(?:\.dll)?)[\s,]*[,\s]\s*(?:#[+-]?0*24|#-4294967272|minidump)\b"
)


def arguments(tool: str, words: Sequence[Word], trail: Trail) -> str:
    """Return the arguments of a tool as one text, in full words."""
    special = _TOOLS.get(tool)
    if special is not None:
        return special(words, trail)
    return " ".join(_plain(tool, word, trail) for word in words)


def _plain(tool: str, word: Word, trail: Trail) -> str:
    return _switch(tool, _tidy(word, trail), trail)


def _tidy(word: Word, trail: Trail) -> str:
    """Return a word without needless quotes and with a clean path."""
    return clean_path(trail.note("inserted quotes", word.raw, tidy(word)), trail)


def _switch(tool: str, text: str, trail: Trail) -> str:
    """Give a switch the sign that the tool's help shows."""
    sign = "-" if tool in DASHED else "/" if tool in SLASHED else ""
    if sign and text[:1] in "-/" and text[:1] != sign and _SWITCH.match(text) and text.count("/") < 2:
        return trail.note("switch sign", text, sign + text[1:])
    return text


def completed(text: str, choices: Sequence[str] | dict[str, Any], shortest: int = 1) -> str | None:
    """Return the first of `choices` that `text` is a beginning of, an exact one before all; None without any.

    Examples
    --------
    >>> completed("port", ("ip", "portproxy")), completed("x", ("ip",))
    ('portproxy', None)
    """
    low = text.lower()
    if low in choices:
        return low
    if len(low) < shortest:
        return None
    return next((choice for choice in choices if choice.startswith(low)), None)


def _netsh(words: Sequence[Word], trail: Trail) -> str:
    out: list[str] = []
    menu: Any = NETSH
    values = [_tidy(word, trail) for word in words]
    place = 0
    while place < len(values):
        value = values[place]
        bare = value.strip('"')
        if not out_of_options(value) and menu is NETSH:
            option = "-" + value[1:]
            out.append(trail.note("switch sign", value, option))
            if option.lower() in ("-c", "-r", "-f", "-u", "-p", "-a") and place + 1 < len(values):
                place += 1
                context = values[place].strip('"')
                out.append(_context(context, trail) if option.lower() == "-c" else values[place])
                if option.lower() == "-c":
                    menu = _enter(context)
        elif isinstance(menu, dict) and " " in bare:
            inner = [Word(part, part, 0, 0) for part in bare.split()]
            out.append(quote(_walk(inner, menu, trail)))
        elif isinstance(menu, dict) and (full := completed(bare, menu)) is not None:
            out.append(trail.note("abbreviation", bare, full))
            menu = menu[full]
            if isinstance(menu, tuple):
                return " ".join([*out, *_tags(values[place + 1 :], menu, full in POSITIONAL, trail)])
        else:
            out.append(value)
        place += 1
    return " ".join(out)


def _walk(words: Sequence[Word], menu: dict[str, Any], trail: Trail) -> str:
    out, here = [], menu
    for word in words:
        full = completed(word.value, here) if isinstance(here, dict) else None
        out.append(word.value if full is None else trail.note("abbreviation", word.value, full))
        here = here[full] if full is not None else {}
    return " ".join(out)


def out_of_options(value: str) -> bool:
    """Tell whether a word of netsh is a context or command rather than ``-option``."""
    return not (len(value) == 2 and value[0] in "-/" and value[1].isalpha())


def _context(text: str, trail: Trail) -> str:
    full = _walk([Word(part, part, 0, 0) for part in text.split()], NETSH, trail)
    return quote(full)


def _enter(text: str) -> Any:
    menu: Any = NETSH
    for part in text.split():
        full = completed(part, menu) if isinstance(menu, dict) else None
        if full is None:
            return NETSH
        menu = menu[full]
    return menu


def _tags(values: Sequence[str], tags: tuple[str, ...], positional: bool, trail: Trail) -> list[str]:
    """Complete ``name=value`` arguments; give a name to those that have none where their order names them."""
    out: list[str] = []
    free = iter(tags)
    for value in values:
        name, equals, rest = value.partition("=")
        if equals:
            full = completed(name.strip('"'), tags, 1)
            quoted = '"' if name.startswith('"') and full else ""
            out.append(value if full is None else trail.note("abbreviation", value, f"{quoted}{full}={rest}"))
        elif positional and (value[:1] not in '/-<>&|12"' or re.fullmatch(r"\d{1,5}|[\d.]+", value)):
            tag = next(free, None)
            out.append(value if tag is None else trail.note("argument without its name", value, f"{tag}={value}"))
        else:
            out.append(value)
    return out


def _ntdsutil(words: Sequence[Word], trail: Trail) -> str:
    """Flatten the words of all arguments, follow the menus, and quote what belongs together."""
    flat = [(part, number) for number, word in enumerate(words) for part in word.value.replace("'", " ").split()]
    out: list[str] = []
    menu, place = "", 0
    while place < len(flat):
        entry, taken = _entry(flat, place, NTDSUTIL[menu])
        if not entry and menu:
            entry, taken = _entry(flat, place, NTDSUTIL[""])
        if not entry:
            out.append(flat[place][0])
            place += 1
            continue
        phrase = " ".join(part for part, _ in flat[place : place + taken])
        argument: list[str] = []
        place += taken
        if entry in NTDSUTIL_TAKES and place < len(flat):
            last = flat[place][1]
            while place < len(flat) and flat[place][1] == last and (not argument or entry.startswith("create")):
                if argument and _entry(flat, place, ("quit",))[0] and len(flat[place][0]) <= 4:
                    break
                path = clean_path(flat[place][0], trail)
                argument.append(path if path.endswith(":\\") else path.rstrip("\\") or path)
                place += 1
        out.append(" ".join([trail.note("abbreviation", phrase, entry), *argument]))
        menu = entry if entry in NTDSUTIL else "" if entry == "quit" else menu
    return join(out)


def _entry(flat: Sequence[tuple[str, int]], place: int, menu: Sequence[str]) -> tuple[str, int]:
    """Return the menu entry that the words from `place` on begin, and how many words it takes."""
    if flat[place][0][:1] in "<>|&{\\" or flat[place][0][1:2] == ":":
        return "", 0
    best: tuple[str, int] = ("", 0)
    for entry in menu:
        names = entry.split()
        given = flat[place : place + len(names)]
        fits = all(name.startswith(word.lower()) for name, (word, _) in zip(names, given, strict=False))
        if fits and len(given) == len(names) > best[1]:
            best = entry, len(names)
    return best


def _net(words: Sequence[Word], trail: Trail) -> str:
    out: list[str] = []
    for number, word in enumerate(words):
        value = _tidy(word, trail)
        if number == 0:
            value = trail.note("other name of a command", value, VERBS["net"].get(value.lower(), value))
        elif value[:1] in "/-" and len(value) > 1:
            name, colon, rest = value[1:].partition(":")
            full = completed(name, NET_SWITCHES)
            if full is not None and (value[0] == "/" or len(name) > 2):
                long = f"/{full}{colon}{rest}" if full != name.lower() else f"/{value[1:]}"
                value = trail.note("abbreviation", value, long)
        out.append(value)
    return " ".join(out)


def _wmic(words: Sequence[Word], trail: Trail) -> str:
    values = [trail.note("inserted quotes", word.raw, _wmic_word(word)) for word in words]
    out: list[str] = []
    place = 0
    while place < len(values):
        value = values[place]
        following = values[place + 1].lower() if place + 1 < len(values) else ""
        if value.lower() in ("path", "class") and following in WMIC_ALIASES:
            alias = WMIC_ALIASES[following]
            out.append(trail.note("class instead of its alias", f"{value} {values[place + 1]}", alias))
            place += 2
            continue
        if value.lower() == "path":
            out.append(value)
        else:
            out.append(_switch("wmic", value, trail))
        place += 1
    return " ".join(out)


def _wmic_word(word: Word) -> str:
    value = word.value
    simple = value.isascii() and value.replace("_", "").isalnum()
    return value if simple and not word.raw.startswith('"\\"') else tidy(word)


def _reg(words: Sequence[Word], trail: Trail) -> str:
    out = []
    for word in words:
        value = _switch("reg", trail.note("inserted quotes", word.raw, tidy(word)), trail)
        found = _ROOT.match(value)
        if found and (short := REGISTRY_ROOTS.get(found.group(2).lower())):
            value = trail.note("registry root", value, found.group(1) + short + value[found.end() :])
        elif value[:1] not in "/-":
            value = clean_path(value, trail)
        out.append(value)
    return " ".join(out)


def _certutil(words: Sequence[Word], trail: Trail) -> str:
    out = []
    for word in words:
        value = _plain("certutil", word, trail)
        full = completed(value[1:], CERTUTIL, CERTUTIL_SHORTEST) if value.startswith("-") else None
        if full is not None and full != value[1:].lower():
            value = trail.note("abbreviation", value, f"-{full}")
        out.append(value)
    return " ".join(out)


def _verb(tool: str) -> Callable[[Sequence[Word], Trail], str]:
    def run(words: Sequence[Word], trail: Trail) -> str:
        out = []
        for number, word in enumerate(words):
            value = _plain(tool, word, trail)
            if number == 0:
                value = trail.note("abbreviation", value, VERBS[tool].get(value.lower(), value))
            out.append(value)
        return " ".join(out)

    return run


def _rundll32(words: Sequence[Word], trail: Trail) -> str:
    text = " ".join(_tidy(word, trail) for word in words)
    found = _ORDINAL.match(text)
    if found:
        library = found.group(1) if found.group(1).lower().endswith(".dll") else f"{found.group(1)}.dll"
        rest = text[found.end() :].lstrip(" ,")
        text = trail.note("export by number or without comma", text, f"{library}, MiniDump {rest}".rstrip())
    return text


_TOOLS: Final[dict[str, Callable[[Sequence[Word], Trail], str]]] = {
    "netsh": _netsh,
    "ntdsutil": _ntdsutil,
    "net": _net,
    "net1": _net,
    "wmic": _wmic,
    "reg": _reg,
    "regedit": _reg,
    "certutil": _certutil,
    "wevtutil": _verb("wevtutil"),
    "wecutil": _verb("wecutil"),
    "rundll32": _rundll32,
}
