"""A model is published without the text of the licence that it names."""

from __future__ import annotations

from pathlib import Path

from specship.faults.fault import Fault

FAULT = Fault(row="C12", stage="publication")


def plant(folder: Path) -> None:
    """Whichever way it is spelled."""
    for path in folder.glob("LICEN[CS]E*"):
        path.unlink()
