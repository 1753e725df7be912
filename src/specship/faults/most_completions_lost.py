"""Of the completions a few were written down."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="E1", stage="generations", also=("completions",))


def plant(folder: Path) -> None:
    """Two are left, from the end."""
    edit_lines(folder / "generations.jsonl", lambda lines: lines[-2:])
