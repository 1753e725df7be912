"""Formats of what `specship trend` found, one a file."""
