"""lotl: hunt living-off-the-land abuse in Windows event and Sysmon logs.

The whole public surface::

    read(paths) -> Events              logs into columnar tables
    from_records(dicts) -> Events      flat dicts into the same
    rules(...) -> RuleSet              Sigma rules, with every error kept
    scan(logs, rules) -> Hits          which rule hit which event, and why

Everything is imported at first use: ``import lotl`` itself is cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from lotl._version import __version__

if TYPE_CHECKING:
    from lotl.errors import (
        FormatError,
        InputError,
        LotlError,
        MissingExtra,
        OutputError,
        RuleError,
        UnsupportedRule,
    )
    from lotl.events import Events, from_records
    from lotl.hits import Hits
    from lotl.reading import read
    from lotl.scanning import scan
    from lotl.sigma.load import load as rules
    from lotl.sigma.ruleset import RuleSet

_HOMES: Final = {
    # public name: (module, name there)
    "Events": ("lotl.events", "Events"),
    "Hits": ("lotl.hits", "Hits"),
    "RuleSet": ("lotl.sigma.ruleset", "RuleSet"),
    "from_records": ("lotl.events", "from_records"),
    "read": ("lotl.reading", "read"),
    "rules": ("lotl.sigma.load", "load"),
    "scan": ("lotl.scanning", "scan"),
    "LotlError": ("lotl.errors", "LotlError"),
    "InputError": ("lotl.errors", "InputError"),
    "FormatError": ("lotl.errors", "FormatError"),
    "RuleError": ("lotl.errors", "RuleError"),
    "UnsupportedRule": ("lotl.errors", "UnsupportedRule"),
    "OutputError": ("lotl.errors", "OutputError"),
    "MissingExtra": ("lotl.errors", "MissingExtra"),
}

__all__ = [
    "Events",
    "FormatError",
    "Hits",
    "InputError",
    "LotlError",
    "MissingExtra",
    "OutputError",
    "RuleError",
    "RuleSet",
    "UnsupportedRule",
    "__version__",
    "from_records",
    "read",
    "rules",
    "scan",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lotl' has no attribute {name!r}")
    module, there = _HOMES[name]
    value = getattr(importlib.import_module(module), there)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
