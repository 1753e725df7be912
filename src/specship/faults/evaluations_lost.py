"""All evaluations between the first and the last were lost."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R34", stage="run")


def plant(folder: Path) -> None:
    """Two are left."""
    edit_lines(folder / "evaluations.jsonl", lambda lines: [lines[0], lines[-1]])
