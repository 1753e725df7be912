"""The clock of the run stood still."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R37", stage="run")


def plant(folder: Path) -> None:
    """A thousandth of a second passed."""
    edit_json(folder / "run.json", lambda document: {**document, "wall_seconds": 1e-3})


def alter(facts: Facts) -> Facts:
    """A ten-thousandth of the time."""
    return replace(facts, wall_seconds=facts.wall_seconds and facts.wall_seconds / 1e4)
