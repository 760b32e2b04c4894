"""Functions that written arrow code may call, as text, in the order of definition."""

from __future__ import annotations

from typing import Final

HELPERS: Final[dict[str, str]] = {
    "any_of": """
def any_of(parts):
    while len(parts) > 1:
        parts = [parts[i] | parts[i + 1] if i + 1 < len(parts) else parts[i] for i in range(0, len(parts), 2)]
    return parts[0] if parts else pc.scalar(False)
""",
    "all_of": """
def all_of(parts):
    while len(parts) > 1:
        parts = [parts[i] & parts[i + 1] if i + 1 < len(parts) else parts[i] for i in range(0, len(parts), 2)]
    return parts[0] if parts else pc.scalar(True)
""",
    "untrue": """
def untrue(expression):
    return ~pc.coalesce(expression, pc.scalar(False))
""",
    "column_text": """
def column_text(column):
    kind = schema.field(column).type
    if pa.types.is_nested(kind):
        raise TypeError(f"column {column!r} has several values in a row, which no Arrow expression can look at")
    text = pc.field(column).cast(pa.string())
    return pc.replace_substring(text, " ", "T", max_replacements=1) if pa.types.is_timestamp(kind) else text
""",
    "text": """
def text(name):
    spellings = (str, str.lower, lambda n: n.replace(" ", ""), lambda n: n.replace(" ", "").lower())
    found = (column for same in spellings for column in schema.names if same(column) == same(name))
    column = next(found, None)
    return pc.scalar(pa.scalar(None, pa.string())) if column is None else column_text(column)
""",
    "low": """
def low(name):
    return pc.utf8_lower(text(name))
""",
    "anywhere": """
def anywhere(test):
    return any_of([test(column_text(column)) for column in schema.names])
""",
    "number": r"""
def number(name):
    numeric = r"\A[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\z"
    nothing = pc.scalar(pa.scalar(None, pa.string()))
    found = pc.if_else(pc.match_substring_regex(text(name), numeric), text(name), nothing)
    return pc.replace_substring_regex(found, r"\A\+", "").cast(pa.float64())
""",
}
