"""A resumed run counts its steps from one too far."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R34", stage="replay")


def plant(folder: Path) -> None:
    """Every step of the resumed log is the next one."""
    edit_lines(folder / "resumed.jsonl", lambda lines: [{**line, "step": line["step"] + 1} for line in lines])
