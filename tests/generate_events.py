"""Events made from rules: for a condition, a flat event that satisfies it.

A rule that never fires proves nothing about an engine. `satisfy` walks a lowered condition, collects per field what its
text must be like, and composes a text that is all of that. It is a heuristic: contradictory conditions have no event,
and a few satisfiable ones are missed.
"""

from __future__ import annotations

import ipaddress
import random
import re
from dataclasses import dataclass, field
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from lotl.plan.ir import And, AtLeast, Atom, Const, Leaf, Node, Not, Op, Or, Wild

FILLER = "~"
_CLASSES = {
    "CATEGORY_DIGIT": "7", "CATEGORY_NOT_DIGIT": "x", "CATEGORY_SPACE": " ", "CATEGORY_NOT_SPACE": "x",
    "CATEGORY_WORD": "w", "CATEGORY_NOT_WORD": " ",
}  # fmt: skip


@dataclass
class Wish:
    """What one field's text must be like."""

    start: str = ""
    end: str = ""
    inside: list[str] = field(default_factory=list)
    whole: Any = None
    absent: bool = False

    def text(self) -> Any:
        """Compose the value."""
        if self.whole is not None:
            return self.whole
        middle = FILLER.join(dict.fromkeys(self.inside))
        return f"{self.start}{FILLER}{middle}{FILLER}{self.end}" if self.start or middle else f"{FILLER}{self.end}"


class Generator:
    """Makes events.

    Parameters
    ----------
    seed : int
        Which alternatives are taken.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def satisfy(self, node: Node) -> dict[str, Any]:
        """Return an event that (nearly always) satisfies a condition."""
        wishes: dict[str, Wish] = {}
        self._want(node, True, wishes)
        return {name: wish.text() for name, wish in wishes.items() if not wish.absent}

    def _want(self, node: Node, truth: bool, wishes: dict[str, Wish]) -> None:
        match node:
            case Leaf(atom):
                self._atom(atom, truth, wishes)
            case Not(child):
                self._want(child, not truth, wishes)
            case And(children):
                self._some(children, len(children) if truth else 1, truth, wishes)
            case Or(children):
                self._some(children, 1 if truth else len(children), truth, wishes)
            case AtLeast(count, children):
                self._some(children, count if truth else len(children) - count + 1, truth, wishes)
            case Const():
                pass

    def _some(self, children: tuple[Node, ...], count: int, truth: bool, wishes: dict[str, Wish]) -> None:
        # What asks for presence goes first: an absent field makes every negation true by itself.
        chosen = self.random.sample(children, count)
        for child in sorted(chosen, key=lambda child: isinstance(child, Not)):
            self._want(child, truth, wishes)

    def _atom(self, atom: Atom, truth: bool, wishes: dict[str, Wish]) -> None:
        name = atom.field or "Message"
        if not truth:
            if atom.op is Op.NULL:
                wishes.setdefault(name, Wish())
            return
        if atom.op is Op.NULL:
            wishes.setdefault(name, Wish(absent=True))
            return
        wish = wishes.setdefault(name, Wish())
        wish.absent = False
        value: Any = atom.value
        match atom.op:
            case Op.CONTAINS:
                wish.inside.append(value)
            case Op.STARTSWITH:
                wish.start = max(wish.start, value, key=len)
            case Op.ENDSWITH:
                wish.end = max(wish.end, value, key=len)
            case Op.GLOB:
                wish.inside.append(self._glob(value))
                if value[0] is not Wild.RUN or value[-1] is not Wild.RUN:
                    wish.whole = self._glob(value)
            case Op.REGEX:
                self._regex(value, wish)
            case Op.FIELDREF:
                wish.whole = wishes.setdefault(value[1], Wish(whole="Same Value")).text()
            case _:
                wish.whole = self._whole(atom.op, value)

    def _glob(self, parts: Any) -> str:
        return "".join(part if isinstance(part, str) else "" if part is Wild.RUN else "x" for part in parts)

    def _whole(self, op: Op, value: Any) -> Any:
        match op:
            case Op.CIDR:
                network = ipaddress.ip_network(value)
                return str(network[self.random.randrange(min(network.num_addresses, 1000))])
            case Op.COMPARE:
                return value[1] + {"lt": -1, "gt": 1}.get(value[0], 0)
            case Op.TIMEPART:
                return "2024-06-05T07:08:09Z"
            case Op.EXISTS:
                return "present"
            case _:
                return value

    def _regex(self, value: tuple[str, str], wish: Wish) -> None:
        pattern, flags = value
        text = self._sequence(parser.parse(pattern, re.IGNORECASE if "i" in flags else 0))
        if re.search(r"^\^|(?<!\\)\$$|\\[AZ]", pattern):
            wish.whole = text
        wish.inside.append(text)

    def _sequence(self, tree: Any) -> str:
        return "".join(self._item(str(op), value) for op, value in tree)

    def _item(self, op: str, value: Any) -> str:
        match op:
            case "LITERAL":
                return chr(value)
            case "NOT_LITERAL":
                return "x" if value != ord("x") else "y"
            case "ANY":
                return "x"
            case "IN":
                return self._one_of(value)
            case "BRANCH":
                return self._sequence(self.random.choice(value[1]))
            case "SUBPATTERN":
                return self._sequence(value[3])
            case "MAX_REPEAT" | "MIN_REPEAT":
                return "".join(self._sequence(value[2]) for _ in range(max(value[0], min(1, value[1]))))
            case _:
                return ""

    def _one_of(self, items: list[Any]) -> str:
        if str(items[0][0]) == "NEGATE":
            taken = {chr(value) for op, value in items[1:] if str(op) == "LITERAL"}
            return next(one for one in "xQ7_z" if one not in taken)
        op, value = self.random.choice(items)
        return chr(value) if str(op) == "LITERAL" else chr(value[0]) if str(op) == "RANGE" else _CLASSES[str(value)]
