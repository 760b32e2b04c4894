"""The command line: thin. Each command is one file; what it does is in the library."""

from __future__ import annotations

from lotl.cli.main import main

__all__ = ["main"]
