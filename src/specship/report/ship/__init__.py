"""Formats of the ship report, one a file; `FILE` is the ending of what a session leaves."""
