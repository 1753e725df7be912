"""The steps that were done are copied from the plan, and the log is shorter."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R24", stage="run")


def plant(folder: Path) -> None:
    """The last steps are in no line of the log."""
    edit_lines(folder / "train.jsonl", lambda lines: lines[:-7])
