"""Signs that pass for others: tables only.

Look-alike letters follow the idea of Unicode Technical Standard 39 (confusables) for those letters that a Latin
command could be written with; spaces, dashes and quotes follow the general categories Zs, Pd, Pi and Pf.
"""

from __future__ import annotations

from typing import Final

DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d\u00ad"
DOUBLE_QUOTES: Final = "\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb\uff02\u301d\u301e"
SINGLE_QUOTES: Final = "\u2018\u2019\u201a\u201b\u2032\u2035\uff07\u02bc\u02b9"
SLASHES: Final = {
    "\u2044": "/",
    "\u2215": "/",
    "\u29f8": "/",
    "\uff0f": "/",
    "\u2216": "\\",
    "\uff3c": "\\",
    "\ufe68": "\\",
}

MOJIBAKE: Final = (
    # UTF-8 signs that somebody read as Windows-1252
    ("\u00e2\u20ac\u0153", '"'), ("\u00e2\u20ac\u009d", '"'), ("\u00e2\u20ac\u017e", '"'),
    ("\u00e2\u20ac\u201c", "-"), ("\u00e2\u20ac\u201d", "-"), ("\u00e2\u20ac\u2022", "-"),
    ("\u00e2\u20ac\u02dc", "'"), ("\u00e2\u20ac\u2122", "'"), ("\u00c2\u00a0", " "), ("\u00e2\u20ac", '"'),
)  # fmt: skip

_CYRILLIC: Final = zip(
    "асԁеһіјӏорԛѕԝхуԌАВСЕНІЈКМОРЅТХУҮԚԜкмтвн", "acdehijlopqswxyGABCEHIJKMOPSTXYYQWkmtbh", strict=True
)
_GREEK: Final = zip("αορνιυκΑΒΕΖΗΙΚΜΝΟΡΤΥΧετχγϲϳ", "aopviukABEZHIKMNOPTYXetxycj", strict=True)
_OTHERS: Final = zip("ıɡɑⅼⅰⅽⅾⅿⅴⅹꜱʀɪɴʟʏʜʙɢᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢաոսօհց", "igalicdmvxsrinlyhbgacdejkmoptuvwzwnuohg", strict=True)
LETTERS: Final = {**dict(_CYRILLIC), **dict(_GREEK), **dict(_OTHERS)}
"""Letter of another alphabet (or of phonetic writing): the Latin letter that it looks like."""

ALWAYS: Final = frozenset("ıɡɑꜱʀɪɴʟʏʜʙɢᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢ")
"""Look-alikes that no language writes whole words with."""
