"""The second pass: rules on canonical command lines.

Every rule runs on events as they are, first: plain Sigma. Those events whose command lines have something to undo are
then matched again, with raw and canonical texts side by side in the command fields, any of which may match. As the raw
text stays there, what a rule excludes by its raw text stays excluded, and nothing that held before can fail but what a
rule excludes by the canonical text: a hit of this pass always rests on something that canonical text shows.
"""

from __future__ import annotations

import numpy as np

from lotl.frame import Partition
from lotl.match.engine import Matched, Matcher
from lotl.match.profile import Profile
from lotl.normalise.canonical.events import with_canonical
from lotl.plan.build import Plan


class SecondPass:
    """Matches canonical texts.

    Parameters
    ----------
    plan : Plan
    profile : Profile, optional
    """

    def __init__(self, plan: Plan, *, profile: Profile | None = None) -> None:
        self._matcher = Matcher(plan, profile=profile)
        self._profile = self._matcher.profile

    def further(self, partition: Partition, first: Matched) -> Matched:
        """Return the hits that only canonical texts show.

        Parameters
        ----------
        partition : Partition
        first : Matched
            What was found on the batch as it is.
        """
        with self._profile.stage("canonical"):
            spread = with_canonical(partition)
        if spread is None:
            return Matched(np.zeros(0, np.int32), np.zeros(0, np.int64))
        rows = np.flatnonzero(spread[1])
        found = self._matcher.match(spread[0].take(rows))
        row = rows[found.row]
        width = int(max(first.rule.max(initial=0), found.rule.max(initial=0))) + 1
        known = first.row * width + first.rule
        new = ~np.isin(row * width + found.rule, known)
        return Matched(found.rule[new], row[new])
