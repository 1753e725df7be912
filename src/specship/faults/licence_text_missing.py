"""The licence is named and its text is not published."""

from __future__ import annotations

from pathlib import Path

from specship.faults.fault import Fault

FAULT = Fault(row="C12", stage="corpus")


def plant(folder: Path) -> None:
    """The text of the licence is gone."""
    (folder / "LICENCE.txt").unlink()
