"""The matching engine: a plan against batches of events."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from lotl.columns import Text
from lotl.frame import Partition
from lotl.match.constants import decide_constants
from lotl.match.evaluate import Evaluation
from lotl.match.fields import Fields, loosest
from lotl.match.prepare import Prepared, needed, prepare, resolve
from lotl.match.profile import Profile
from lotl.match.searches import Searches
from lotl.match.seen import Seen, routes_of
from lotl.match.sets import Codes, Rows
from lotl.plan.build import OPS, Plan, Route
from lotl.plan.ir import Op
from lotl.schema import Kind


@dataclass(frozen=True, eq=False)
class Matched:
    """Which rules hold for which rows of a batch.

    Attributes
    ----------
    rule : ndarray of int32, shape (k,)
        Index into the plan's rules.
    row : ndarray of int64, shape (k,)
        Row of the batch.

    Notes
    -----
    Sorted by row, then rule; each pair once.
    """

    rule: np.ndarray[Any, np.dtype[np.int32]]
    row: np.ndarray[Any, np.dtype[np.int64]]

    def __len__(self) -> int:
        return len(self.rule)


class Matcher:
    """Evaluates all rules of a plan on batches of events.

    The result for a row depends on that row and the rule alone: not on other rows, other rules, or earlier batches.

    Parameters
    ----------
    plan : Plan
    profile : Profile, optional
        Collects times if it is enabled.

    Attributes
    ----------
    seen : Seen
        Kinds and fields so far: tells rules without data, and blind ones.

    Examples
    --------
    >>> from lotl.normalise.records import partitions
    >>> from lotl.plan.build import build
    >>> from lotl.sigma.load import load
    >>> rules = load("{title: Shell, logsource: {product: windows}, detection: {s: {Image: '*cmd.exe'}, condition: s}}")
    >>> batch, = partitions([{"Image": "C:\\\\cmd.exe"}, {"Image": "calc.exe"}])
    >>> Matcher(build(rules)).match(batch).row.tolist()
    [0]
    """

    def __init__(self, plan: Plan, *, profile: Profile | None = None) -> None:
        self.plan = plan
        self.profile = profile or Profile()
        self.seen = Seen()
        self._searches = Searches()
        self._kinds: dict[Kind, list[_Kind]] = {}

    def match(self, partition: Partition) -> Matched:
        """Evaluate the rules on a batch.

        Parameters
        ----------
        partition : Partition
            Events of one kind. Where the kind says nothing at all, every rule is tried, whatever its log source.

        Returns
        -------
        Matched
        """
        if not len(partition):
            return _sorted([])
        self.seen.rows[partition.kind] += len(partition)
        hits: list[tuple[int, Rows]] = []
        for kind in self._kinds_of(partition.kind):
            hits.extend(kind.match(partition))
        self.seen.stopped.update(self._searches.take_stopped())
        with self.profile.stage("collect"):
            return _sorted(hits)

    def asks_for(self, kind: Kind, names: Iterable[str]) -> tuple[str, ...]:
        """Return those of the columns `names` that some rule looks at in events of `kind`: only these need encoding.

        A rule of keywords looks at all of them; a view may need more than the names that rules use, hence all as well.
        """
        kinds = self._kinds_of(kind)
        if any(one.all_asked or one.route.view is not None for one in kinds):
            return tuple(names)
        return tuple(name for name in names if any(loosest(name) in one.asked for one in kinds))

    def _kinds_of(self, kind: Kind) -> list[_Kind]:
        known = self._kinds.get(kind)
        if known is None:
            routes = routes_of(self.plan, kind)
            known = self._kinds[kind] = [_Kind(self, kind, route) for route in routes if route.rules.size]
        return known


class _Kind:
    """One kind of event through one view. What was prepared serves until a batch has a column that none had before."""

    def __init__(self, matcher: Matcher, kind: Kind, route: Route) -> None:
        self.plan, self.profile, self.searches = matcher.plan, matcher.profile, matcher._searches
        self.kind, self.route = kind, route
        self.atoms = needed(self.plan, route.roots)
        numbers = set(self.plan.atom_field[self.atoms].tolist())
        values: list[Any] = [self.plan.atom_value[node] for node in self.atoms.tolist() if self._is_reference(node)]
        names = [self.plan.fields[number] for number in numbers if number >= 0] + [other for _, other in values]
        self.asked = set(map(loosest, names))
        self.all_asked = -1 in numbers
        self.fields = matcher.seen.fields.setdefault((kind, route.view), set())
        self.ignored: set[str] = set()
        self.names: dict[str, None] = {}
        self.several: set[str] = set()
        self.prepared: Prepared | None = None

    def _is_reference(self, node: int) -> bool:
        return OPS[self.plan.atom_op[node]] is Op.FIELDREF

    def match(self, partition: Partition) -> list[tuple[int, Rows]]:
        """Return the rows of each rule."""
        if self.route.view is not None:
            from lotl.normalise.views import view

            with self.profile.stage("view"):
                partition = view(partition, self.route.view)
        fields = Fields(partition)
        prepared = self._prepared(fields)
        if not prepared.rules.size and not prepared.always.size:
            return []
        opened: dict[tuple[str, ...], Codes] = {}

        def column(names: tuple[str, ...]) -> Codes:
            if names not in opened:
                opened[names] = Codes(fields.first(names), len(partition))
            return opened[names]

        return Evaluation(prepared, column, len(partition), self.searches, self.profile).run()

    def _prepared(self, fields: Fields) -> Prepared:
        new = [name for name in fields.names if name not in self.names and name not in self.ignored]
        grown = False
        for name in sorted(new):
            if self.all_asked or loosest(name) in self.asked:
                self.names[name] = None
                grown = True
            else:
                self.ignored.add(name)
        lists = {name for name in self.names if name not in self.several and _has_lists(fields, name)}
        if self.prepared is None or grown or lists:
            self.several |= lists
            self.fields.update(self.names)
            with self.profile.stage("prepare"), _collector_paused():
                self.prepared = self._prepare(fields)
        return self.prepared

    def _prepare(self, fields: Fields) -> Prepared:
        own = [name for name in ("Channel", "Provider_Name", "EventID") if getattr(self.kind, _PARTS[name]) is not None]
        names = list(dict.fromkeys([*own, *self.names]))
        columns = resolve(self.plan, self.atoms, names)
        constant = decide_constants(self.plan, self.atoms, columns, self.kind, self.names)
        return prepare(self.plan, self.route.rules, self.route.roots, names, self.several, constant)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking the many small objects of a plan again and again."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


_PARTS = {"Channel": "channel", "Provider_Name": "provider", "EventID": "event_id"}


def _has_lists(fields: Fields, name: str) -> bool:
    column = fields.column(name)
    return isinstance(column, Text) and column.offsets is not None


def _sorted(hits: list[tuple[int, Rows]]) -> Matched:
    """Put the rows of all rules together, by row, then rule."""
    if not hits:
        return Matched(np.zeros(0, np.int32), np.zeros(0, np.int64))
    rules = np.repeat(np.array([rule for rule, _ in hits], np.int64), [rows.size for _, rows in hits])
    rows = np.concatenate([rows for _, rows in hits]).astype(np.int64)
    width = int(rules.max()) + 1
    keys = np.sort(rows * width + rules)
    if keys.size > 1:
        keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])]
    return Matched((keys % width).astype(np.int32), keys // width)
