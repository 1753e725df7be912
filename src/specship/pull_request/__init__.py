"""The gate of a pull request: everything that speaks against merging a change, computed from git alone."""
