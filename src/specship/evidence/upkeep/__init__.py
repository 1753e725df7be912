"""Keeping a ledger: an index of a large one, and mending one that is not whole."""
