"""The device was looked at a minute after the first step, and no more in the second half."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R37", stage="run")


def plant(folder: Path) -> None:
    """A minute late, and the later half of the samples is not there."""
    edit_lines(
        folder / "devices.jsonl",
        lambda lines: [
            {**line, "seconds": line["seconds"] + 60, "delay_seconds": line["delay_seconds"] + 60}
            for line in lines[: (len(lines) + 1) // 2]
        ],
    )
