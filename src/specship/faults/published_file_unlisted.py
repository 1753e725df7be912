"""A published file is in no manifest."""

from __future__ import annotations

from pathlib import Path

from specship.faults.fault import Fault

FAULT = Fault(row="P4", stage="publication")


def plant(folder: Path) -> None:
    """A file more."""
    (folder / "notes.txt").write_text("nobody listed this\n", encoding="utf-8")
