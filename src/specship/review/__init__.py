"""Review: what a change of contracts, spec and profiles means, from git objects alone, and what it demands."""
