"""Rule sets in the cache: a warm start neither parses YAML nor imports pySigma.

Metadata and log sources are read at once; each rule's document and condition are a JSON text of their own that is read
when it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, overload

from lotl.plan.ir import And, AtLeast, Atom, AtomValue, Const, Leaf, Node, Not, Op, Or, Wild
from lotl.schema import Selector
from lotl.sigma import diskcache
from lotl.sigma.model import Correlation, Issue, LogSource, Meta, Rule, RuleLogic, State
from lotl.sigma.ruleset import RuleSet
from lotl.sigma.sources import Origin

FEWEST = 8
"""Files below which a rule set is not worth a cache file."""

_META = tuple(field.name for field in fields(Meta))
_TUPLES = [number for number, field in enumerate(fields(Meta)) if "tuple" in str(field.type)]


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
    metas, heads, bodies = [], [], []
    selectors: dict[Selector, int] = {}
    try:
        for rule in ruleset.rules:
            metas.append([getattr(rule.meta, name) for name in _META])
            source = [rule.logsource.category, rule.logsource.product, rule.logsource.service]
            numbers = [selectors.setdefault(selector, len(selectors)) for selector in rule.selectors]
            heads.append([source, numbers, rule.generates])
            bodies.append(json.dumps([_write(rule.node), rule.document]).encode())
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
            "heads": heads,
            "selectors": list(map(write_selector, selectors)),
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
            StoredRules(metas, rest["heads"], rest["selectors"], rest["sizes"], bytes(blobs["bodies"])),
            [_correlation(each) for each in rest["correlations"]],
            [_meta(row) for row in rest["filters"]],
            [issue for issue in issues if issue.state is not State.LOADED],
            [issue for issue in issues if issue.state is State.LOADED],
            rest["skipped"],
            rest["placeholders"],
        )
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


class StoredRule(Rule):
    """A rule whose condition and document are still JSON; equal to the `Rule` that was stored."""

    _body: bytes

    @classmethod
    def made(
        cls, meta: Meta, logsource: LogSource, selectors: tuple[Selector, ...], generates: bool, body: bytes
    ) -> StoredRule:
        """Return a rule; `body` is read when it is needed."""
        rule = object.__new__(cls)
        rule.__dict__.update(meta=meta, logsource=logsource, selectors=selectors, generates=generates, _body=body)
        return rule

    def __getattr__(self, name: str) -> Any:
        if name not in ("node", "document") or "_body" not in self.__dict__:
            raise AttributeError(name)
        node, document = json.loads(self._body)
        self.__dict__.update(node=_read(node), document=document)
        return self.__dict__[name]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rule):
            return NotImplemented
        return all(getattr(self, field.name) == getattr(other, field.name) for field in fields(Rule))

    def __hash__(self) -> int:
        return hash(self.meta)


class StoredRules(Sequence[Rule]):
    """Rules that are read from the cache when they are asked for."""

    def __init__(
        self, metas: list[Meta], heads: list[Any], selectors: list[Any], sizes: list[int], bodies: bytes
    ) -> None:
        if not len(metas) == len(heads) == len(sizes) or sum(sizes) != len(bodies):
            raise ValueError("damaged")
        known = list(map(read_selector, selectors))
        self.metas = metas
        self._heads = [
            (LogSource(*source), tuple(known[number] for number in numbers), generates)
            for source, numbers, generates in heads
        ]
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
        number = range(len(self.metas))[index]
        if number not in self._made:
            body = self._bodies[self._starts[number] : self._starts[number + 1]]
            self._made[number] = StoredRule.made(self.metas[number], *self._heads[number], body)
        return self._made[number]


def _meta(row: list[Any]) -> Meta:
    for number in _TUPLES:
        row[number] = tuple(row[number])
    return Meta(*row)


def write_selector(selector: Selector) -> list[Any]:
    """Return a selector as JSON has it."""
    event_ids = None if selector.event_ids is None else sorted(selector.event_ids)
    return [selector.channel, event_ids, selector.provider, selector.view, selector.where]


def read_selector(row: list[Any]) -> Selector:
    """Undo `write_selector`."""
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
