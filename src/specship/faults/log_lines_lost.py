"""A part of the log's lines was lost."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R34", stage="run")


def plant(folder: Path) -> None:
    """Every tenth step is missing."""
    edit_lines(folder / "train.jsonl", lambda lines: [line for line in lines if line["step"] % 10])
