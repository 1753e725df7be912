"""Keys that sign: whose signature counts for what, and where private halves come from."""
