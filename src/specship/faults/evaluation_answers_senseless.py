"""Nearly every answer of an evaluation is wrong, as those of a model that was never trained are."""

from __future__ import annotations

from pathlib import Path

from specship.faults._results import OpenResult, edit_result
from specship.faults.fault import Fault

FAULT = Fault(row="E7", stage="evaluation")


def plant(folder: Path) -> None:
    """Score all but one sample zero, and state that."""
    edit_result(folder, _wrong)


def _wrong(result: OpenResult) -> None:
    for number, sample in enumerate(result.samples):
        if result.outcome(sample) is not None:
            result.score(sample, float(number == 0))
    result.restate()
