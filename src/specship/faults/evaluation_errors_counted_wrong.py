"""Samples whose answer never came were counted as wrong answers."""

from __future__ import annotations

from pathlib import Path

from specship.errors import UnusableInput
from specship.faults._results import OpenResult, edit_result
from specship.faults.fault import Fault

FAULT = Fault(row="E10", stage="evaluation")


def plant(folder: Path) -> None:
    """Let every third answer fail, and score it zero."""
    edit_result(folder, _failed)


def _failed(result: OpenResult) -> None:
    if not result.inspect:
        raise UnusableInput("lm-evaluation-harness records no error", mend="say why in `unfalsified`")
    for sample in result.samples[::3]:
        result.score(sample, 0.0)
        sample["error"] = {"message": "TimeoutError()", "traceback": "", "traceback_ansi": ""}
    result.restate()
