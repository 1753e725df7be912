"""Causes, one a file; each is found by scanning this folder."""
