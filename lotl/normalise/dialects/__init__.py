"""Exporter dialects: tables that say which of their names is which of Windows', and the code that applies them."""
