"""Running converted code, and events that come close to what a rule looks for."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from lotl.plan.ir import And, AtLeast, Atom, Leaf, Node, Not, Op, Or, Wild


def atoms(node: Node) -> Iterator[Atom]:
    """Iterate over the atoms of a condition."""
    match node:
        case Leaf(atom):
            yield atom
        case Not(child):
            yield from atoms(child)
        case And(children) | Or(children) | AtLeast(_, children):
            for child in children:
                yield from atoms(child)


def events(node: Node, count: int, seed: int) -> list[dict[str, Any]]:
    """Make events in which each field has a value that one or more atoms of the rule look for, or nearly so."""
    chance = random.Random(seed)
    fields: dict[str, list[Atom]] = {}
    for atom in atoms(node):
        fields.setdefault(atom.field or "Message", []).append(atom)
    made = []
    for number in range(count):
        event = {}
        for field, wanted in fields.items():
            if chance.random() < (0.1 if number else 0.0):
                continue
            value = witness(chance.sample(wanted, min(len(wanted), chance.choice([1, 1, 2, 6]))), chance)
            if value is not None:
                event[field] = spoilt(value, chance) if chance.random() < 0.15 else value
        made.append(event)
    return made


def witness(wanted: Sequence[Atom], chance: random.Random) -> str | None:
    """Return a text that satisfies as many of the atoms as one text easily can."""
    start, middle, end = "", [], ""
    for atom in wanted:
        value: Any = atom.value
        match atom.op:
            case Op.EQUALS:
                return swapped(value, chance)
            case Op.NUMBER:
                return hex(value) if atom.hexed and chance.random() < 0.5 else str(value)
            case Op.CIDR:
                network = ipaddress.ip_network(value)
                address = network[chance.randrange(min(network.num_addresses, 2**32))]
                mapped = address.version == 4 and chance.random() < 0.3
                return f"::ffff:{address}" if mapped else str(address)
            case Op.GLOB:
                parts = [chance.choice(["", "\n", "x y"]) if part is Wild.RUN else part for part in value]
                return "".join("é" if part is Wild.ONE else swapped(part, chance) for part in parts)
            case Op.COMPARE:
                return str(value[1] + chance.choice([-1, 0, 1]))
            case Op.STARTSWITH:
                start = swapped(value, chance)
            case Op.ENDSWITH:
                end = swapped(value, chance)
            case Op.CONTAINS:
                middle.append(swapped(value, chance))
            case Op.REGEX:
                middle.append(
                    chance.choice(['cmd /c set ab "{0}" -f clip', "C:\\ProgramData\\x", "aé ß İ", "", value[0]])
                )
            case Op.NULL:
                return None
            case _:
                middle.append("some text")
    return start + chance.choice(["", " ", "é"]).join(middle) + end


def swapped(text: str, chance: random.Random) -> str:
    """Change the case of a text, or not."""
    return chance.choice([text, text.upper(), text.lower(), text.swapcase()])


def spoilt(text: str, chance: random.Random) -> str:
    """Return a text that is another one."""
    return chance.choice(["", text[1:], text + "x", f" {text}", text.replace("\\", "/"), "-", "?"])


def columns(made: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return events as columns; a missing field is None."""
    names = dict.fromkeys(name for event in made for name in event)
    return {name: [event.get(name) for event in made] for name in names} or {"Nothing": [None] * len(made)}


def run_pandas(code: str, data: Mapping[str, list[Any]]) -> list[bool]:
    """Return the mask that converted code makes."""
    scope: dict[str, Any] = {}
    exec(compile(code, "converted", "exec"), scope)
    return [
        bool(hit) for hit in _function(scope)(pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in data.items()}))
    ]


def run_arrow(code: str, data: Mapping[str, list[Any]]) -> list[bool]:
    """Return which rows a converted filter keeps."""
    scope: dict[str, Any] = {}
    exec(compile(code, "converted", "exec"), scope)
    table = pa.table({name: pa.array(values, pa.string()) for name, values in data.items()})
    length = table.num_rows
    marked = table.append_column("row number", pa.array(range(length)))
    kept = set(marked.filter(_function(scope)(table.schema))["row number"].to_pylist())
    return [row in kept for row in range(length)]


def _function(scope: Mapping[str, Any]) -> Any:
    [found] = [value for name, value in scope.items() if callable(value) and name != "__builtins__"]
    return found
