"""Hits: which rule hit which event, with the events, the evidence and the record of the run."""

from __future__ import annotations

from lotl.hits.parts import Evidence, HitPart, Run
from lotl.hits.result import Hits

__all__ = ["Evidence", "HitPart", "Hits", "Run"]
