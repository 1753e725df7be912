"""Formats of `specship flip-rate`."""
