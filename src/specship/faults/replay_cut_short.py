"""Of each repetition one step was written down."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R17", stage="replay")


def plant(folder: Path) -> None:
    """One line is left in each log."""
    for name in ("same-seed", "other-seed", "resumed"):
        edit_lines(folder / f"{name}.jsonl", lambda lines: lines[:1])
