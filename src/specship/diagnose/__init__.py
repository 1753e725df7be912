"""Which root cause binds a run: its records are read, every cause examined, and findings ranked."""
