"""Review: what a change of contracts, spec and profiles means, read from git objects alone."""
