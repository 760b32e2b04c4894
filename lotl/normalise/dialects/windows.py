"""Windows' own exports: Get-WinEvent through ConvertTo-Json or Export-Csv, Event Viewer's CSV; and EvtxECmd's."""

from __future__ import annotations

from typing import Final

from lotl.normalise.dialects.base import Dialect

GET_WINEVENT: Final = Dialect(
    name="Get-WinEvent",
    marks=(("ProviderName", "LogName", "Id"),),
    system={
        "LogName": "Channel",
        "ProviderName": "Provider_Name",
        "Id": "EventID",
        "MachineName": "Computer",
        "RecordId": "EventRecordID",
        "TimeCreated": "TimeCreated",
        "ProviderId": "Provider_Guid",
        "Level": "Level",
        "Version": "Version",
        "Task": "Task",
        "Opcode": "Opcode",
        "Keywords": "Keywords",
        "ProcessId": "Execution_ProcessID",
        "ThreadId": "Execution_ThreadID",
        "UserId": "Security_UserID",
        "UserId.Value": "Security_UserID",
        "ActivityId": "Correlation_ActivityID",
        "RelatedActivityId": "Correlation_RelatedActivityID",
        "Qualifiers": "EventID_Qualifiers",
        "TimeCreated.value": "TimeCreated",
    },
    prefixes=("Properties.",),
    texts={"Properties": "properties"},
    drop_prefixes=("UserId.", "Bookmark", "ContainerLog", "MatchedQueryIds", "TimeCreated.", "KeywordsDisplayNames"),
    drop=frozenset(("LevelDisplayName", "OpcodeDisplayName", "TaskDisplayName")),
    message="Message",
)
"""The fields are in ``Properties``, without names: they get those that the event has at that position."""

EVTXECMD: Final = Dialect(
    name="EvtxECmd",
    marks=(("MapDescription", "Payload"), ("PayloadData1", "EventId"), ("EventId", "Payload")),
    system={
        "Channel": "Channel",
        "Provider": "Provider_Name",
        "EventId": "EventID",
        "Computer": "Computer",
        "EventRecordId": "EventRecordID",
        "TimeCreated": "TimeCreated",
        "ProcessId": "Execution_ProcessID",
        "ThreadId": "Execution_ThreadID",
        "UserId": "Security_UserID",
        "Keywords": "Keywords",
        "Level": "Level",
    },
    prefixes=("Payload.EventData.Data.", "Payload.EventData.", "Payload.UserData."),
    texts={"Payload": "json"},
)
"""``PayloadData1`` … are prose that EvtxECmd's maps make of ``Payload``."""

EVENT_VIEWER: Final = Dialect(
    name="Event Viewer CSV",
    marks=(
        ("Level", "Date and Time", "Source", "Event ID"),
        ("Ebene", "Datum und Uhrzeit", "Quelle", "Ereignis-ID"),
        ("Niveau", "Date et heure", "Source", "ID de l'événement"),
        ("Nivel", "Fecha y hora", "Origen", "Id. del evento"),
        ("Livello", "Data e ora", "Origine", "ID evento"),
        ("Keywords", "Date and Time", "Source", "Event ID"),
    ),
    system={
        "Source": "Provider_Name",
        "Quelle": "Provider_Name",
        "Origen": "Provider_Name",
        "Origine": "Provider_Name",
        "Event ID": "EventID",
        "Ereignis-ID": "EventID",
        "ID de l'événement": "EventID",
        "Id. del evento": "EventID",
        "ID evento": "EventID",
        "Date and Time": "TimeCreated",
        "Datum und Uhrzeit": "TimeCreated",
        "Date et heure": "TimeCreated",
        "Fecha y hora": "TimeCreated",
        "Data e ora": "TimeCreated",
        "Level": "Level",
        "Ebene": "Level",
        "Niveau": "Level",
        "Nivel": "Level",
        "Livello": "Level",
        "Keywords": "Keywords",
        "Task Category": "Task",
    },
    message="Message",
    lossy=True,
)
"""Event Viewer's "Save as CSV" leaves out the channel, the computer and all fields but the message."""
