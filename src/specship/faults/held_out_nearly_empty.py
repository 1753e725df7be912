"""Nearly nothing is held out."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="C4", stage="corpus")


def plant(folder: Path) -> None:
    """One document is left of the held-out ones."""
    edit_lines(folder / "heldout.jsonl", lambda lines: lines[:1])
