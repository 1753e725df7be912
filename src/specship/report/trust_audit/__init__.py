"""Formats of `specship evidence audit`, one a file."""
