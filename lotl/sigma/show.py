"""A rule's plan as a readable tree."""

from __future__ import annotations

from collections.abc import Iterator

from lotl.plan.ir import And, AtLeast, Atom, Const, Leaf, Node, Not, Op, Or, Wild
from lotl.schema import Selector
from lotl.sigma.model import Correlation, Rule

_SIGNS = {
    Op.EQUALS: "=",
    Op.STARTSWITH: "starts with",
    Op.ENDSWITH: "ends with",
    Op.CONTAINS: "contains",
    Op.NUMBER: "is the number",
    Op.CIDR: "is an address in",
}
_RELATIONS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "eq": "=", "equals": "="}
_WORDS = {"startswith": "starts with", "endswith": "ends with", "contains": "contains"}


def render_plan(rule: Rule | Correlation) -> str:
    r"""Return what a rule reads and tests, as an indented tree.

    Examples
    --------
    >>> from lotl.sigma.load import load
    >>> print(render_plan(load('''
    ... title: t
    ... logsource: {product: windows, service: security}
    ... detection:
    ...     sel: {EventID: 4624, LogonType: [3, 10]}
    ...     ours: {IpAddress|cidr: 10.0.0.0/8}
    ...     condition: sel and not ours
    ... ''').rules[0]))
    reads
      Security
    matches when
      all of
        all of
          EventID is the number 4624
          any of
            LogonType is the number 3
            LogonType is the number 10
        not
          IpAddress is an address in '10.0.0.0/8'
    """
    if isinstance(rule, Correlation):
        return "\n".join(_correlation(rule))
    sources = [f"  {render_selector(selector)}" for selector in rule.selectors] or ["  no event log"]
    return "\n".join(["reads", *sources, "matches when", *_tree(rule.node, 1)])


def render_rule(rule: Rule | Correlation) -> str:
    """Return what a rule says of itself, the log source it needs, and its plan.

    Examples
    --------
    >>> from lotl.sigma.load import load
    >>> print(render_rule(load('''
    ... title: Log cleared
    ... logsource: {product: windows, service: security}
    ... detection: {sel: {EventID: 1102}, condition: sel}
    ... level: high
    ... ''').rules[0]))
    title: Log cleared
    id: Log cleared
    level: high
    log source: product=windows service=security
    condition: sel
    reads
      Security
    matches when
      EventID is the number 1102
    """
    meta = rule.meta
    said = {
        "title": meta.title,
        "id": meta.id,
        "name": meta.name,
        "level": meta.level,
        "status": meta.status,
        "author": meta.author,
        "tags": ", ".join(meta.tags),
        "description": " ".join(meta.description.split()),
        "false positives": "; ".join(meta.falsepositives),
        "file": f"{meta.path}:{meta.line}" if meta.path else "",
    }
    if isinstance(rule, Rule):
        condition = rule.document["detection"]["condition"]
        said["log source"] = str(rule.logsource)
        said["condition"] = condition if isinstance(condition, str) else " | ".join(map(str, condition))
    head = [f"{name}: {' '.join(text.splitlines())}" for name, text in said.items() if text]
    return "\n".join([*head, render_plan(rule)])


def render_selector(selector: Selector) -> str:
    """Return a selector in words.

    Examples
    --------
    >>> render_selector(Selector("Security", frozenset({4688}), view="process_creation"))
    'Security, event id 4688, seen as process_creation'
    """
    parts = [selector.channel or "any channel"]
    if selector.event_ids is not None:
        parts.append(f"event id {', '.join(map(str, sorted(selector.event_ids)))}")
    if selector.provider:
        parts.append(f"provider {selector.provider}")
    parts += [f"{name} is {' or '.join(values)}" for name, values in selector.where]
    if selector.view:
        parts.append(f"seen as {selector.view}")
    return ", ".join(parts)


def render_atom(atom: Atom) -> str:
    """Return an atom in words.

    Examples
    --------
    >>> render_atom(Atom("Image", Op.ENDSWITH, "x.exe", cased=True))
    "Image ends with 'x.exe' (case counts)"
    """
    field = "some value" if atom.field is None else atom.field
    notes = [note for note, given in (("case counts", atom.cased), ("or its 0x form", atom.hexed)) if given]
    return f"{field} {_test(atom)}" + (f" ({', '.join(notes)})" if notes else "")


def _test(atom: Atom) -> str:
    match atom.op, atom.value:
        case Op.NULL, _:
            return "is missing or null"
        case Op.EXISTS, _:
            return "exists"
        case Op.CONTAINS, "":
            return "is present"
        case Op.GLOB, tuple(parts):
            return f"is like {''.join(part.value if isinstance(part, Wild) else _literal(part) for part in parts)!r}"
        case Op.REGEX, (str(pattern), flags):
            return f"matches /{pattern}/{flags}"
        case Op.COMPARE, (str(relation), number):
            return f"{_RELATIONS[relation]} {number}"
        case Op.FIELDREF, (str(relation), other):
            return f"{_WORDS.get(relation, '=')} the value of {other}"
        case Op.TIMEPART, (str(part), str(relation), number):
            return f"has a {part} {_RELATIONS[relation]} {number}"
        case _:
            return f"{_SIGNS[atom.op]} {atom.value!r}"


def _literal(part: object) -> str:
    return str(part).replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


def _tree(node: Node, depth: int) -> Iterator[str]:
    indent = "  " * depth
    match node:
        case Leaf(atom):
            yield f"{indent}{render_atom(atom)}"
        case Const(value):
            yield f"{indent}{'always' if value else 'never'}"
        case Not(child):
            yield f"{indent}not"
            yield from _tree(child, depth + 1)
        case And(children) | Or(children) | AtLeast(_, children):
            count = str(node.count) if isinstance(node, AtLeast) else "all" if isinstance(node, And) else "any"
            yield f"{indent}{'at least ' if isinstance(node, AtLeast) else ''}{count} of"
            for child in children:
                yield from _tree(child, depth + 1)


def _correlation(rule: Correlation) -> Iterator[str]:
    yield f"{rule.type} within {rule.timespan / 1_000_000:g} s"
    yield "of the rules"
    yield from (f"  {each}" for each in rule.rules)
    if rule.group_by:
        yield f"for each {', '.join(rule.group_by)}"
    if rule.fields:
        yield f"over {', '.join(rule.fields)}"
    if rule.percentile is not None:
        yield f"percentile {rule.percentile:g}"
    for operator, number in rule.conditions:
        yield f"when {_RELATIONS.get(operator, '!=')} {number:g}"
    if rule.expression is not None:
        yield f"when {_expression(rule.expression)}"


def _expression(logic: object) -> str:
    if isinstance(logic, tuple):
        operator, operands = logic
        if operator == "not":
            return f"not {_expression(operands[0])}"
        return "(" + f" {operator} ".join(map(_expression, operands)) + ")"
    return str(logic)
