"""A file that the weights need is not among the published ones."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import relist
from specship.faults.fault import Fault

FAULT = Fault(row="P6", stage="publication")


def plant(folder: Path) -> None:
    """The tokenizer is neither there nor listed."""
    (folder / "tokenizer.json").unlink()
    relist(folder)
