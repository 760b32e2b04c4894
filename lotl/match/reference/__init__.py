"""The reference evaluator: what a Sigma rule means on one event, and why.

Reading order: `patterns` and `values` (what is compared), `leaves` (one wanted value), `modifiers` and `encode` (how a
value becomes a leaf), `detection` and `condition` (how leaves become a rule), `rule` (evaluation), `explain` (its
result as a tree). Nothing here is shared with the fast engine but `lotl.match.text.fold` and the tables of
`lotl.schema`.
"""

from __future__ import annotations

from lotl.match.reference.explain import Explanation, Result
from lotl.match.reference.leaves import Evidence
from lotl.match.reference.rule import Reference, load_rule

__all__ = ["Evidence", "Explanation", "Reference", "Result", "load_rule"]
