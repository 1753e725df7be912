"""A training document is missing from the published provenance."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="C12", stage="publication")


def plant(folder: Path) -> None:
    """The first line of the list is gone."""
    edit_lines(folder / "data-provenance.jsonl", lambda lines: lines[1:])
