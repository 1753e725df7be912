"""Reasons against a merge, one a file: `WEIGHT`, and `reasons(facts)` with the text that says why it counts."""
