"""Finding one rule of a set by what people know of it."""

from __future__ import annotations

import difflib

from lotl.errors import RuleError
from lotl.sigma.model import Correlation, Rule
from lotl.sigma.ruleset import RuleSet


def find(ruleset: RuleSet, name: str) -> Rule | Correlation:
    """Return the rule whose id, name, title or file name is `name`, or whose title alone contains it.

    Raises
    ------
    RuleError
        There is none, or more than one.
    """
    every: list[Rule | Correlation] = [*ruleset.rules, *ruleset.correlations]
    wanted = name.lower()
    exact = [
        rule
        for rule in every
        if wanted in (rule.meta.id.lower(), rule.meta.name.lower(), rule.meta.title.lower())
        or rule.meta.path.lower().endswith(("/" + wanted, "/" + wanted + ".yml"))
    ]
    found = exact or [
        rule for rule in every if wanted in rule.meta.title.lower() or rule.meta.id.lower().startswith(wanted)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{rule.meta.title} [{rule.meta.id}]" for rule in found[:5])
        raise RuleError(f"{len(found)} rules are called like that", where=name, hint=f"among them: {names}")
    close = difflib.get_close_matches(name, [rule.meta.title for rule in every], 3, 0.5)
    hint = f"did you mean: {', '.join(close)}" if close else "see `lotl rules list`"
    raise RuleError("there is no such rule", where=name, hint=hint)
