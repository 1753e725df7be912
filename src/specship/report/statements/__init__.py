"""Formats of `specship evidence verify` and `show`, one a file."""
