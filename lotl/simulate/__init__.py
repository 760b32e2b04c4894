"""Labelled synthetic Windows logs: ordinary life of a small enterprise with intrusions hidden in it.

For tests, demonstrations and measurements. Everything is made up by this package; nothing is a recording.

Examples
--------
>>> from lotl.simulate import simulate
>>> logs = simulate(seed=1, hosts=3, days=1, intrusions=["ntds"], obfuscation=1)
>>> paths = logs.to_evtx("logs")  # doctest: +SKIP
"""

from lotl.simulate.export import Event
from lotl.simulate.feed import Label
from lotl.simulate.kinds import KINDS
from lotl.simulate.playbooks import PLAYBOOKS
from lotl.simulate.simulation import Simulation, demo_set, simulate

__all__ = ["KINDS", "PLAYBOOKS", "Event", "Label", "Simulation", "demo_set", "simulate"]
