"""Tests on the fields that make up a kind of event: decided once per kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import numpy as np

from lotl.columns import Column, Int, Text
from lotl.match.leaves import decide
from lotl.match.prepare import Leaf
from lotl.match.scan_kernels import ANYWHERE, AT_END, AT_START, WHOLE
from lotl.match.scanner import specs_of
from lotl.match.searches import Searches
from lotl.match.sets import Codes
from lotl.match.text import fold
from lotl.plan.build import Plan
from lotl.plan.ir import Atom, Op
from lotl.schema import Kind


def constant_columns(kind: Kind, others: Collection[str]) -> dict[str, Column]:
    """Return one-row columns of what the kind says, apart from names that the records use themselves."""
    columns: dict[str, Column] = {}
    for name, value in (("Channel", kind.channel), ("Provider_Name", kind.provider)):
        if value is not None and name not in others:
            columns[name] = Text.of([value])
    if kind.event_id is not None and "EventID" not in others:
        columns["EventID"] = Int(np.array([kind.event_id], np.int64))
    return columns


def decide_constants(
    plan: Plan, atoms: Any, columns: Mapping[int, tuple[str, ...]], kind: Kind, others: Collection[str]
) -> dict[Leaf, bool]:
    """Return the truth of all atoms, keywords included, on the fields that make up a kind.

    Parameters
    ----------
    plan : Plan
    atoms : ndarray of int64
    columns : dict of int to tuple of str
        Columns per field number.
    kind : Kind
    others : collection of str
        Columns of the records.
    """
    constant = constant_columns(kind, others)
    wanted: dict[str, list[Atom]] = {name: [] for name in constant}
    for node in atoms.tolist():
        number = int(plan.atom_field[node])
        names = columns.get(number, ()) if number >= 0 else tuple(constant)
        if number >= 0 and (len(names) != 1 or names[0] not in constant):
            continue
        for name in names:
            if plan.atoms[node].op is not Op.FIELDREF:
                wanted[name].append(plan.atoms[node])
    return {
        Leaf((name,), atom): found
        for name, listed in wanted.items()
        if listed
        for atom, found in zip(listed, _decide(listed, Codes(constant[name], 1)), strict=True)
    }


def _decide(atoms: list[Atom], codes: Codes) -> list[bool]:
    """Return the truth of atoms on a column of one row."""
    text = str(codes.text[0])
    folded = fold(text)
    truth = []
    for atom in atoms:
        specs = [] if atom.op is Op.GLOB else specs_of(atom)
        if specs:
            truth.append(any(_TESTS[spec.kind](text if spec.cased else folded, spec.text) for spec in specs))
        else:
            truth.append(bool(codes.test(decide(atom, codes, None, Searches()), None)[0]))
    return truth


_TESTS: Final[dict[int, Callable[[str, str], bool]]] = {
    ANYWHERE: lambda text, literal: literal in text,
    AT_START: str.startswith,
    AT_END: str.endswith,
    WHOLE: str.__eq__,
}
