"""Formats of `specship next`, one a file."""
