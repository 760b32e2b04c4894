"""Parts of a point in time, as the text writes it: nothing is converted between time zones."""

from __future__ import annotations

import datetime
import re
from typing import Final

PARTS: Final = ("minute", "hour", "day", "week", "month", "year")

_TIME = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]{1,9})?)?"
    r" ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def part_of_time(text: str, part: str) -> int | None:
    """Return a part of the time that `text` writes in ISO 8601; None where it is no time or lacks that part.

    Parameters
    ----------
    text : str
    part : str
        One of `PARTS`. ``week`` is the ISO 8601 week, 1 to 53.

    Examples
    --------
    >>> part_of_time("2017-05-18T03:07:09.123Z", "hour"), part_of_time("2021-01-01", "week")
    (3, 53)
    >>> part_of_time("2017-02-30 00:00:00", "day") is None
    True
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    number = {name: int(digits) for name, digits in found.groupdict().items() if digits is not None}
    if number.get("hour", 0) > 23 or number.get("minute", 0) > 59 or number.get("second", 0) > 60:
        return None
    try:
        date = datetime.date(number["year"], number["month"], number["day"])
    except ValueError:
        return None
    return date.isocalendar().week if part == "week" else number.get(part)
