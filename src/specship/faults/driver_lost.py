"""The driver stopped to answer, and the run went on."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R37", stage="run")


def plant(folder: Path) -> None:
    """The last sample has no answer."""
    edit_lines(
        folder / "devices.jsonl",
        lambda lines: [*lines[:-1], {**lines[-1], "lost": "nvmlDeviceGetMemoryInfo: GPU is lost"}],
    )
