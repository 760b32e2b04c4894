"""``python -m lotl``."""

from __future__ import annotations

from lotl.cli import main

if __name__ == "__main__":
    main()
