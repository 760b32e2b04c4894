"""Kernels over the condition graph: what is decided already, and what is still needed.

A node's state is 0 (false), 1 (true) or 2 (not decided). Children have lower numbers than their parents, so that one
forward sweep settles everything and one backward sweep finds what is needed.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from lotl.kernel_cache import jit

ATOM: Final = 0
AND: Final = 1
OR: Final = 2
AT_LEAST: Final = 3
NOT: Final = 4
TRUE: Final = 5
FALSE: Final = 6

NO: Final = 0
YES: Final = 1
OPEN: Final = 2


@jit(allocates=False)
def settle(kind: Any, count: Any, child_start: Any, child: Any, state: Any) -> None:
    """Derive the states of inner nodes from their children's. Atoms are given, and what is decided stays."""
    for node in range(kind.size):
        if kind[node] == ATOM or state[node] != OPEN:
            continue
        yes, still_open = 0, 0
        for k in range(child_start[node], child_start[node + 1]):
            yes += state[child[k]] == YES
            still_open += state[child[k]] == OPEN
        size = child_start[node + 1] - child_start[node]
        if kind[node] == NOT:
            state[node] = OPEN if still_open else NO if yes else YES
            continue
        if kind[node] == TRUE or kind[node] == FALSE:
            state[node] = YES if kind[node] == TRUE else NO
            continue
        need = size if kind[node] == AND else 1 if kind[node] == OR else count[node]
        state[node] = YES if yes >= need else NO if yes + still_open < need else OPEN


@jit(allocates=False)
def require(roots: Any, child_start: Any, child: Any, state: Any, needed: Any) -> None:
    """Mark the undecided nodes that undecided `roots` need, themselves included."""
    for root in roots:
        if state[root] == OPEN:
            needed[root] = True
    for node in range(needed.size - 1, -1, -1):
        if needed[node]:
            for k in range(child_start[node], child_start[node + 1]):
                if state[child[k]] == OPEN:
                    needed[child[k]] = True


@jit(allocates=False)
def reduce(
    kind: Any, count: Any, child_start: Any, child: Any, state: Any, number: Any,
    new_kind: Any, new_count: Any, new_start: Any, new_child: Any,
) -> int:  # fmt: skip
    """Copy the nodes that have a new number, without their decided children.

    Parameters
    ----------
    number : ndarray of int32
        New number per node, rising with the old one; -1 for a node that is left out.
    new_kind, new_count, new_start, new_child : ndarray
        Filled. `new_count` of an inner node: how many of its remaining children must hold; 0 for NOT.

    Returns
    -------
    int
        Length of `new_child`.
    """
    written = 0
    for node in range(kind.size):
        new = number[node]
        if new < 0:
            continue
        new_kind[new] = kind[node]
        new_start[new] = written
        yes = 0
        for k in range(child_start[node], child_start[node + 1]):
            if number[child[k]] >= 0 and state[child[k]] == OPEN:
                new_child[written] = number[child[k]]
                written += 1
            else:
                yes += state[child[k]] == YES
        if kind[node] == AND:
            new_count[new] = written - new_start[new]
        elif kind[node] == OR:
            new_count[new] = 1
        elif kind[node] == AT_LEAST:
            new_count[new] = count[node] - yes
        new_start[new + 1] = written
    return written


@jit(allocates=False)
def place(kind: Any, child_start: Any, child: Any, several: Any, slot: Any, scannable: Any) -> None:
    """Find the inner nodes that depend on one column only.

    Parameters
    ----------
    several : ndarray of bool
        Per column: whether a row may have several values. Then only a disjunction is a matter of single values.
    slot : ndarray of int32
        Column of each node, given for atoms, filled for the others; -1: none, or several.
    scannable : ndarray of bool
        Whether the scan alone decides the node: given for atoms, filled for the others.
    """
    for node in range(kind.size):
        if kind[node] == ATOM:
            continue
        first, last = child_start[node], child_start[node + 1]
        column = slot[child[first]] if last > first else np.int32(-1)
        scanned = kind[node] != NOT
        for k in range(first, last):
            if slot[child[k]] != column:
                column = np.int32(-1)
            scanned = scanned and scannable[child[k]]
        if column >= 0 and several[column] and kind[node] != OR:
            column = np.int32(-1)
        slot[node] = column
        scannable[node] = scanned and column >= 0
