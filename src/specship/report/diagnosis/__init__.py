"""Formats of `specship diagnose`, one a file; `_phrases` has what those for people share."""
