"""Rules as readable text: the condition as a tree of tests."""

from __future__ import annotations

from typing import Final

from lotl.convert.writer import flattened, header, plain
from lotl.plan.ir import And, AtLeast, Atom, Const, Leaf, Node, Not, Op, Or, Wild
from lotl.sigma.model import Rule

_RELATIONS: Final = {"eq": "=", "lt": "<", "lte": "≤", "gt": ">", "gte": "≥"}


def outline(rule: Rule) -> str:
    """Return the plan of a rule as an indented tree."""
    lines = [header(rule)]
    pending: list[tuple[Node, int]] = [(rule.node, 0)]
    while pending:
        node, depth = pending.pop()
        head, children = _line(node)
        lines.append("  " * depth + head)
        pending += [(child, depth + 1) for child in reversed(children)]
    return "\n".join(lines) + "\n"


def _line(node: Node) -> tuple[str, tuple[Node, ...]]:
    match node:
        case Leaf(atom):
            return sentence(atom), ()
        case Not(Leaf(atom)):
            return f"not: {sentence(atom)}", ()
        case Not(child):
            return "not", (child,)
        case And(children):
            return "all of", tuple(flattened(children, And))
        case Or(children):
            return "any of", tuple(flattened(children, Or))
        case AtLeast(count, children):
            return f"at least {count} of", children
        case Const(value):
            return "always" if value else "never", ()


def sentence(atom: Atom) -> str:
    """Return what an atom tests.

    Examples
    --------
    >>> sentence(Atom("Image", Op.ENDSWITH, "x.exe")), sentence(Atom("Port", Op.COMPARE, ("gte", 1024)))
    ("Image endswith 'x.exe'", 'Port ≥ 1024')
    """
    field = plain(atom.field) if atom.field is not None else "any value"
    cased = " (cased)" if atom.cased else ""
    match atom.op, atom.value:
        case Op.GLOB, tuple(parts):
            shown = "".join(part.value if isinstance(part, Wild) else str(part) for part in parts)
            return f"{field} matches {shown!r}{cased}"
        case Op.REGEX, (pattern, flags):
            return f"{field} regex {pattern!r}{f' flags {flags}' if flags else ''}"
        case Op.COMPARE, (relation, bound):
            return f"{field} {_RELATIONS[str(relation)]} {bound}"
        case Op.TIMEPART, (part, relation, unit):
            return f"{part} of {field} {_RELATIONS[str(relation)]} {unit}"
        case Op.FIELDREF, (relation, other):
            return f"{field} {relation} field {plain(str(other))}"
        case (Op.NULL, _):
            return f"{field} is missing or null"
        case (Op.EXISTS, _):
            return f"{field} exists"
        case Op.NUMBER, value:
            return f"{field} = {value}{' (decimal or 0x)' if atom.hexed else ''}"
        case Op.CIDR, value:
            return f"{field} is an address of {value}"
    return f"{field} {atom.op.value} {atom.value!r}{cased}"
