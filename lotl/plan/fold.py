"""Simplify lowered conditions without changing what they mean: a pure function on `lotl.plan.ir` nodes.

Two-valued logic makes every law of Boolean algebra available. Only laws that never make a condition larger are used.
"""

from __future__ import annotations

from collections.abc import Iterable

from lotl.plan.ir import And, AtLeast, Const, Leaf, Node, Not, Or

TRUE, FALSE = Const(True), Const(False)


def simplify(node: Node) -> Node:
    """Flatten, drop repetitions and constants, and remove double negation.

    Examples
    --------
    >>> from lotl.plan.ir import Atom, Op
    >>> a = Leaf(Atom("A", Op.NULL))
    >>> simplify(Not(Not(And((a, Or((a, a)), Const(True)))))) == a
    True
    >>> simplify(AtLeast(2, (a, Const(True), Const(False)))) == a
    True
    """
    match node:
        case Leaf() | Const():
            return node
        case Not(child):
            return negate(simplify(child))
        case And(children):
            return conjunction(simplify(child) for child in children)
        case Or(children):
            return disjunction(simplify(child) for child in children)
        case AtLeast(count, children):
            return at_least(count, [simplify(child) for child in children])


def negate(node: Node) -> Node:
    """Return the simplified negation of a simplified node."""
    match node:
        case Const(value):
            return FALSE if value else TRUE
        case Not(child):
            return child
        case _:
            return Not(node)


def conjunction(nodes: Iterable[Node]) -> Node:
    """Return the simplified conjunction of simplified nodes; TRUE for none."""
    parts: dict[Node, None] = {}
    for node in nodes:
        if isinstance(node, And):
            parts.update(dict.fromkeys(node.children))
        elif node == FALSE:
            return FALSE
        elif node != TRUE:
            parts[node] = None
    if any(isinstance(part, Not) and part.child in parts for part in parts):
        return FALSE
    return And(tuple(parts)) if len(parts) > 1 else next(iter(parts), TRUE)


def disjunction(nodes: Iterable[Node]) -> Node:
    """Return the simplified disjunction of simplified nodes; FALSE for none."""
    parts: dict[Node, None] = {}
    for node in nodes:
        if isinstance(node, Or):
            parts.update(dict.fromkeys(node.children))
        elif node == TRUE:
            return TRUE
        elif node != FALSE:
            parts[node] = None
    if any(isinstance(part, Not) and part.child in parts for part in parts):
        return TRUE
    return Or(tuple(parts)) if len(parts) > 1 else next(iter(parts), FALSE)


def at_least(count: int, nodes: list[Node]) -> Node:
    """Return "at least `count` of `nodes`", simplified; repeated nodes count as often as they occur."""
    count -= sum(node == TRUE for node in nodes)
    rest = [node for node in nodes if not isinstance(node, Const)]
    if count <= 0:
        return TRUE
    if count > len(rest):
        return FALSE
    if count == 1:
        return disjunction(rest)
    if count == len(rest):
        return conjunction(rest)
    return AtLeast(count, tuple(rest))
