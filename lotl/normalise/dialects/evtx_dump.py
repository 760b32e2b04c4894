"""The XML tree as objects: evtx_dump, Chainsaw's and Hayabusa's dumps, python-evtx through xmltodict; Velociraptor."""

from __future__ import annotations

from typing import Final

from lotl.normalise.dialects.base import Dialect

EVTX_DUMP: Final = Dialect(
    name="evtx_dump",
    marks=(("Event.System.EventID",), ("Event.System.EventID.",), ("Event.System.Channel",)),
    trees=("Event.",),
    empty_nulls=True,
)

VELOCIRAPTOR: Final = Dialect(
    name="Velociraptor",
    marks=(("System.EventID.Value",), ("System.EventID", "System.Channel"), ("System.EventID.", "System.Channel")),
    trees=("",),
    message="Message",
    empty_nulls=True,
)
"""Velociraptor's parse_evtx: attributes lie beside the value, times are seconds since 1970."""
