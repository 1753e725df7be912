"""Which guards against a false ship-% are in force in a project as it lies here."""
