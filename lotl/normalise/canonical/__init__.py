"""Canonical command lines: what a careful administrator would have typed.

Undoes what intruders and typography do to commands, so that plain Sigma rules match them: carets, inserted quotes, odd
spaces, look-alike signs, switch signs, detours in paths, variables, nesting, PowerShell's string tricks, encodings and
abbreviations. Pure functions over text; `column` applies them to the distinct values of a column.

Examples
--------
>>> from lotl.normalise.canonical import canonical
>>> canonical('cmd /c "n^et^sh i p a v listenp=80 connecta=10.0.0.9"').commands
('netsh interface portproxy add v4tov4 listenport=80 connectaddress=10.0.0.9',)
"""

from __future__ import annotations

from lotl.normalise.canonical.model import Canonical, Step
from lotl.normalise.canonical.read import canonical

__all__ = ["Canonical", "Step", "canonical"]
