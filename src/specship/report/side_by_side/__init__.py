"""Formats of two reports, runs or models beside each other, one a file."""
