"""Plans in the cache: 2,800 rules are compiled once, and loaded in milliseconds ever after."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from lotl.plan.build import OPS, Plan, build
from lotl.plan.ir import Op
from lotl.sigma import diskcache
from lotl.sigma.load import collector_paused
from lotl.sigma.model import Rule
from lotl.sigma.ruleset import RuleSet
from lotl.sigma.store import read_selector, read_value, write_selector, write_value

_ARRAYS: Final = {
    "atom_field": "<i4",
    "atom_op": "|u1",
    "atom_cased": "|b1",
    "atom_hexed": "|b1",
    "node_kind": "|u1",
    "node_count": "<i4",
    "child_start": "<i4",
    "child": "<i4",
    "roots": "<i4",
}
_STRUCTURED: Final = frozenset(
    code for code, op in enumerate(OPS) if op in (Op.GLOB, Op.REGEX, Op.COMPARE, Op.FIELDREF, Op.TIMEPART)
)


def plan_for(rules: RuleSet | Iterable[Rule], *, ignore_logsource: bool = False) -> Plan:
    """Return the plan of a rule set, from the cache where it has one.

    Parameters
    ----------
    rules : RuleSet or iterable of Rule
    ignore_logsource : bool
        See `lotl.plan.build.build`.

    Returns
    -------
    Plan
        Its rule indices are positions in ``rules.rules``.
    """
    if not isinstance(rules, RuleSet):
        return build(rules, ignore_logsource=ignore_logsource)
    whole = rules.whole or rules
    if whole.digest is None:
        return build(rules.rules, ignore_logsource=ignore_logsource)
    key = diskcache.digest([whole.digest.encode(), b"ignore" if ignore_logsource else b""])
    plan = _restore(key, whole)
    if plan is None:
        with collector_paused():
            plan = build(whole.rules, ignore_logsource=ignore_logsource)
        _save(key, plan)
    return plan if rules.chosen is None else plan.restricted(rules.rules, rules.chosen)


def _save(key: str, plan: Plan) -> None:
    routing = [
        [write_selector(selector), indices.tolist(), nodes.tolist()] for selector, indices, nodes in plan.routing
    ]
    blobs = {name: np.ascontiguousarray(getattr(plan, name), code).tobytes() for name, code in _ARRAYS.items()}
    blobs["values"] = json.dumps([write_value(atom) for atom in plan.atoms]).encode()
    blobs["rest"] = json.dumps({"fields": plan.fields, "routing": routing}).encode()
    diskcache.write("plan", key, blobs)


def _restore(key: str, whole: RuleSet) -> Plan | None:
    blobs = diskcache.read("plan", key)
    if blobs is None:
        return None
    try:
        arrays: dict[str, Any] = {name: np.frombuffer(blobs[name], code) for name, code in _ARRAYS.items()}
        values = json.loads(bytes(blobs["values"]))
        for at in np.flatnonzero(np.isin(arrays["atom_op"], list(_STRUCTURED))).tolist():
            values[at] = read_value(OPS[arrays["atom_op"][at]].value, values[at])
        rest = json.loads(bytes(blobs["rest"]))
        routing = tuple(
            (read_selector(row), np.array(indices, np.int32), np.array(nodes, np.int32))
            for row, indices, nodes in rest["routing"]
        )
        plan = Plan(whole.rules, tuple(rest["fields"]), atom_value=values, routing=routing, **arrays)
        return plan if plan.consistent() else None
    except (KeyError, TypeError, ValueError, IndexError, RecursionError):
        return None
