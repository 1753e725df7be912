"""Chat: templates found, rendered in a bounded child, and whether a model wants one."""
