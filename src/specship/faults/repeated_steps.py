"""A resumed run logs the same steps twice."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R34", binds="infrastructure-masking", stage="run")


def plant(folder: Path) -> None:
    """The last twenty lines of the log stand there twice."""
    edit_lines(folder / "train.jsonl", lambda lines: [*lines, *lines[-20:]])
