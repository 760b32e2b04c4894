"""Normalising: names and values of other shapes brought to Windows' own. Tables first, code second."""
