"""Shared fixtures: the place of the big shared log corpora, where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Machines differ: how long an example takes says nothing about right or wrong.
settings.register_profile("lotl", deadline=None)
settings.load_profile("lotl")

ROOT = Path(__file__).resolve().parent.parent


def shared_folder() -> Path | None:
    """Return the folder with the shared corpora, or None (LOTL_SHARED, else ``../shared``)."""
    folder = Path(os.environ.get("LOTL_SHARED") or ROOT.parent / "shared")
    return folder if (folder / "data").is_dir() else None


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with public rules and logs that are not part of the project; skips where absent."""
    folder = shared_folder()
    if folder is None:
        pytest.skip("shared corpora are not here (set LOTL_SHARED)")
    return folder
