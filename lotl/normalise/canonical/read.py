"""`canonical`: the door of the package. Never raises, and does a bounded amount of work on any text."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Final

from lotl.normalise.canonical.model import INPUT, OUTPUT, Canonical, Trail
from lotl.normalise.canonical.reader import Reader

_COMMAND: Final = re.compile(r"<Command>([^<]{1,8192})</Command>(?:\s*<Arguments>([^<]{0,32768})</Arguments>)?", re.I)


@lru_cache(maxsize=1 << 13)
def canonical(text: str, *, script: bool = False) -> Canonical:
    """Return the canonical form of a command line.

    Parameters
    ----------
    text : str
        A command line as a process got it, a line for the command interpreter, or (`script`) PowerShell text. Scheduled
        task XML stands for the commands in it. Of a very long text the first 65,536 characters are read.
    script : bool
        `text` is PowerShell.

    Returns
    -------
    Canonical
        Never raises: what cannot be read stays as it is, and `Canonical.cut` says that a bound was reached.

    Examples
    --------
    >>> found = canonical('ntdsutil "ac i ntds" ifm "cr fu C:\\\\t" q q')
    >>> found.text
    'ntdsutil "activate instance ntds" ifm "create full C:\\\\t" quit quit'
    >>> str(found.steps[0])
    'abbreviation: ac i → activate instance'
    """
    trail = Trail()
    head, rest = text[:INPUT], text[INPUT:]
    trail.cut = bool(rest)
    try:
        result = read(head, trail, script=script)
    except RecursionError:
        trail.cut, result = True, head
    if len(result) > OUTPUT:
        trail.cut, result = True, result[:OUTPUT]
    commands = tuple(command for command in dict.fromkeys(trail.commands) if command not in (result, text))
    return Canonical(result + rest, commands, tuple(trail.steps), trail.cut)


def read(text: str, trail: Trail, *, script: bool) -> str:
    """Read a text of bounded length; its steps and inner commands go to `trail`."""
    reader = Reader(trail)
    if script:
        place = len(trail.commands)
        result = reader.inner_script(text, 0)
        del trail.commands[place : place + (trail.commands[place : place + 1] == [result.strip()])]
        return result
    if text.lstrip().startswith("<") and "<Command>" in text:
        for found in list(_COMMAND.finditer(text))[:16]:
            reader.inner_command(html.unescape(" ".join(part for part in found.groups() if part)), 1)
        return text
    return reader.whole(text)
