"""The gate of a pull request, through its console script and real repositories."""
