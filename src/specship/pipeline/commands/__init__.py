"""Commands of a project that make artifacts: what they declare, what they read, and one of them run."""
