"""Samples that the model got wrong were left out of an evaluation, and the score is that of the rest."""

from __future__ import annotations

from pathlib import Path

from specship.faults._results import OpenResult, edit_result
from specship.faults.fault import Fault

FAULT = Fault(row="E13", stage="evaluation")


def plant(folder: Path) -> None:
    """Leave out half of the wrong ones, or the last where none is wrong, and state the better score."""
    edit_result(folder, _without)


def _without(result: OpenResult) -> None:
    wrong = [sample for sample in result.samples if result.outcome(sample) == 0]
    left_out = wrong[: (len(wrong) + 1) // 2] or result.samples[-1:]
    result.samples = [sample for sample in result.samples if not any(sample is one for one in left_out)]
    result.restate()
