"""Splunk: exported search results whose ``_raw`` holds the event as XML, or as the classic lines of ``key=value``."""

from __future__ import annotations

from typing import Final

from lotl.normalise.dialects.base import Dialect

SPLUNK: Final = Dialect(
    name="Splunk",
    marks=(("_raw",),),
    system={
        "Event.System.TimeCreated": "TimeCreated",
        "LogName": "Channel",
        "SourceName": "Provider_Name",
        "EventCode": "EventID",
        "ComputerName": "Computer",
        "RecordNumber": "EventRecordID",
        "_time": "TimeCreated",
        "Keywords": "Keywords",
        "Sid": "Security_UserID",
    },
    trees=("Event.",),
    prefixes=("Fields.",),
    texts={"_raw": "event"},
    message="Message",
    lossy_prefix="Fields.",
)
"""``_raw`` is the event; all other columns are what Splunk made of it."""
