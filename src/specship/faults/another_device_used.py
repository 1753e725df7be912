"""The steps ran on a device that nobody asked for, without the model's memory there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults._log import each_step, recorded
from specship.faults.fault import Fault
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R1", stage="run")


def plant(folder: Path) -> None:
    """Another kind of device, and a kilobyte in use."""
    edit_lines(
        folder / "train.jsonl",
        lambda lines: [{**line, "device": "mps:0", "device_memory_bytes": 1024} for line in lines],
    )
    edit_lines(
        folder / "devices.jsonl",
        lambda lines: [{**line, "kind": "mps", "own_memory_bytes": 1024} for line in lines],
    )


def alter(facts: Facts) -> Facts:
    """Another kind of device, and a kilobyte in use."""
    return replace(each_step(facts, recorded(device="mps:0", device_memory_bytes=1024)), device_got="mps:0")
