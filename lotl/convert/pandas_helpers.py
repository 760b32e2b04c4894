"""Functions that written pandas code may call, as text, in the order of definition."""

from __future__ import annotations

from typing import Final

HELPERS: Final[dict[str, str]] = {
    "any_of": """
def any_of(masks):
    return np.logical_or.reduce(masks)
""",
    "all_of": """
def all_of(masks):
    return np.logical_and.reduce(masks)
""",
    "fold": r"""
def fold(t):  # lower case, character by character
    return t.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower()
""",
    "spell": """
def spell(value):
    if value is None or value is pd.NA or value != value:
        return None
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, pd.Timestamp):
        value = value.tz_convert(None) if value.tzinfo else value
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(value)
""",
    "positions": """
def positions(name):
    spellings = (str, str.lower, lambda n: n.replace(" ", ""), lambda n: n.replace(" ", "").lower())
    names = [str(column) for column in df.columns]
    found = [i for same in spellings for i, column in enumerate(names) if same(column) == same(name)]
    return found[:1]
""",
    "cells": """
@functools.cache
def cells(position):  # the texts of each row; None for a null
    lists = (list, tuple, np.ndarray)
    values = df.iloc[:, position].astype(object)
    return [[spell(v) for v in value] if isinstance(value, lists) else [spell(value)] for value in values]
""",
    "distinct": """
@functools.cache
def distinct(position):  # row and code of every value, and the distinct values
    pairs = [(row, text) for row, texts in enumerate(cells(position)) for text in texts if text is not None]
    codes, values = pd.factorize(np.array([text for _, text in pairs], dtype=object))
    return np.array([row for row, _ in pairs], dtype=int), codes, values
""",
    "on": """
def on(columns, test, form=str):
    mask = np.zeros(len(df), dtype=bool)
    for position in columns:
        rows, codes, values = distinct(position)
        hits = np.array([bool(test(form(value))) for value in values], dtype=bool)
        mask[rows[hits[codes]]] = True
    return mask
""",
    "where": """
def where(name, test, form=str):
    return on(positions(name), test, form)
""",
    "anywhere": """
def anywhere(test, form=str):
    return on(range(df.shape[1]), test, form)
""",
    "null": """
def null(name):
    found = positions(name)
    rows = cells(found[0]) if found else [[None]] * len(df)
    return np.array([not texts or None in texts for texts in rows], dtype=bool)
""",
    "present": """
def present(name):
    found = positions(name)
    rows = cells(found[0]) if found else [[None]] * len(df)
    return np.array([texts != [None] for texts in rows], dtype=bool)
""",
    "related": """
def related(name, other, test):
    found = positions(name) + positions(other)
    if len(found) < 2:
        return np.zeros(len(df), dtype=bool)
    both = zip(cells(found[0]), cells(found[1]))
    pairs = ([(fold(a), fold(b)) for a in one for b in two if a is not None and b is not None] for one, two in both)
    return np.array([any(test(a, b) for a, b in row) for row in pairs], dtype=bool)
""",
    "glob": """
def glob(*pieces):  # what stands between the asterisks, with the number of characters
    first, *middle, last = [(re.compile(piece, re.DOTALL), width) for piece, width in pieces]
    def test(t):
        at = first[1]
        if not first[0].match(t):
            return False
        for piece, _ in middle:
            found = piece.search(t, at)
            if found is None:
                return False
            at = found.end()
        return len(t) - last[1] >= at and last[0].fullmatch(t, len(t) - last[1]) is not None
    return test
""",
    "number": r"""
def number(t):
    if re.fullmatch(r"[+-]?[0-9]{1,4000}", t):
        return int(t)
    numeric = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    return float(t) if re.fullmatch(numeric, t) else float("nan")
""",
    "inside": """
def inside(network):
    network = ipaddress.ip_network(network)
    def test(t):
        try:
            address = ipaddress.ip_address(t)
        except ValueError:
            return False
        return (getattr(address, "ipv4_mapped", None) or address) in network
    return test
""",
    "part_of_time": r"""
def part_of_time(t, part):  # NaN where the text is no time; nothing is converted between time zones
    found = re.fullmatch(
        r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
        r"(?:[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]{1,9})?)?"
        r" ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?",
        t,
    )
    numbers = {name: int(digits) for name, digits in found.groupdict().items() if digits} if found else {}
    try:
        date = datetime.date(numbers["year"], numbers["month"], numbers["day"])
    except (KeyError, ValueError):
        return float("nan")
    if numbers.get("hour", 0) > 23 or numbers.get("minute", 0) > 59 or numbers.get("second", 0) > 60:
        return float("nan")
    return date.isocalendar().week if part == "week" else numbers.get(part, float("nan"))
""",
}
