"""Kinds of sources of text, one a file; see `source_kind`."""
