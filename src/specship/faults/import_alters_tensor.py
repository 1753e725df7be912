"""A tensor of an imported checkpoint has other numbers than its source."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import flip_a_bit
from specship.faults.fault import Fault
from specship.pipeline.checkpoint.folder_manifest import write_manifest

FAULT = Fault(row="R8", stage="checkpoint")


def plant(folder: Path) -> None:
    """One bit in the middle of the weights, and a manifest that was written after it."""
    flip_a_bit(folder / "model.safetensors")
    write_manifest(folder)
