"""Hunting: what an analyst asks of events and hits that no single rule says."""
