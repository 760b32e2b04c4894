"""Sigma filters: local exceptions that survive rule updates.

A filter applies to a rule where it names the rule (or ``any``) and its log source covers the rule's. The rule then
holds where its own condition and that of the filter hold (pySigma's reading of the specification).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lotl.sigma import condition
from lotl.sigma.fault import Fault
from lotl.sigma.lower import conditions_of, lower
from lotl.sigma.meta import logsource_of
from lotl.sigma.model import LogSource, Meta

PATH = ("filter",)


@dataclass(frozen=True)
class Filter:
    """A filter document.

    Attributes
    ----------
    meta : Meta
    logsource : LogSource
    rules : frozenset of str or None
        Ids and names, lower case. None: any.
    detection : mapping
        Named detections and one condition.
    """

    meta: Meta
    logsource: LogSource
    rules: frozenset[str] | None
    detection: Mapping[str, Any]

    def covers(self, meta: Meta, logsource: LogSource) -> bool:
        """Say whether the filter applies to a rule."""
        if self.rules is not None and not self.rules & {meta.id.lower(), meta.name.lower()}:
            return False
        return all(
            mine is None or mine.lower() == (theirs or "").lower()
            for mine, theirs in zip(_parts(self.logsource), _parts(logsource), strict=True)
        )


def read_filter(content: Mapping[str, Any], meta: Meta, placeholders: Mapping[str, list[str]]) -> Filter:
    """Read a filter document.

    Raises
    ------
    Fault
        It is invalid.
    """
    logsource = logsource_of(content)
    section = content["filter"]
    if "rules" not in section:
        raise Fault("the filter does not say which rules it is for", PATH, hint="add 'rules:', a list of ids, or 'any'")
    detection = {name: value for name, value in section.items() if name != "rules"}
    try:
        if len(conditions_of(detection)) != 1:
            raise Fault("a filter has exactly one condition", condition.PATH)
        lower(detection, placeholders)
    except Fault as fault:
        raise Fault(fault.what, (*PATH, *fault.path[1:]), hint=fault.hint, state=fault.state) from fault
    return Filter(meta, logsource, _rules(section["rules"]), detection)


def filtered(detection: Mapping[str, Any], filters: list[Filter]) -> dict[str, Any]:
    """Return a ``detection`` section with filters built in, as an ordinary section.

    The detections of the n-th filter are named ``_filter<n>_<name>``. Patterns are replaced by the names that they
    select, so that none can take in a detection of the other side.
    """
    own = conditions_of(detection)
    names = [name for name in detection if name != "condition"]
    merged: dict[str, Any] = {name: detection[name] for name in names}
    pinned = [condition.pinned(condition.parse(text, names)) for text in own]
    extra = []
    for number, each in enumerate(filters, 1):
        prefix = f"_filter{number}_"
        theirs = [name for name in each.detection if name != "condition"]
        merged.update({prefix + name: each.detection[name] for name in theirs})
        (text,) = conditions_of(each.detection)
        extra.append(condition.pinned(condition.parse(text, theirs), prefix.__add__))
    suffix = "".join(f" and {text}" for text in extra)
    conditions = [f"{text}{suffix}" for text in pinned]
    merged["condition"] = conditions[0] if len(conditions) == 1 else conditions
    return merged


def _rules(given: Any) -> frozenset[str] | None:
    if isinstance(given, str):
        return None if given.lower() == "any" else frozenset({given.lower()})
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        return frozenset(each.lower() for each in given) or None
    raise Fault("the rules of a filter are neither 'any' nor ids or names", (*PATH, "rules"))


def _parts(logsource: LogSource) -> tuple[str | None, str | None, str | None]:
    return logsource.category, logsource.product, logsource.service
