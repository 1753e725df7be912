"""The steps ran on a device that nobody asked for, without the model's memory there."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R1", stage="run")


def plant(folder: Path) -> None:
    """Another kind of device, and a kilobyte in use."""
    edit_lines(
        folder / "train.jsonl",
        lambda lines: [{**line, "device": "mps:0", "device_memory_bytes": 1024} for line in lines],
    )
