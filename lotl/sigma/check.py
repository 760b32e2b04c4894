"""`lotl rules check`: everything that can be said against rules without any log.

Our own findings are those of loading. pySigma's validators add theirs on good practice; what they get wrong (they know
pySigma's parser, not the specification) is told apart as a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lotl.sigma.entries import Entry, Sort, read_entries
from lotl.sigma.load import load
from lotl.sigma.model import Issue, State
from lotl.sigma.sources import Source, gather

SKIPPED = frozenset(
    # These fetch MITRE's data from the network.
    {"attacktag", "d3_fendtag", "atlastag"}
)
"""Validators that are not run: a check must not touch the network."""


def check(paths: Iterable[Source], *, placeholders: Mapping[str, list[str]] | None = None) -> list[Issue]:
    """Check rules.

    Parameters
    ----------
    paths : iterable of str, path or mapping
        As for `lotl.sigma.load.load`.
    placeholders : mapping of str to list of str, optional
        Values for ``|expand``.

    Returns
    -------
    list of Issue
        In order of file and line. INVALID and UNSUPPORTED are errors; LOADED are warnings, those of pySigma's
        validators with their name in brackets.
    """
    sources = tuple(paths)
    loaded = load(*sources, placeholders=placeholders)
    entries, _ = read_entries(gather(sources))
    issues = [*loaded.errors, *loaded.warnings, *_practice(entries)]
    order = {entry.origin.name or "text": number for number, entry in reversed(list(enumerate(entries)))}
    return sorted(issues, key=lambda issue: _place(issue, order))


def _place(issue: Issue, order: Mapping[str, int]) -> tuple[int, int]:
    path, _, line = issue.where.partition(" ")[0].rpartition(":")
    return order.get(path, -1), int(line) if line.isdecimal() else 0


def _practice(entries: list[Entry]) -> list[Issue]:
    """Run pySigma's validators."""
    from sigma.exceptions import SigmaError
    from sigma.plugins import InstalledSigmaPlugins
    from sigma.rule import SigmaRule
    from sigma.validation import SigmaValidator

    classes: dict[str, Any] = dict(
        InstalledSigmaPlugins.autodiscover(include_backends=False, include_pipelines=False).validators
    )
    validator = SigmaValidator([made for name, made in sorted(classes.items()) if name not in SKIPPED])
    places: dict[int, Entry] = {}
    found: list[Any] = []
    rules = []
    for entry in entries:
        if entry.sort is not Sort.RULE:
            continue
        try:
            rule = SigmaRule.from_dict(dict(entry.content), collect_errors=True)
            places[id(rule)] = entry
            rules.append(rule)  # kept alive: its id() is the key
            found += validator.validate_rule(rule)
        except (SigmaError, AttributeError, KeyError, RuntimeError, TypeError, ValueError):
            continue  # what pySigma cannot read, loading has judged
    found += validator.finalize()
    return [issue for each in found for issue in _issues(each, places)]


def _issues(found: Any, places: Mapping[int, Entry]) -> list[Issue]:
    what = f"{_text(found)} [{type(found).__name__.removesuffix('Issue')}]"
    named = [(rule, places[id(rule)]) for rule in found.rules if id(rule) in places]
    return [Issue(State.LOADED, str(rule.id or rule.title), entry.where, what) for rule, entry in named]


def _text(found: Any) -> str:
    details = [
        f"{name}: {value}"
        for name, value in vars(found).items()
        if name not in ("rules", "severity", "description") and isinstance(value, str | int | float)
    ]
    description = str(found.description).rstrip(".")
    return f"{description} ({', '.join(details)})" if details else description
