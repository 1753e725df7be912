"""Formats of `specship lint`: one a file, named after the format."""
