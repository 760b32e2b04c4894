"""Windows event log files (EVTX): on-disk format, decoders, writer."""
