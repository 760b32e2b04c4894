"""House formats: a YAML file that says which name is which.

.. code-block:: yaml

    name: our collector
    fields:
      cmd: CommandLine
      proc.path: Image
      host: Computer
      ts: TimeCreated
    time_format: "%d/%m/%Y %H:%M:%S"
    constants:
      Channel: Microsoft-Windows-Sysmon/Operational
      Provider_Name: Microsoft-Windows-Sysmon
      EventID: 1
    others: keep
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from lotl.errors import InputError
from lotl.normalise.dialects.base import Dialect
from lotl.schema import SYSTEM
from lotl.sources.base import Block

_KEYS: Final = ("name", "fields", "time_format", "constants", "others")
_KIND: Final = {"Channel": str, "Provider_Name": str, "EventID": int, "Computer": str}
MARK: Final = "mapping:"
"""What the context of an extent holds, behind its own, when the user gave a mapping."""


def read_mapping(path: str | Path) -> Dialect:
    """Read a mapping file.

    Raises
    ------
    InputError
        It cannot be read or is wrong; says the line.
    """
    import yaml

    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", where=str(path)) from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"is no YAML: {error}", where=str(path)) from error
    if not isinstance(values, dict) or root is None:
        raise InputError("a mapping file is a mapping", where=f"{path}:1", hint=f"keys are {', '.join(_KEYS)}")
    _check(values, _lines(root), str(path))
    return _dialect(values)


def _lines(root: Any) -> dict[tuple[str, ...], int]:
    """Return the line of each key and of each key of inner mappings."""
    lines: dict[tuple[str, ...], int] = {}
    for key, value in root.value:
        lines[(str(key.value),)] = key.start_mark.line + 1
        if isinstance(value.value, list):
            for pair in value.value:
                if isinstance(pair, tuple):
                    lines[str(key.value), str(pair[0].value)] = pair[0].start_mark.line + 1
    return lines


def _check(values: dict[str, Any], lines: dict[tuple[str, ...], int], path: str) -> None:
    def wrong(what: str, *keys: str, hint: str = "") -> InputError:
        return InputError(what, where=f"{path}:{lines.get(keys, 1)}", hint=hint)

    for key in values:
        if key not in _KEYS:
            raise wrong(f"there is no key {key!r}", str(key), hint=f"keys are {', '.join(_KEYS)}")
    fields, constants = values.get("fields", {}), values.get("constants", {})
    if not isinstance(fields, dict) or not fields:
        raise wrong("`fields` is a mapping of your names to Windows' names", "fields", hint="cmd: CommandLine")
    for name, target in fields.items():
        if not isinstance(target, str) or not target.strip():
            raise wrong(f"{name!r} must be mapped to a name, not to {target!r}", "fields", str(name))
    if not isinstance(constants, dict):
        raise wrong("`constants` is a mapping", "constants", hint="Channel: Security")
    for name, value in constants.items():
        if name not in _KIND:
            raise wrong(f"{name!r} cannot be a constant", "constants", str(name), hint=f"only {', '.join(_KIND)}")
        if type(value) is not _KIND[name]:
            raise wrong(f"{name} must be a {_KIND[name].__name__}, not {value!r}", "constants", str(name))
    if values.get("others", "keep") not in ("keep", "drop"):
        raise wrong(f"`others` is {values['others']!r}", "others", hint="keep or drop")
    if not isinstance(values.get("time_format", ""), str):
        raise wrong("`time_format` is a text like %d/%m/%Y %H:%M:%S", "time_format")


def _dialect(values: dict[str, Any]) -> Dialect:
    fields = {str(name): target.strip() for name, target in values["fields"].items()}
    return Dialect(
        name=str(values.get("name", "mapping")),
        system={name: target for name, target in fields.items() if target in SYSTEM},
        data={name: target.replace(" ", "") for name, target in fields.items() if target not in SYSTEM},
        others=values.get("others", "keep") == "keep",
        constants=values.get("constants", {}),
        time_format=values.get("time_format", ""),
    )


def context_of(dialect: Dialect) -> str:
    """Return a mapping as the text that goes with extents."""
    return MARK + json.dumps(
        {
            "name": dialect.name,
            "fields": {**dialect.system, **dialect.data},
            "time_format": dialect.time_format,
            "constants": dict(dialect.constants),
            "others": "keep" if dialect.others else "drop",
        }
    )


def dialect_of(block: Block) -> Dialect | None:
    """Return the user's mapping that goes with a block, if there is one."""
    _, mark, text = block.extents[0].context.partition(MARK) if block.extents else ("", "", "")
    return _loaded(text) if mark else None


@lru_cache(maxsize=8)
def _loaded(text: str) -> Dialect:
    return _dialect(json.loads(text))


def own_context(context: str) -> str:
    """Return the context of an extent without the user's mapping."""
    return context.partition(MARK)[0]
