"""Events with canonical texts: which fields hold commands, and a batch with those fields spread out."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from lotl.columns import Column, Mask, Text
from lotl.frame import Partition
from lotl.normalise.canonical.column import canonical_column
from lotl.normalise.canonical.model import Canonical
from lotl.normalise.canonical.read import canonical

FIELDS: Final = {
    # field: (whether it holds PowerShell)
    "CommandLine": False,
    "ProcessCommandLine": False,
    "ParentCommandLine": False,
    "ScriptBlockText": True,
    "ImagePath": False,
    "ServiceFileName": False,
    "TaskContent": False,
    "TaskContentNew": False,
    "Destination": False,
    "CommandLineTemplate": False,
    "Details": False,
}
"""Fields that hold commands."""


def with_canonical(partition: Partition) -> tuple[Partition, Mask] | None:
    """Return a batch whose command fields hold raw and canonical texts, and the rows where that adds any.

    Parameters
    ----------
    partition : Partition, n rows

    Returns
    -------
    Partition, ndarray of bool, shape (n,)
        The same rows; command fields are multi-valued, raw text first. None where nothing was added.

    Notes
    -----
    Any of the texts may match. As the raw text stays among them, a condition that holds on the raw text still holds:
    what a rule excludes stays excluded, and canonical text can only make more conditions hold.
    """
    data = dict(partition.data)
    changed = np.zeros(len(partition), np.bool_)
    for name, script in FIELDS.items():
        column = data.get(name)
        if not isinstance(column, Text):
            continue
        further = canonical_column(column, script=script)
        if further is None:
            continue
        assert further.offsets is not None
        before = 1 if column.offsets is None else np.diff(column.offsets)
        changed |= np.diff(further.offsets) > before
        data[name] = further
    return (replace(partition, data=data), changed) if changed.any() else None


def undone(partition: Partition, row: int) -> dict[str, Canonical]:
    """Return the canonical forms of the command fields of one event, those without any step left out."""
    found: dict[str, Canonical] = {}
    for name, script in FIELDS.items():
        column: Column | None = partition.data.get(name)
        value = None if column is None else column[row]
        form = canonical(value, script=script) if isinstance(value, str) else None
        if form is not None and (form.steps or form.commands):
            found[name] = form
    return found
