"""Why a rule does or does not match an event: the evaluation itself, kept as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from lotl.match.reference.leaves import Evidence

EXCERPT: Final = 60
"""Characters that a rendering shows on either side of a match."""


@dataclass(frozen=True)
class Result:
    """What became of one part of a rule.

    Attributes
    ----------
    kind : str
        ``and``, ``or``, ``of``, ``not``, ``selection``, ``item`` or ``value``.
    label : str
        Name or text of that part in the rule.
    matched : bool
    need : int
        How many of `children` must match (for ``not``: the one child must not).
    children : tuple of Result
    evidence : Evidence or None
        For ``value``: the field, its value, the span, the reason.
    """

    kind: str
    label: str
    matched: bool
    need: int = 1
    children: tuple[Result, ...] = ()
    evidence: Evidence | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the tree as plain data (text, numbers, lists, dicts)."""
        out: dict[str, Any] = {"kind": self.kind, "label": self.label, "matched": self.matched}
        if self.evidence is not None:
            seen = self.evidence
            span = None if seen.span is None else list(seen.span)
            out |= {"field": seen.field, "value": seen.value, "span": span, "reason": seen.reason}
        else:
            out |= {"need": self.need, "children": [child.to_dict() for child in self.children]}
        return out

    def missing(self, wish: bool = True) -> int:
        """Return how many values would have to turn out otherwise for this part to be `wish`."""
        if self.evidence is not None:
            return int(self.matched is not wish)
        if self.kind == "not":
            return self.children[0].missing(not wish)
        needed = self.need if wish else len(self.children) - self.need + 1
        return sum(sorted(child.missing(wish) for child in self.children)[:needed])

    def lines(self, depth: int = 0) -> list[str]:
        """Return the rendering: one line a part, ``+`` for what matched, ``-`` for what did not."""
        head = f"{'  ' * depth}{'+' if self.matched else '-'} {_title(self)}"
        return [head, *(line for child in self.children for line in child.lines(depth + 1))]


@dataclass(frozen=True)
class Explanation:
    r"""A rule's full evaluation on one event.

    Attributes
    ----------
    rule : str
        Title of the rule.
    condition : str
    root : Result

    Examples
    --------
    >>> from lotl.match.reference import Reference
    >>> detection = {"tool": {"Image|endswith": r"\cmd.exe", "User": "x"}, "condition": "tool"}
    >>> print(Reference({"title": "T", "detection": detection}).explain({"Image": r"C:\CMD.EXE"}))
    no match: T (tool); 1 value away
    - selection tool
      - and
        + Image|endswith
          + '*\\cmd.exe': Image = 'C:\\CMD.EXE' at 2..10
        - User
          - 'x': the event does not have the field
    """

    rule: str
    condition: str
    root: Result

    @property
    def matched(self) -> bool:
        """Whether the rule matches."""
        return self.root.matched

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain data."""
        return {
            "rule": self.rule,
            "condition": self.condition,
            "matched": self.matched,
            "missing": self.root.missing(),
            "result": self.root.to_dict(),
        }

    def __str__(self) -> str:
        away = self.root.missing()
        verdict = "match" if self.matched else "no match"
        distance = "" if self.matched else f"; {away} value{'' if away == 1 else 's'} away"
        head = f"{verdict}: {self.rule} ({self.condition}){distance}"
        return "\n".join(_one_line(line) for line in [head, *self.root.lines()])


def _one_line(text: str) -> str:
    """Return text without line breaks and control characters: titles and labels are the rule author's."""
    return "".join(sign if sign.isprintable() else "·" for sign in text)


def _title(result: Result) -> str:
    if result.evidence is None:
        return f"{result.kind} {result.label}".rstrip() if result.kind != "item" else result.label
    seen = result.evidence
    if seen.field is None:
        return f"{result.label}: {seen.reason or 'the event does not have the field'}"
    text = f"{result.label}: {seen.field} = {_excerpt(seen)}"
    if seen.matched:
        return text if seen.span is None else f"{text} at {seen.span[0]}..{seen.span[1]}"
    return f"{text}; {seen.reason}"


def _excerpt(seen: Evidence) -> str:
    if seen.value is None:
        return "null"
    start, end = seen.span or (0, 0)
    first, last = max(0, start - EXCERPT), min(len(seen.value), end + EXCERPT)
    if last - first > 4 * EXCERPT:
        last = first + 4 * EXCERPT
    before, after = "…" if first else "", "…" if last < len(seen.value) else ""
    return f"{before}{seen.value[first:last]!r}{after}"
