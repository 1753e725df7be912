"""The device's rate is that of another machine."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="R12", stage="run")


def plant(folder: Path) -> None:
    """Far more products a second than this device makes."""
    edit_json(
        folder / "run.json",
        lambda document: {**document, "matmul_flops_per_second": 1e20},
    )
