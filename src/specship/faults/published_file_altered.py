"""A published file has other bytes than the tested one."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import flip_a_bit
from specship.faults.fault import Fault

FAULT = Fault(row="P4", stage="publication")


def plant(folder: Path) -> None:
    """One bit of the weights, after the manifest was written: its hash is stale."""
    flip_a_bit(folder / "model.safetensors")
