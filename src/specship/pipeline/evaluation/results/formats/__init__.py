"""One file a harness: how its results are found and read."""
