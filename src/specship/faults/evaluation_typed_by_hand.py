"""The score of an evaluation was typed by hand, and is not the mean of its samples."""

from __future__ import annotations

from pathlib import Path

from specship.faults._results import OpenResult, edit_result
from specship.faults.fault import Fault

FAULT = Fault(row="E1", stage="evaluation")


def plant(folder: Path) -> None:
    """State another score, and an error that fits nothing."""
    edit_result(folder, _typed)


def _typed(result: OpenResult) -> None:
    scores = [one for sample in result.samples if (one := result.outcome(sample)) is not None]
    mean = sum(scores) / len(scores)
    result.state(mean + (0.1 if mean < 0.9 else -0.1), error=0.001)
