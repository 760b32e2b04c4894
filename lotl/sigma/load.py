"""Loading: sources to a `RuleSet`, every document accounted for."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lotl.errors import RuleError
from lotl.sigma.model import State
from lotl.sigma.ruleset import RuleSet
from lotl.sigma.sources import Origin, Source, gather
from lotl.sigma.store import key_of, restore, save

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
    specs = list(pipelines)
    rules, local = gather(sources), gather(tuple(filters))
    key = None
    if not trust_pipelines:
        key = key_of([*rules, *local], {"placeholders": values, "filters": len(local), "pipelines": _contents(specs)})
    ruleset = restore(key) if key else None
    if ruleset is None:
        ruleset = _assemble(rules, local, values, specs, trust_pipelines)
        if key:
            save(key, ruleset)
    ruleset.digest = key
    if strict:
        for issue in ruleset.errors:
            if issue.state is State.INVALID:
                raise RuleError(issue.what, where=issue.where, hint=issue.hint)
    return ruleset


def _assemble(
    rules: list[Origin], local: list[Origin], values: dict[str, list[str]], specs: list[Any], trusted: bool
) -> RuleSet:
    from lotl.sigma.assemble import Assembly
    from lotl.sigma.entries import read_entries

    transform = None
    if specs:
        from lotl.sigma.pipelines import Pipeline

        transform = Pipeline(specs, trusted=trusted, placeholders=values)
    with collector_paused():
        entries, skipped = read_entries(rules)
        more, _ = read_entries(local)
        return Assembly(values, transform).run(entries, more, skipped)


def _contents(specs: list[Any]) -> list[Any]:
    """Return what decides the pipelines: the text of files, the names of installed ones with their versions."""
    return [_content(spec) for spec in specs]


def _content(spec: Any) -> Any:
    if isinstance(spec, Mapping):
        return dict(spec)
    path = Path(spec) if "\n" not in str(spec) else None
    if path is not None and path.is_file():
        return ["file", path.read_bytes().decode("latin-1")]
    if path is None:
        return ["text", str(spec)]
    from importlib.metadata import distributions

    names = sorted(f"{each.name} {each.version}" for each in distributions() if "sigma" in (each.name or "").lower())
    return ["installed", str(spec), names]
