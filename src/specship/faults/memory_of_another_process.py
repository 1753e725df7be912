"""The device's memory was in use, and by another process than the run's."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R1", stage="run")


def plant(folder: Path) -> None:
    """A stranger holds 64 GiB, and the driver does not list the run at all."""
    stranger = {
        "own_memory_bytes": None,
        "memory_known_by": "nothing",
        "used_bytes": 64 << 30,
        "other_processes": 1,
    }
    edit_lines(folder / "devices.jsonl", lambda lines: [{**line, **stranger} for line in lines])
