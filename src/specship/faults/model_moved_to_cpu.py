"""Half way the model was moved to the CPU, and the log went on naming the device."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R1", stage="run")


def plant(folder: Path) -> None:
    """From the middle on the driver sees no memory of the run's own process."""
    edit_lines(
        folder / "devices.jsonl",
        lambda lines: [
            line if at < len(lines) // 2 else {**line, "own_memory_bytes": 0} for at, line in enumerate(lines)
        ],
    )
