"""Matching: a plan against batches of events."""
