"""From command-line options to the rules of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lotl.errors import InputError, RuleError
from lotl.sigma.load import load
from lotl.sigma.ruleset import RuleSet


def chosen_rules(
    rules: tuple[str, ...] = (),
    level: str | None = None,
    status: tuple[str, ...] = (),
    tag: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    pipeline: tuple[str, ...] = (),
    trust_pipelines: bool = False,
    filters: tuple[str, ...] = (),
    placeholders: str | None = None,
) -> RuleSet:
    """Load and select rules.

    Raises
    ------
    RuleError
        No rule is left to run.
    InputError
        A file cannot be read, or an option is wrong.
    """
    loaded = load(
        *(rules or ("lotl",)),
        placeholders=_placeholders(placeholders),
        pipelines=pipeline,
        trust_pipelines=trust_pipelines,
        filters=filters,
    )
    selected = loaded.select(level=level, status=",".join(status) or None, tag=tag or None, exclude=exclude or None)
    if not len(selected):
        first = f"; the first of {len(loaded.errors)} problems: {loaded.errors[0]}" if loaded.errors else ""
        raise RuleError(f"no rule is left to run{first}", where=" ".join(rules), hint="see `lotl rules list`")
    return selected


def _placeholders(path: str | None) -> dict[str, Any] | None:
    if path is None:
        return None
    import yaml

    try:
        found = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"cannot be read: {error}", where=path) from error
    if not isinstance(found, dict) or not all(isinstance(values, list) for values in found.values()):
        raise InputError("placeholders are a mapping of names to lists", where=path, hint="Admins: [root, svc_*]")
    return {str(name): [str(value) for value in values] for name, values in found.items()}
