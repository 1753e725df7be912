"""The wall time counts only what came after the last resume."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="R37", binds="infrastructure-masking", stage="run")


def plant(folder: Path) -> None:
    """A fifth of the time is on record."""
    edit_json(folder / "run.json", lambda run: run | {"wall_seconds": run["wall_seconds"] / 5})
