"""Scanning: the glue from logs and rules to hits, block by block, in parallel, in bounded memory."""

from __future__ import annotations

from lotl.scanning.run import scan

__all__ = ["scan"]
