"""An evaluation was run on another version of its task, with more examples in each prompt."""

from __future__ import annotations

from pathlib import Path

from specship.faults._results import OpenResult, edit_result
from specship.faults.fault import Fault

FAULT = Fault(row="E2", stage="evaluation")


def plant(folder: Path) -> None:
    """State another version, and five examples where the harness says how many."""
    edit_result(folder, _otherwise)


def _otherwise(result: OpenResult) -> None:
    if result.inspect:
        result.document["eval"]["task_version"] = "another"
        return
    result.document["versions"][result.task] = "another"
    task = result.document["configs"][result.task]
    task["num_fewshot"] = (task.get("num_fewshot") or 0) + 5
