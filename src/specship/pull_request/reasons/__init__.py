"""Reasons against a merge, one a file: `WEIGHT`, and `reasons(facts)` whose text says why they count."""
