"""The log names another device than the one that was seen at work."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R1", stage="run")


def plant(folder: Path) -> None:
    """Each line of the log claims a device of another kind."""
    edit_lines(
        folder / "train.jsonl",
        lambda lines: [{**line, "device": "xpu:0"} for line in lines],
    )
