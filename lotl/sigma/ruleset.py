"""A set of rules, with everything that could not be used and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from lotl.sigma.model import Correlation, Issue, Meta, Rule, State

STATUSES = ("stable", "test", "experimental", "deprecated", "unsupported")
"""Statuses of Sigma rules."""


class RuleSet:
    """Rules in the order in which they were given, and an account of every one that cannot be used.

    Attributes
    ----------
    rules : sequence of Rule
        Every rule whose condition could be lowered; those that no event log can feed have no selectors.
    correlations : sequence of Correlation
    filters : sequence of Meta
        Filters that were applied.
    errors : list of Issue
        INVALID and UNSUPPORTED rules.
    warnings : list of Issue
        What is doubtful about rules that are used.
    skipped : int
        YAML documents in folders that are no Sigma.
    placeholders : mapping of str to sequence of str
        Values that `expand` was given; the documents of the rules still name the placeholders.
    digest : str or None
        Cache key of what the set was loaded from; None where it is not cached.
    whole : RuleSet or None
        The set that this one was selected from, and `chosen`, the positions in it of the rules of this one.
    """

    def __init__(
        self,
        rules: Sequence[Rule] = (),
        correlations: Sequence[Correlation] = (),
        filters: Sequence[Meta] = (),
        errors: Iterable[Issue] = (),
        warnings: Iterable[Issue] = (),
        skipped: int = 0,
        placeholders: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.rules, self.correlations, self.filters = rules, correlations, filters
        self.errors, self.warnings, self.skipped = list(errors), list(warnings), skipped
        self.placeholders = dict(placeholders or {})
        self.digest: str | None = None
        self.whole: RuleSet | None = None
        self.chosen: list[int] | None = None

    def __len__(self) -> int:
        """Return the number of rules and correlations."""
        return len(self.rules) + len(self.correlations)

    def __iter__(self) -> Iterator[Rule]:
        """Iterate over the detection rules."""
        return iter(self.rules)

    def __repr__(self) -> str:
        return "<RuleSet: " + ", ".join(f"{number} {what}" for what, number in self.counts().items() if number) + ">"

    @cached_property
    def by_id(self) -> dict[str, Rule | Correlation]:
        """Rules and correlations by id."""
        every: list[Rule | Correlation] = [*self.rules, *self.correlations]
        return {rule.meta.id: rule for rule in every}

    @cached_property
    def metas(self) -> list[Meta]:
        """Metadata of the rules, in order; cheaper than the rules themselves after a warm start."""
        stored: list[Meta] | None = getattr(self.rules, "metas", None)
        return [rule.meta for rule in self.rules] if stored is None else stored

    @cached_property
    def unsupported(self) -> frozenset[str]:
        """Ids of rules that are kept although no event log can feed them."""
        return frozenset(issue.rule for issue in self.errors if issue.state is State.UNSUPPORTED)

    def counts(self) -> dict[str, int]:
        """Return how many rules are loaded, invalid, unsupported …; every rule is counted once."""
        states = Counter(issue.state for issue in self.errors)
        kept = {meta.id for meta in self.metas}
        without = sum(issue.state is State.UNSUPPORTED and issue.rule in kept for issue in self.errors)
        return {
            "loaded": len(self.rules) - without + len(self.correlations),
            "invalid": states[State.INVALID],
            "unsupported": states[State.UNSUPPORTED],
            "warnings": len(self.warnings),
            "filters": len(self.filters),
            "skipped": self.skipped,
        }

    def select(
        self,
        *,
        level: str | None = None,
        status: str | Iterable[str] | None = None,
        tag: str | Iterable[str] | None = None,
        exclude: str | Iterable[str] | None = None,
        logsource: str | None = None,
    ) -> RuleSet:
        """Return the rules that meet all of the given conditions; issues are kept.

        Rules that a selected correlation reads stay, and no longer alert by themselves if they were not selected.

        Parameters
        ----------
        level : str, optional
            Lowest level: informational, low, medium, high, critical.
        status : str or iterable of str, optional
            One of these: stable, test, experimental, deprecated, unsupported.
        tag : str or iterable of str, optional
            Rules with at least one of these tags: exact, the start up to a dot (``attack.t1059`` finds
            ``attack.t1059.001``), or with ``*`` for any run. Tags that ATT&CK renamed are found by either name.
        exclude : str or iterable of str, optional
            Rules to leave out: ids, names, titles or tags, ``*`` for any run.
        logsource : str, optional
            Category, product or service.

        Raises
        ------
        InputError
            An unknown level or status.
        """
        from lotl.sigma.selection import Selection

        return Selection(self, level, status, tag, exclude, logsource).result()
