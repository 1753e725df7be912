"""Formats of `specship gate`: one a file, named after the format."""
