"""What a dialect is: a table that says which name of an exporter is which name of Windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SYSTEM: Final = "system"
DATA: Final = "data"

SIZES: Final = (2_048, 20_000)
"""Names that one record may have, and names that all records of rare shapes of a block may have together."""


@dataclass(frozen=True, eq=False)
class Dialect:
    """How one exporter names what Windows names otherwise.

    Names are paths: the keys of nested objects joined with dots.

    Attributes
    ----------
    name : str
    marks : tuple of tuple of str
        A record is of this dialect when it has all names of one of these. A mark that ends in a dot is a prefix.
    system : mapping of str to str
        Path to System column. Where two paths name one column, the first in the table that a record has counts.
    data : mapping of str to str
        Path to payload field.
    by_event : mapping of int to mapping
        Like `data`, for one event id.
    prefixes : tuple of str
        What follows one of these is a payload field as it is.
    trees : tuple of str
        Prefixes of XML turned into objects: attributes and text are looked for below (see `elements`).
    words : tuple of str
        Paths whose values are words for what System has as numbers (``Information``): kept as ``RenderingInfo_…``.
    drop, drop_prefixes : frozenset, tuple of str
        Names that the exporter added, or that say again what others say.
    drop_values : mapping of str to frozenset
        Values that the exporter writes into a name that an event may also have.
    message : str
        The rendered text of the event. It is left out, since it says in prose what the fields say; an event that has
        no fields keeps it as ``Message``.
    texts : mapping of str to str
        Columns whose text holds further fields, and how: see `lotl.normalise.dialects.expand`.
    others : bool
        Whether names in no table are payload fields (else they are left out).
    empty_nulls : bool
        Whether null stands for an empty element.
    lossy : bool
        Whether the shape cannot hold all of an event.
    lossy_prefix : str
        Names of which one says that this record is not whole, where others of the dialect are.
    constants : mapping of str to (str or int)
        Channel, Provider_Name and EventID where records do not say.
    kind_field : str
        Path whose value says what kind of event a record is, where that is neither channel nor event id.
    kinds : mapping of str to (str, str, int)
        Channel, provider and event id by value of `kind_field`.
    time_format : str
        `datetime.strptime` format of TimeCreated, where it is not one that is known anyway.
    """

    name: str
    marks: tuple[tuple[str, ...], ...] = ()
    system: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    by_event: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    prefixes: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    drop: frozenset[str] = frozenset()
    drop_prefixes: tuple[str, ...] = ()
    drop_values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    message: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    others: bool = False
    empty_nulls: bool = False
    lossy: bool = False
    lossy_prefix: str = ""
    constants: Mapping[str, str | int] = field(default_factory=dict)
    kind_field: str = ""
    kinds: Mapping[str, tuple[str, str, int]] = field(default_factory=dict)
    time_format: str = ""
