"""Rules as lotl keeps them: what the author wrote, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

from lotl.plan.ir import Node
from lotl.schema import Selector

LEVELS = ("informational", "low", "medium", "high", "critical")
"""Levels, rising."""


class State(Enum):
    """Where a rule ends: exactly one of these. The last four hold for one run over one data set."""

    LOADED = "loaded"
    INVALID = "invalid"
    UNSUPPORTED = "unsupported"
    NO_DATA = "no_data"
    """Its channel or event id does not occur."""
    BLIND = "blind"
    """A field that it needs never occurs."""
    EVALUATED = "evaluated"
    HIT = "hit"


@dataclass(frozen=True)
class LogSource:
    """The three parts of a Sigma log source."""

    category: str | None = None
    product: str | None = None
    service: str | None = None

    def __str__(self) -> str:
        parts = {"product": self.product, "category": self.category, "service": self.service}
        return " ".join(f"{key}={value}" for key, value in parts.items() if value)


@dataclass(frozen=True)
class Meta:
    """What every rule document says about itself. Text fields are "" and lists empty where the rule is silent."""

    id: str
    title: str
    name: str = ""
    level: str = ""
    status: str = ""
    description: str = ""
    author: str = ""
    license: str = ""
    date: str = ""
    modified: str = ""
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    path: str = ""
    """File as given by the user, ``/`` separators; "" for text."""
    line: int = 1
    """First line of the document in its file."""


@dataclass(frozen=True)
class Rule:
    """A detection rule that can be evaluated.

    Attributes
    ----------
    meta : Meta
    logsource : LogSource
    selectors : tuple of Selector
        Event kinds that it reads. Empty: none in any EVTX (the rule is then unsupported or no_data).
    node : Node
        The lowered condition, filters included.
    document : Mapping
        The YAML mapping after filters and pipelines: what the reference evaluator reads.
    generates : bool
        Whether it alerts by itself. False for a rule that only serves a correlation.
    """

    meta: Meta
    logsource: LogSource
    selectors: tuple[Selector, ...]
    node: Node
    document: Mapping[str, Any]
    generates: bool = True


RuleLogic: TypeAlias = "str | tuple[str, tuple[RuleLogic, ...]]"
"""A boolean condition over rules: a rule id, or ``("and" | "or" | "not", operands)``."""


@dataclass(frozen=True)
class Correlation:
    """A correlation rule.

    Attributes
    ----------
    type : str
        event_count, value_count, temporal, temporal_ordered, value_sum, value_avg, value_percentile, value_median.
    rules : tuple of str
        Ids of the rules (or correlations) that it reads, in the order given.
    group_by : tuple of str
    timespan : int
        µs.
    conditions : tuple of (operator, number)
        Operators gt gte lt lte eq neq; all must hold. Temporal without condition: ``(("gte", number of rules),)``.
    fields : tuple of str
        Fields that value_* look at.
    percentile : float or None
    aliases : dict of alias to dict of rule id to field
    generate : bool
        Whether the rules that it reads alert by themselves as well.
    alerts : bool
        Whether it alerts itself. False for one that only serves another correlation.
    expression : RuleLogic or None
        Temporal types: the condition written as text (``a and (b or c)``), over ids in `rules`. It then takes the
        place of `conditions`, which are empty.
    """

    meta: Meta
    type: str
    rules: tuple[str, ...]
    group_by: tuple[str, ...] = ()
    timespan: int = 0
    conditions: tuple[tuple[str, float], ...] = ()
    fields: tuple[str, ...] = ()
    percentile: float | None = None
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    generate: bool = False
    alerts: bool = True
    expression: RuleLogic | None = None


@dataclass(frozen=True)
class Issue:
    """A rule that cannot be used, or a warning about one that can.

    Attributes
    ----------
    state : State
        INVALID, UNSUPPORTED, or LOADED for a warning.
    rule : str
        Id, or title, or "" where the document has neither.
    where : str
        ``path:line`` and the part of the rule.
    what : str
    hint : str
    """

    state: State
    rule: str
    where: str
    what: str
    hint: str = ""

    @property
    def why(self) -> str:
        """What is wrong, and what was expected."""
        return f"{self.what} ({self.hint})" if self.hint else self.what

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"
