"""Faults: the real defects that gates must catch, by name."""
