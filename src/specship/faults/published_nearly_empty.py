"""Nearly nothing was published."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import relist
from specship.faults.fault import Fault

FAULT = Fault(row="P6", stage="publication")


def plant(folder: Path) -> None:
    """Two files are left, and listed."""
    for path in folder.iterdir():
        if path.name not in {"manifest.json", "README.md", "config.json"}:
            path.unlink()
    relist(folder)
