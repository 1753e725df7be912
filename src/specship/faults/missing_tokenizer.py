"""The checkpoint has no tokenizer."""

from __future__ import annotations

from pathlib import Path

from specship.faults.fault import Fault

FAULT = Fault(row="K1", stage="checkpoint")


def plant(folder: Path) -> None:
    """The writer left it out."""
    (folder / "tokenizer.json").unlink()
