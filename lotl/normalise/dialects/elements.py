"""XML that was turned into objects: paths to the names that `lotl.sources.evtx.flatten` gives the same elements."""

from __future__ import annotations

from typing import Final

from lotl.normalise.dialects.base import DATA, SYSTEM

_ATTRIBUTES: Final = frozenset({"#attributes", "_attributes", "@attributes", "$"})
_TEXT: Final = frozenset({"#text", "_text", "_", "Value"})
_RENAMED: Final = {"TimeCreated_SystemTime": "TimeCreated"}


def element(path: str) -> tuple[str, str] | None:
    """Return (part, name) of a path below ``Event``; None for what is no data.

    Examples
    --------
    >>> element("System.Provider.#attributes.Name"), element("System.EventID.#text")
    (('system', 'Provider_Name'), ('system', 'EventID'))
    >>> element("UserData.EventXML.Threat Name"), element("EventData.Data.#text"), element("#attributes.xmlns")
    (('data', 'ThreatName'), ('data', 'Data'), None)
    """
    parts = _parts(path)
    section = parts[0]
    if section == "System":
        name = "_".join(_plain(parts[1:], with_value=True))
        return (SYSTEM, _RENAMED.get(name, name)) if name and "xmlns" not in name else None
    if section in _ATTRIBUTES or section.startswith(("@", "#")) or "xmlns" in parts[-1]:
        return None
    inside = parts[1:]
    attribute = next((n for n, part in enumerate(inside) if part in _ATTRIBUTES or part.startswith("@")), None)
    if attribute is not None:
        owner = inside[attribute - 1] if attribute else section
        label = inside[-1].lstrip("@")
        return DATA, f"{owner}_{label}".replace(" ", "")
    if inside and inside[-1] in _TEXT - {"Value"}:
        inside.pop()
    if section == "RenderingInfo":
        return (DATA, f"RenderingInfo_{inside[0]}") if inside else None
    if section == "EventData":
        inside = inside[1:] if len(inside) > 1 and inside[0] == "Data" else inside
        return DATA, ".".join(inside).replace(" ", "") or "Data"
    if section == "UserData":
        return (DATA, inside[-1].replace(" ", "")) if inside else None
    return (DATA, (inside or parts)[-1].replace(" ", "")) if section == "ProcessingErrorData" else None


def _parts(path: str) -> list[str]:
    parts = path.split(".")
    if "_attributes" in path:  # Chainsaw: attributes in a key of their own beside the element
        parts = [each for part in parts for each in _split(part)]
    return parts


def _split(part: str) -> tuple[str, ...]:
    owner = part.removesuffix("_attributes")
    return (owner, "_attributes") if owner and owner != part else (part,)


def _plain(parts: list[str], *, with_value: bool) -> list[str]:
    noise = _ATTRIBUTES | (_TEXT if with_value else _TEXT - {"Value"})
    return [part.lstrip("@").replace(" ", "") for part in parts if part not in noise]
