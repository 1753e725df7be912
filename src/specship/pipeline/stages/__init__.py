"""Stages: one a file, each of which makes an artifact of its own kind."""
