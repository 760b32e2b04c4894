"""Points in time, as text of many shapes, to µs since 1970 UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"(\.\d{6})\d+")


def to_micros(value: Any) -> int | None:
    """Return `value` as µs since 1970 UTC, or None where it is no point in time.

    Parameters
    ----------
    value : str, int, float, datetime or other
        ISO 8601 text (a space for the ``T`` is fine, up to nine digits of seconds, UTC where no offset is given), epoch
        seconds, milliseconds, µs or ns as a number (told apart by size), or a datetime (naive ones are UTC).

    Examples
    --------
    >>> to_micros("2020-09-13T12:26:40.123456789Z")
    1600000000123456
    >>> to_micros(1600000000.5), to_micros("soon")
    (1600000000500000, None)
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, datetime):
        return _micros(value)
    if isinstance(value, int | float):
        return _from_number(value)
    try:
        return _micros(datetime.fromisoformat(_FRACTION.sub(r"\1", str(value).strip())))
    except (ValueError, OverflowError):
        return None


def _micros(moment: datetime) -> int:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


def _from_number(number: float) -> int | None:
    if number != number or abs(number) > 9e18:
        return None
    size = abs(number)
    # 1e11 seconds is the year 5138, 1e11 ms is 1973: no overlap for logs.
    scale = 1e6 if size < 1e11 else 1e3 if size < 1e14 else 1 if size < 1e17 else 1e-3
    return int(number * int(scale)) if scale >= 1 else int(number // 1000)
