"""Sources: bytes in, batches of events out. One format, one file."""
