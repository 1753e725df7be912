"""Logs of other programs, one format a file; each is found by scanning this folder."""
