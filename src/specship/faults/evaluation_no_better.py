"""Two runs differ by chance alone: each is right where the other is wrong, equally often."""

from __future__ import annotations

from pathlib import Path

from specship.faults._results import OpenResult, edit_result
from specship.faults.fault import Fault

FAULT = Fault(row="E11", stage="evaluation")


def plant(folder: Path) -> None:
    """Make a baseline of the result itself, with as many right answers turned as wrong ones."""
    for path in (folder / "baseline").glob("*"):
        path.unlink()
    edit_result(folder, _turned, into="baseline")


def _turned(result: OpenResult) -> None:
    right = [sample for sample in result.samples if result.outcome(sample) == 1]
    wrong = [sample for sample in result.samples if result.outcome(sample) == 0]
    for one, other in zip(right, wrong, strict=False):
        result.score(one, 0.0)
        result.score(other, 1.0)
    result.restate()
