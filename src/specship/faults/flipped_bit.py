"""One bit of a stored file is another one."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import flip_a_bit
from specship.faults.fault import Fault

FAULT = Fault(row="K6", stage="checkpoint")


def plant(folder: Path) -> None:
    """In the middle of the weights."""
    flip_a_bit(folder / "model.safetensors")
