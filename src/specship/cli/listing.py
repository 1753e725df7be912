"""Which commands there are: one a file of a folder, its help read without importing it."""

from __future__ import annotations

import os


def helps_in(folder: str) -> dict[str, str]:
    """Name and help of every command of a folder under `cli/`; `a_b.py` is the command `a-b`."""
    whole = os.path.join(os.path.dirname(__file__), folder)  # noqa: PTH118, PTH120 - pathlib is slow
    found = {}
    for name in sorted(os.listdir(whole)):  # noqa: PTH208
        if name.endswith(".py") and not name.startswith("_"):
            with open(os.path.join(whole, name), encoding="utf-8") as file:  # noqa: PTH118, PTH123
                line = next((row for row in file if row.startswith("HELP = ")), "")
            command = name.removesuffix(".py").replace("_", "-")
            found[command] = line.partition(" = ")[2].strip().strip('"')
    return found
