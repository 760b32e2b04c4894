"""Names of one dialect to Windows' own: once per set of names, not per record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from lotl.normalise.dialects.base import DATA, SYSTEM, Dialect
from lotl.normalise.dialects.detect import detect, unwrap
from lotl.normalise.dialects.elements import element


class Resolved(NamedTuple):
    """Where the columns of a table go: target name to the paths that fill it, best first."""

    system: dict[str, list[str]]
    data: dict[str, list[str]]
    message: str


@lru_cache(maxsize=1024)
def resolve(dialect: Dialect, names: tuple[str, ...], event_id: int | None) -> Resolved:
    """Say for each target which of `names` it comes from."""
    system: dict[str, list[tuple[int, str]]] = {}
    data: dict[str, list[tuple[int, str]]] = {}
    order = {path: rank for rank, path in enumerate(dialect.system)}
    special = dialect.by_event.get(event_id, {}) if event_id is not None else {}
    for path in names:
        found = _target(dialect, path, special)
        if found is not None:
            part, name, rank = found
            where = system if part == SYSTEM else data
            where.setdefault(name, []).append((order.get(path, 0) if part == SYSTEM else rank, path))
    return Resolved(
        {name: [path for _, path in sorted(paths)] for name, paths in system.items()},
        {name: [path for _, path in sorted(paths)] for name, paths in data.items()},
        dialect.message if dialect.message in names else "",
    )


@lru_cache(maxsize=1024)
def rendered(names: tuple[str, ...]) -> str:
    """Return the name of the rendered text of records that have fields as well, and so do without it; else ""."""
    plain = {unwrap(name): name for name in names}
    dialect = detect(tuple(plain))
    if dialect is None or dialect.message not in plain:
        return ""
    return plain[dialect.message] if resolve(dialect, tuple(plain), None).data else ""


def _target(dialect: Dialect, path: str, special: Mapping[str, str]) -> tuple[str, str, int] | None:
    if path in dialect.system:
        return SYSTEM, dialect.system[path], 0
    if path in dialect.drop or path == dialect.message or path in dialect.texts or path == dialect.kind_field:
        return None
    if dialect.drop_prefixes and path.startswith(dialect.drop_prefixes):
        return None
    for prefix in dialect.prefixes:
        if path.startswith(prefix):
            return DATA, _field(path[len(prefix) :]), 0
    for prefix in dialect.trees:
        if path.startswith(prefix):
            found = element(path[len(prefix) :])
            return None if found is None else (*found, 0)
    if path in special:
        return DATA, special[path], 1
    if path in dialect.data:
        return DATA, dialect.data[path], 2
    return (DATA, _field(path), 0) if dialect.others else None


def _field(path: str) -> str:
    """Return the name of a payload field: text and attributes below it go by its name, as in the record's XML."""
    for end in (".#text", "._text"):
        path = path.removesuffix(end)
    return path.replace(" ", "")
