"""Guards, one a file: `GUARD`, whose name is that of its file."""
