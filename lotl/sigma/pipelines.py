"""pySigma processing pipelines, applied to whole rule documents.

A pipeline file can make pySigma run commands, fetch addresses, read files and execute Python next to a template.
Such pipelines are refused unless they are trusted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lotl.errors import InputError, RuleError
from lotl.sigma import documents
from lotl.sigma.fault import Fault
from lotl.sigma.model import State

DANGEROUS = {
    "command_placeholders": "runs a command",
    "http_placeholders": "fetches an address",
    "file_placeholders": "reads a file",
    "template": "renders a template",
}
"""Types of pipeline items that need trust, and what they do."""


class Pipeline:
    """One or several pipelines, in the order of their priorities.

    Parameters
    ----------
    specs : iterable of str, path or mapping
        Names of installed pipelines, YAML files, YAML text, or parsed pipelines.
    trusted : bool
        Allow what `DANGEROUS` lists.
    placeholders : mapping of str to list of str
        Values that `expand` has before the pipeline is asked.

    Raises
    ------
    InputError
        There is no such pipeline.
    RuleError
        It is invalid, or not trusted.
    """

    def __init__(
        self,
        specs: Iterable[str | os.PathLike[str] | Mapping[str, Any]],
        *,
        trusted: bool = False,
        placeholders: Mapping[str, list[str]] | None = None,
    ) -> None:
        self._trusted, self._placeholders = trusted, placeholders or {}
        loaded = sorted((self._load(spec) for spec in specs), key=lambda pipeline: int(pipeline.priority))
        self._pipeline = sum(loaded[1:], loaded[0])

    def __call__(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the document as the pipeline rewrites it.

        Raises
        ------
        Fault
            The pipeline refuses the rule, or makes something of it that only a query language can express.
        """
        from sigma.exceptions import SigmaError

        from lotl.sigma.bridge import from_sigma, to_sigma

        try:
            rule = to_sigma(document, self._placeholders)
            self._pipeline.apply(rule)
            return from_sigma(rule, document)
        except SigmaError as error:
            raise Fault(f"the pipeline refuses the rule: {error}", state=State.UNSUPPORTED) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # plugins are other people's code
            what = f"the pipeline fails on the rule: {type(error).__name__}: {error}"
            raise Fault(what, state=State.UNSUPPORTED) from error

    def _load(self, spec: str | os.PathLike[str] | Mapping[str, Any]) -> Any:
        if isinstance(spec, Mapping):
            return self._parsed(dict(spec), "pipeline")
        if isinstance(spec, str) and "\n" in spec:
            return self._text(spec.encode("utf-8", "replace"), "pipeline")
        path = Path(spec)
        if path.is_file():
            return self._text(path.read_bytes(), path.as_posix())
        installed = _installed()
        if str(spec) not in installed:
            known = ", ".join(sorted(installed)) or "none"
            raise InputError("no such pipeline", where=str(spec), hint=f"a YAML file, or an installed one: {known}")
        made = installed[str(spec)]
        return made() if callable(made) else made

    def _text(self, data: bytes, where: str) -> Any:
        found = documents.read(data)
        if len(found) != 1 or found[0].problem or not isinstance(found[0].content, dict):
            problem = next((each.problem for each in found if each.problem), "it is not one YAML map")
            raise RuleError(f"the pipeline cannot be read: {problem}", where=where)
        return self._parsed(found[0].content, where)

    def _parsed(self, content: dict[str, Any], where: str) -> Any:
        from sigma.exceptions import SigmaError
        from sigma.processing.pipeline import ProcessingPipeline

        if not self._trusted:
            for kind in sorted(_types(content) & DANGEROUS.keys()):
                raise RuleError(
                    f"the pipeline {DANGEROUS[kind]} ('{kind}')",
                    where=where,
                    hint="allow it with --trust-pipelines or trust_pipelines=True",
                )
        # What follows the transformations works on the text of queries, of which lotl has none.
        kept = {name: value for name, value in content.items() if name not in ("postprocessing", "finalizers")}
        try:
            return ProcessingPipeline.from_dict(kept, allow_external_sources=self._trusted)
        except (SigmaError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise RuleError(f"the pipeline is invalid: {error}", where=where) from error


def _types(content: Any) -> set[str]:
    """Return every ``type`` that is named anywhere in a pipeline."""
    found: set[str] = set()
    waiting, seen = [content], set[int]()
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping | list) and id(value) not in seen:  # aliases repeat, and are looked at once
            seen.add(id(value))
            if isinstance(value, Mapping):
                found.add(str(value.get("type")))
                waiting += value.values()
            else:
                waiting += value
    return found


def _installed() -> dict[str, Any]:
    from sigma.plugins import InstalledSigmaPlugins

    plugins = InstalledSigmaPlugins.autodiscover(include_backends=False, include_validators=False)
    return dict(plugins.pipelines)
