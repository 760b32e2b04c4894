"""Views: event kinds that mean the same, made to look the same.

Security 4688 and Sysmon 1 both say that a process started. Rules of the category ``process_creation`` use Sysmon's
names, so 4688 is given those names (Microsoft's "4688(S)" reference describes the fields; from version 2 of the event
on there is a parent name and a mandatory label). The record itself keeps its own names: a view only adds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa

from lotl.columns import ABSENT, NULL, Column, Int, Text
from lotl.frame import Partition

RENAMED_4688: Final = {
    # Sigma's name: the field of 4688
    "Image": "NewProcessName",
    "ParentImage": "ParentProcessName",
    "LogonId": "SubjectLogonId",
}
"""Fields of 4688 that only have another name."""

NUMBERS_4688: Final = {
    "ProcessId": "NewProcessId",
    "ParentProcessId": "ProcessId",
}
"""Fields of 4688 that are hex text where Sysmon has a number. (4688's own ProcessId is the parent's.)"""

INTEGRITY: Final = {
    "S-1-16-0": "Untrusted",
    "S-1-16-4096": "Low",
    "S-1-16-8192": "Medium",
    "S-1-16-8448": "MediumPlus",
    "S-1-16-12288": "High",
    "S-1-16-16384": "System",
    "S-1-16-20480": "Protected",
}
"""MandatoryLabel SIDs (MS-DTYP 2.4.2.4) and the words that Sysmon prints."""


def view(partition: Partition, name: str) -> Partition:
    """Return `partition` as the logical category `name` sees it: same rows, fields added or renamed.

    Raises
    ------
    KeyError
        There is no view of that name.
    """
    return _VIEWS[name](partition)


def _process_creation(partition: Partition) -> Partition:
    data = dict(partition.data)
    for name, origin in RENAMED_4688.items():
        if origin in partition.data:
            data[name] = partition.data[origin]
    for name, origin in NUMBERS_4688.items():
        if origin in partition.data:
            data[name] = hex_to_int(partition.data[origin])
    if "MandatoryLabel" in partition.data:
        data["IntegrityLevel"] = _integrity(partition.data["MandatoryLabel"].text())
    user = _account(partition)
    if user is not None:
        data["User"] = user
    return replace(partition, data=data)


def hex_to_int(column: Column) -> Column:
    """Return a hex or decimal text column as numbers; unchanged where any value is neither.

    Examples
    --------
    >>> hex_to_int(Text.of(["0x1a4", "12"])).numbers.tolist()
    [420, 12]
    """
    if isinstance(column, Int) or column.offsets is not None or (column.codes == NULL).any():
        return column
    try:
        numbers = [int(text, 16) if text[:2] in ("0x", "0X") else int(text) for text in column.values.to_pylist()]
        table = np.array([*numbers, 0, 0], np.int64)
    except (ValueError, OverflowError):
        return column
    present = column.codes != ABSENT
    return Int(table[column.codes], None if present.all() else present)


def _integrity(column: Text) -> Text:
    """Map label SIDs to words over the distinct values; both spellings are then tested as a multi-valued field."""
    texts = column.values.to_pylist()
    words = [INTEGRITY.get(text, text) for text in texts]
    values = list(dict.fromkeys([*texts, *words]))
    place = {text: code for code, text in enumerate(values)}
    if column.offsets is not None:
        return column
    table = np.array([*(place[word] for word in words), NULL, ABSENT], np.int32)
    has_word = np.array([*(word != text for word, text in zip(words, texts, strict=True)), False, False])
    counts = np.where(has_word[column.codes], 2, 1)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    codes = np.empty(offsets[-1], np.int32)
    codes[offsets[:-1]] = column.codes  # the SID keeps its code: `values` starts with the old ones
    second = np.flatnonzero(counts == 2)
    codes[offsets[:-1][second] + 1] = table[column.codes[second]]
    return Text(codes, pa.array(values, pa.string()), offsets)


def _account(partition: Partition) -> Text | None:
    """Return ``DOMAIN\\name`` of the account that the new process runs as, as Sysmon's User shows it.

    TargetUserName where the log names one (a process started as somebody else), else SubjectUserName.
    """
    target = _domain_name(partition, "Target")
    subject = _domain_name(partition, "Subject")
    if target is None or subject is None:
        return target or subject
    pick_target = np.array([*(text not in ("", "-") for text in target.values.to_pylist()), False, False])
    chosen = pick_target[target.codes]
    shift = len(target.values)
    subject_codes = np.where(subject.codes >= 0, subject.codes + shift, subject.codes)
    codes = np.where(chosen, target.codes, subject_codes).astype(np.int32)
    encoded = pa.concat_arrays([target.values, subject.values]).dictionary_encode()
    mapping = np.append(
        encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32), np.array([NULL, ABSENT], np.int32)
    )
    return Text(mapping[codes], encoded.dictionary.cast(pa.string())).compact()


def _domain_name(partition: Partition, prefix: str) -> Text | None:
    name = partition.data.get(f"{prefix}UserName")
    domain = partition.data.get(f"{prefix}DomainName")
    if not isinstance(name, Text) or name.offsets is not None:
        return None
    if not isinstance(domain, Text) or domain.offsets is not None:
        return name
    # Distinct (domain, name) pairs only.
    names, domains = name.values.to_pylist(), domain.values.to_pylist()
    width = len(domains) + 2
    pairs, inverse = _distinct(
        name.codes.astype(np.int64) * width + np.where(domain.codes < 0, len(domains), domain.codes)
    )
    texts: list[str | None] = []
    for pair in pairs.tolist():
        code, place = divmod(pair, width)
        account = names[code] if code >= 0 else None
        has_domain = place < len(domains) and domains[place] not in ("", "-")
        texts.append(None if account is None else f"{domains[place]}\\{account}" if has_domain else account)
    encoded = Text.of(texts)
    return Text(encoded.codes[inverse], encoded.values)


def _distinct(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    encoded = pa.array(numbers).dictionary_encode()
    return encoded.dictionary.to_numpy(zero_copy_only=False), encoded.indices.to_numpy(zero_copy_only=False)


_VIEWS: Final[dict[str, Callable[[Partition], Partition]]] = {"process_creation": _process_creation}
