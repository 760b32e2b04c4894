"""Rule sets in the cache: a warm start neither parses YAML nor imports pySigma.

Metadata is one JSON array; each rule's document and condition are a JSON text of their own that is read when the rule
is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, overload

from lotl.plan.ir import And, AtLeast, Atom, AtomValue, Const, Leaf, Node, Not, Op, Or, Wild
from lotl.rules import diskcache
from lotl.rules.model import Correlation, Issue, LogSource, Meta, Rule, RuleLogic, State
from lotl.rules.ruleset import RuleSet
from lotl.rules.sources import Origin
from lotl.schema import Selector

FEWEST = 8
"""Files below which a rule set is not worth a cache file."""

_META = tuple(field.name for field in fields(Meta))
_TUPLES = {number for number, field in enumerate(fields(Meta)) if "tuple" in str(field.type)}


def key_of(origins: Sequence[Origin], options: Mapping[str, Any]) -> str | None:
    """Return the cache key of a load, or None where it is not to be cached.

    Parameters
    ----------
    origins : sequence of Origin
        Everything that was read, filters included.
    options : mapping
        JSON-able options that decide the result.
    """
    if len(origins) < FEWEST:
        return None
    parts = [json.dumps(options, sort_keys=True).encode()]
    for origin in origins:
        try:
            content = b"" if origin.content is None else json.dumps(origin.content).encode()
        except (TypeError, ValueError, RecursionError):
            return None
        parts += [f"{origin.name}\0{origin.sought}\0{origin.problem}".encode(), origin.data, content]
    return diskcache.digest(parts)


def save(key: str, ruleset: RuleSet) -> None:
    """Store a rule set."""
    metas, bodies = [], []
    try:
        for rule in ruleset.rules:
            metas.append([getattr(rule.meta, name) for name in _META])
            body = [
                [rule.logsource.category, rule.logsource.product, rule.logsource.service],
                [_selector(selector) for selector in rule.selectors],
                rule.generates,
                _write(rule.node),
                rule.document,
            ]
            bodies.append(json.dumps(body).encode())
        rest = {
            "correlations": [asdict(each) for each in ruleset.correlations],
            "filters": [[getattr(meta, name) for name in _META] for meta in ruleset.filters],
            "issues": [
                [issue.state.value, issue.rule, issue.where, issue.what, issue.hint]
                for issue in (*ruleset.errors, *ruleset.warnings)
            ],
            "skipped": ruleset.skipped,
            "placeholders": ruleset.placeholders,
            "sizes": [len(body) for body in bodies],
        }
        head, index = json.dumps(metas).encode(), json.dumps(rest).encode()
    except (TypeError, ValueError, RecursionError):
        return  # a document with values that are no JSON (YAML sets, binary)
    diskcache.write("rules", key, {"metas": head, "rest": index, "bodies": b"".join(bodies)})


def restore(key: str) -> RuleSet | None:
    """Return the stored rule set, or None."""
    blobs = diskcache.read("rules", key)
    if blobs is None:
        return None
    try:
        metas = [_meta(row) for row in json.loads(bytes(blobs["metas"]))]
        rest = json.loads(bytes(blobs["rest"]))
        issues = [Issue(State(state), *texts) for state, *texts in rest["issues"]]
        return RuleSet(
            StoredRules(metas, rest["sizes"], blobs["bodies"]),
            [_correlation(each) for each in rest["correlations"]],
            [_meta(row) for row in rest["filters"]],
            [issue for issue in issues if issue.state is not State.LOADED],
            [issue for issue in issues if issue.state is State.LOADED],
            rest["skipped"],
            rest["placeholders"],
        )
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


class StoredRules(Sequence[Rule]):
    """Rules that are read from the cache when they are asked for."""

    def __init__(self, metas: list[Meta], sizes: list[int], bodies: memoryview) -> None:
        if len(sizes) != len(metas) or sum(sizes) != len(bodies):
            raise ValueError("damaged")
        self.metas = metas
        self._bodies = bodies
        self._starts = [0]
        for size in sizes:
            self._starts.append(self._starts[-1] + size)
        self._made: dict[int, Rule] = {}

    def __len__(self) -> int:
        return len(self.metas)

    def __iter__(self) -> Iterator[Rule]:
        return (self[number] for number in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Rule: ...
    @overload
    def __getitem__(self, index: slice) -> list[Rule]: ...
    def __getitem__(self, index: int | slice) -> Rule | list[Rule]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        if number not in self._made:
            body = bytes(self._bodies[self._starts[number] : self._starts[number + 1]])
            source, selectors, generates, node, document = json.loads(body)
            self._made[number] = Rule(
                self.metas[number],
                LogSource(*source),
                tuple(map(_read_selector, selectors)),
                _read(node),
                document,
                generates,
            )
        return self._made[number]


def _meta(row: list[Any]) -> Meta:
    return Meta(*(tuple(value) if number in _TUPLES else value for number, value in enumerate(row)))


def _selector(selector: Selector) -> list[Any]:
    event_ids = None if selector.event_ids is None else sorted(selector.event_ids)
    return [selector.channel, event_ids, selector.provider, selector.view, selector.where]


def _read_selector(row: list[Any]) -> Selector:
    channel, event_ids, provider, view, where = row
    conditions = tuple((name, tuple(values)) for name, values in where)
    return Selector(channel, None if event_ids is None else frozenset(event_ids), provider, view, conditions)


def _write(node: Node) -> Any:
    match node:
        case Leaf(atom):
            return [atom.field, atom.op.value, write_value(atom), atom.cased, atom.hexed]
        case And(children):
            return {"and": [_write(child) for child in children]}
        case Or(children):
            return {"or": [_write(child) for child in children]}
        case AtLeast(count, children):
            return {"of": [count, *(_write(child) for child in children)]}
        case Not(child):
            return {"not": _write(child)}
        case Const(value):
            return value


def _read(stored: Any) -> Node:
    if isinstance(stored, list):
        field, op, value, cased, hexed = stored
        return Leaf(Atom(field, Op(op), read_value(op, value), cased, hexed))
    if isinstance(stored, bool):
        return Const(stored)
    ((kind, below),) = stored.items()
    if kind == "not":
        return Not(_read(below))
    if kind == "of":
        return AtLeast(below[0], tuple(map(_read, below[1:])))
    return (And if kind == "and" else Or)(tuple(map(_read, below)))


def write_value(atom: Atom) -> Any:
    """Return an atom's value as JSON has it; wildcards are numbers."""
    if atom.op is Op.GLOB and isinstance(atom.value, tuple):
        return [part if isinstance(part, str) else int(part is Wild.RUN) for part in atom.value]
    return atom.value


def read_value(op: str, value: Any) -> AtomValue:
    """Undo `write_value`."""
    if op == Op.GLOB.value:
        return tuple(part if isinstance(part, str) else Wild.RUN if part else Wild.ONE for part in value)
    return tuple(value) if isinstance(value, list) else value


def _correlation(stored: dict[str, Any]) -> Correlation:
    stored["meta"] = _meta(list(stored["meta"].values()))
    for name in ("rules", "group_by", "fields"):
        stored[name] = tuple(stored[name])
    stored["conditions"] = tuple((operator, number) for operator, number in stored["conditions"])
    stored["expression"] = None if stored["expression"] is None else _logic(stored["expression"])
    return Correlation(**stored)


def _logic(stored: Any) -> RuleLogic:
    return stored if isinstance(stored, str) else (stored[0], tuple(map(_logic, stored[1])))
