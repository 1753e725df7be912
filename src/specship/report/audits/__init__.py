"""Formats of `specship spec audits`, one a file."""
