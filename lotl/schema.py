"""Names and types that everything else agrees on: pure tables, no code that reads data.

Names are Windows' own: EventData names untouched, System columns as below. A *kind* of event is
(Channel, Provider_Name, EventID); a *view* is a logical category that makes several kinds look alike.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Kind(NamedTuple):
    """What an event is: its channel, provider and event id (None where a log does not say)."""

    channel: str | None
    provider: str | None
    event_id: int | None


class Selector(NamedTuple):
    """Which kinds of event a log source names, and through which view its rules see them.

    Attributes
    ----------
    channel : str or None
        Channel, compared without case. None: any.
    event_ids : frozenset of int or None
        None: every event id of the channel.
    provider : str or None
        Provider, compared without case. None: any.
    view : str or None
        Name of the view (see `VIEWS`) that the rule's fields refer to; None for the record's own names.
    where : tuple of (field, values)
        Further conditions on fields that belong to the log source, compared without case (one of the values each).
    """

    channel: str | None = None
    event_ids: frozenset[int] | None = None
    provider: str | None = None
    view: str | None = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def selects(self, kind: Kind) -> bool:
        """Say whether events of `kind` belong to the log source (`where` apart).

        Examples
        --------
        >>> Selector("Security", frozenset({4688})).selects(Kind("security", "x", 4688))
        True
        """
        return (
            (self.channel is None or self.channel.lower() == (kind.channel or "").lower())
            and (self.event_ids is None or kind.event_id in self.event_ids)
            and (self.provider is None or self.provider.lower() == (kind.provider or "").lower())
        )


SYSTEM: Final[dict[str, str]] = {
    # column: type ("text", "int", "time"). Order is display order.
    "TimeCreated": "time",
    "Computer": "text",
    "Channel": "text",
    "Provider_Name": "text",
    "EventID": "int",
    "EventRecordID": "int",
    "Level": "int",
    "Version": "int",
    "Task": "int",
    "Opcode": "int",
    "Keywords": "text",  # 0x and 16 hex digits, as Windows prints it
    "EventID_Qualifiers": "int",
    "Provider_Guid": "text",
    "Provider_EventSourceName": "text",
    "Execution_ProcessID": "int",
    "Execution_ThreadID": "int",
    "Security_UserID": "text",
    "Correlation_ActivityID": "text",
    "Correlation_RelatedActivityID": "text",
}
"""System columns and their types. A decoder leaves out a column that no record of a batch has."""

IDENTITY: Final = ("_source", "_record", "_position")
"""Row identity: index of the source, id in the EVTX record header (-1 where a format has none), place in the source."""

SYSMON: Final = "Microsoft-Windows-Sysmon/Operational"

VIEWS: Final[dict[str, tuple[tuple[str, int], ...]]] = {
    # view: the (channel, event id) pairs that it renames; kinds that already have the names need no view
    "process_creation": (("Security", 4688),),
}
"""Logical categories that need renaming, and the event kinds they rename (see `lotl.normalise.views`)."""

HEX_FIELDS: Final = frozenset(
    # Windows prints these in hex in some records, in decimal in others.
    """
    ProcessId NewProcessId ParentProcessId CallerProcessId SourceProcessId TargetProcessId ClientProcessId ProcessID
    ThreadId LogonId SubjectLogonId TargetLogonId TransmittedLogonId TargetLinkedLogonId Status SubStatus FailureCode
    AccessMask AccessList GrantedAccess HandleId OldUacValue NewUacValue UserAccountControl TicketOptions
    TicketEncryptionType PreAuthType ErrorCode ResultCode ReturnCode Keywords MandatoryLabel
    """.split()
)
"""Fields for which decimal text also equals a 0x value and the reverse (SEMANTICS: numbers)."""
