"""Formats of `specship spec history`, one a file."""
