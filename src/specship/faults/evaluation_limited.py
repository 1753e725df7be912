"""An evaluation was run with a limit, to see whether it works, and its score was kept."""

from __future__ import annotations

from pathlib import Path

from specship.faults._results import OpenResult, edit_result
from specship.faults.fault import Fault

FAULT = Fault(row="E13", stage="evaluation")


def plant(folder: Path) -> None:
    """Keep the first tenth, as the harness would have run it."""
    edit_result(folder, _first)


def _first(result: OpenResult) -> None:
    kept = max(2, len(result.samples) // 10)
    result.samples = result.samples[:kept]
    config = result.document["eval"]["config"] if result.inspect else result.document["config"]
    config["limit"] = kept
    result.restate()
