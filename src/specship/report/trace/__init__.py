"""Formats of `specship trace`: one a file, named after the format."""
