"""Probes: one a file.  A probe measures artifacts and returns quantities with units; it never judges."""
