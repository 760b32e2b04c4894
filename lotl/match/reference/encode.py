"""Values as programs hide them: UTF-16, base64, base64 at an unknown offset, option dashes.

Bytes that are no text (UTF-16) are held as text with one character per byte (Latin-1), so that base64 works on the
bytes of any text.
"""

from __future__ import annotations

import itertools
import re
from base64 import b64encode
from typing import Final

from lotl.match.reference.patterns import DASHES, Parts, Wild, join

UTF16: Final = {"wide": "utf-16-le", "utf16le": "utf-16-le", "utf16be": "utf-16-be", "utf16": "utf-16-le"}
"""Modifier and the codec behind it; `utf16` also begins with the byte order mark FF FE."""
MOST_FORMS: Final = 5**5
"""Spellings of one value that `windash` may make before an encoding modifier."""

_OPTION_DASH = re.compile(rf"(?<!\w)[{re.escape(DASHES)}](?=\w)")
_FIRST_STABLE: Final = (0, 2, 3)
_UNSTABLE_END: Final = (0, 3, 2)


def windash(parts: Parts) -> Parts:
    """Let every dash at the start of a word stand for all `DASHES`.

    Examples
    --------
    >>> windash((" -a foo-bar",))
    (' ', <Wild.DASH: '-/'>, 'a foo-bar')
    """
    out: list[str | Wild] = []
    for part in parts:
        if isinstance(part, str):
            first, *others = _OPTION_DASH.split(part)
            out.append(first)
            for other in others:
                out += [Wild.DASH, other]
        else:
            out.append(part)
    return join(out)


def spelled_out(parts: Parts) -> list[Parts]:
    """Return one pattern per combination of dashes, without `Wild.DASH`.

    Raises
    ------
    ValueError
        There are more than `MOST_FORMS` combinations.
    """
    if 5 ** parts.count(Wild.DASH) > MOST_FORMS:
        raise ValueError(f"{parts.count(Wild.DASH)} dashes are too many to encode in all their combinations")
    choices = [DASHES if part is Wild.DASH else (part,) for part in parts]
    return [join(list(form)) for form in itertools.product(*choices)]


def utf16(parts: Parts, modifier: str) -> Parts:
    """Encode the literals; `modifier` is a key of `UTF16`.

    Examples
    --------
    >>> utf16(("a",), "utf16")
    ('ÿþa\\x00',)
    """
    encoded: list[str | Wild] = [
        part.encode(UTF16[modifier]).decode("latin-1") if isinstance(part, str) else part for part in parts
    ]
    return join(["\xff\xfe", *encoded] if modifier == "utf16" else encoded)


def base64(data: bytes) -> str:
    """Encode the whole value, padding included."""
    return b64encode(data).decode("ascii")


def base64offset(data: bytes) -> list[str]:
    """Return what the base64 of any longer data must contain, for the three alignments.

    The first and last characters also hold bits of the neighbouring bytes and are cut. An alignment of which nothing
    stays is left out: an empty text would be found everywhere.

    Examples
    --------
    >>> base64offset(b"foo"), base64offset(b"a")
    (['Zm9v', 'Zvb', 'mb2'], ['Y', 'h'])
    """
    forms = []
    for shift in range(3):
        encoded = base64(b"\0" * shift + data)
        form = encoded[_FIRST_STABLE[shift] : len(encoded) - _UNSTABLE_END[(shift + len(data)) % 3]]
        if form:
            forms.append(form)
    return forms
