"""One gate a file, each with its `GATE`; nothing else is edited to add one."""
