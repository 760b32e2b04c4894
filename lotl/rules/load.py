"""Loading: sources to a `RuleSet`, every document accounted for."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from lotl.errors import RuleError
from lotl.rules.assemble import Assembly
from lotl.rules.entries import read_entries
from lotl.rules.model import State
from lotl.rules.ruleset import RuleSet
from lotl.rules.sources import Source, gather

__all__ = ["RuleSet", "load"]


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking a million young objects again and again; worth a third of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def load(
    *sources: Source,
    placeholders: Mapping[str, str | Sequence[str]] | None = None,
    pipelines: Iterable[Any] = (),
    trust_pipelines: bool = False,
    filters: Iterable[Source] = (),
    strict: bool = False,
) -> RuleSet:
    """Load Sigma rules, correlations and filters.

    Parameters
    ----------
    *sources : str, path or mapping
        A file, a folder (searched for ``*.yml`` and ``*.yaml``; what is no Sigma is skipped and counted), the name of a
        built-in pack (``"lotl"``), YAML text, or a document that is already parsed.
    placeholders : mapping of str to str or sequence of str, optional
        Values for ``|expand``. They may hold wildcards.
    pipelines : iterable of str or path, optional
        pySigma processing pipelines: names of installed ones, or YAML files.
    trust_pipelines : bool, optional
        Allow pipelines that read files, fetch, run commands or render templates.
    filters : iterable of sources, optional
        Sigma filters to apply, besides those among the sources.
    strict : bool, optional
        Raise at the first invalid rule.

    Returns
    -------
    RuleSet
        In the order of the sources; folders by path.

    Raises
    ------
    InputError
        A source does not exist.
    RuleError
        A pipeline cannot be used; with `strict`, a rule is invalid.

    Examples
    --------
    >>> rules = load('''
    ... title: Discovery
    ... logsource: {product: windows, category: process_creation}
    ... detection:
    ...     tool: {Image|endswith: whoami.exe}
    ...     condition: tool
    ... ''')
    >>> rules.rules[0].meta.title, rules.counts()["loaded"]
    ('Discovery', 1)
    """
    values = {name: [v] if isinstance(v, str) else [str(x) for x in v] for name, v in (placeholders or {}).items()}
    transform = None
    if specs := list(pipelines):
        from lotl.rules.pipelines import Pipeline

        transform = Pipeline(specs, trusted=trust_pipelines)
    with collector_paused():
        entries, skipped = read_entries(gather(sources))
        more, _ = read_entries(gather(tuple(filters)))
        ruleset = Assembly(values, transform).run(entries, more, skipped)
    if strict:
        for issue in ruleset.errors:
            if issue.state is State.INVALID:
                raise RuleError(issue.what, where=issue.where, hint=issue.hint)
    return ruleset
