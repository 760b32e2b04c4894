"""The pieces of a result: hits of one batch, the evidence of a hit, the record of a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lotl.columns import Rows
from lotl.frame import Partition
from lotl.sigma.model import Issue, State
from lotl.sources.base import Account


@dataclass(frozen=True, eq=False)
class HitPart:
    """Hits within one batch of one kind.

    Attributes
    ----------
    partition : Partition
        The events that were hit, and no others.
    rule : ndarray of int32, shape (k,)
        Index of the rule in the run's plan.
    row : ndarray of int64, shape (k,)
        Row of `partition`.
    canonical : ndarray of bool, shape (k,), optional
        Hits that only canonical command lines show. None: there are none.
    """

    partition: Partition
    rule: np.ndarray[Any, np.dtype[np.int32]]
    row: Rows
    canonical: np.ndarray[Any, np.dtype[np.bool_]] | None = None


@dataclass(frozen=True)
class Evidence:
    """Why a rule hit: one value of one field, and the part of the rule that asked for it.

    Attributes
    ----------
    part : str
        Name of the selection in the rule.
    field : str
        Field of the event; "" for a keyword found in several.
    value : str
        The value, as the event has it; "" where the rule asked for absence.
    matched : str
        What of the rule matched it.
    """

    part: str
    field: str
    value: str
    matched: str

    def __str__(self) -> str:
        return f"{self.field}: {self.value}"


@dataclass
class Run:
    """What a run read and what became of its rules.

    Attributes
    ----------
    accounts : list of Account
    skipped : list of str
        Files in folders that are no logs.
    states : dict of rule id to State
        Rules that were evaluated, or could have been.
    blind : dict of rule id to tuple of str
        Fields that never occurred, for the rules in state BLIND.
    issues : list of Issue
        Rules that could not be loaded.
    seconds : float
        Wall time.
    problems : list of str
        What went wrong with the run itself: a worker that died, say.
    """

    accounts: list[Account] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    states: dict[str, State] = field(default_factory=dict)
    blind: dict[str, tuple[str, ...]] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def records(self) -> int:
        """Events read."""
        return sum(account.records for account in self.accounts)

    def state_counts(self) -> dict[State, int]:
        """Rules in each state; states without rules are left out."""
        counts = Counter(self.states.values()) + Counter(issue.state for issue in self.issues)
        return {state: counts[state] for state in State if counts[state]}
