"""The evaluation is one of another model than its name promises."""

from __future__ import annotations

from pathlib import Path

from specship.faults._results import OpenResult, edit_result
from specship.faults.fault import Fault

FAULT = Fault(row="K10", stage="evaluation")


def plant(folder: Path) -> None:
    """Let the harness have recorded another model."""
    edit_result(folder, _another)


def _another(result: OpenResult) -> None:
    if result.inspect:
        result.document["eval"]["model"] = "another/model"
    else:
        result.document["model_name"] = "another/model"
