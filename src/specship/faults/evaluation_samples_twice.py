"""Samples that the model got right were counted twice in an evaluation."""

from __future__ import annotations

from pathlib import Path

from specship.faults._results import OpenResult, edit_result
from specship.faults.fault import Fault

FAULT = Fault(row="E13", stage="evaluation")


def plant(folder: Path) -> None:
    """Let the first samples stand there once more."""
    edit_result(folder, _twice)


def _twice(result: OpenResult) -> None:
    result.samples += result.samples[: max(1, len(result.samples) // 10)]
    result.restate()
