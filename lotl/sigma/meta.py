"""What a rule document says about itself; pySigma is the judge of whether it says it rightly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lotl.sigma.fault import Fault
from lotl.sigma.model import LogSource, Meta

_SEVERE = ("SigmaTitleError", "SigmaLevelError", "SigmaStatusError")
_JUDGED = (
    *("title", "id", "name", "taxonomy", "related", "status", "description", "license", "references", "tags"),
    *("author", "date", "modified", "fields", "falsepositives", "level", "scope"),
)


def metadata(document: Mapping[str, Any], path: str, line: int) -> Meta:
    """Return the metadata of a document; what has the wrong type is left out."""
    texts = {
        name: _text(document.get(name))
        for name in ("title", "name", "description", "author", "license", "date", "modified")
    }
    return Meta(
        id=_text(document.get("id")).strip(),
        level=_text(document.get("level")).lower(),
        status=_text(document.get("status")).lower(),
        tags=tuple(tag.lower() for tag in _texts(document.get("tags"))),
        references=_texts(document.get("references")),
        falsepositives=_texts(document.get("falsepositives")),
        fields=_texts(document.get("fields")),
        path=path,
        line=line,
        **texts,
    )


def problems(document: Mapping[str, Any]) -> list[str]:
    """Return what pySigma finds wrong with the metadata of a rule, the mild things only.

    Raises
    ------
    Fault
        The title is missing, or the level or status is not one of Sigma's: the rule could not be named or selected.
    """
    from sigma.rule import SigmaRule

    known = {name: document[name] for name in _JUDGED if document.get(name) is not None}
    if "id" in known:
        known["id"] = str(known["id"])
    try:
        _, errors = SigmaRule.from_dict_common_params(known, collect_errors=True)
    except (TypeError, ValueError, AttributeError, KeyError) as trouble:  # pySigma trips over some wrong types
        raise Fault(f"the metadata cannot be read: {trouble}") from trouble
    mild = []
    for error in errors:
        kind, what = type(error).__name__, str(error)
        if kind in _SEVERE and not (kind == "SigmaTitleError" and document.get("title")):
            raise Fault(what, (kind.removeprefix("Sigma").removesuffix("Error").lower(),))
        mild.append(what)
    return mild


def logsource_of(document: Mapping[str, Any]) -> LogSource:
    """Return the log source of a rule.

    Raises
    ------
    Fault
        It is missing, empty, or has a part that is not text.
    """
    given = document.get("logsource")
    path = ("logsource",)
    if given is None:
        raise Fault("the rule has no logsource", path, hint="add 'logsource:' with a product and a category or service")
    if not isinstance(given, Mapping):
        raise Fault("the logsource is not a map", path)
    parts = {name: given.get(name) for name in ("category", "product", "service")}
    for name, part in parts.items():
        if part is not None and not isinstance(part, str):
            raise Fault(f"{name} of the logsource is not text: {part!r}", (*path, name))
    if not any(parts.values()):
        raise Fault("the logsource is empty", path, hint="it needs a category, a product or a service")
    return LogSource(**parts)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or isinstance(value, Mapping | list | tuple | set) else str(value)


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(text for text in map(_text, values) if text)
