"""One action of `specship eval` a file: `HELP`, `add_arguments(parser)` and `run(arguments)`."""
