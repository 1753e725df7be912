"""The run that an evaluation is compared with is the same run."""

from __future__ import annotations

from pathlib import Path

from specship.faults._results import edit_result
from specship.faults.fault import Fault

FAULT = Fault(row="E10", stage="evaluation")


def plant(folder: Path) -> None:
    """Put the result itself in the baseline's place."""
    for path in (folder / "baseline").glob("*"):
        path.unlink()
    edit_result(folder, lambda _: None, into="baseline")
