"""A part of the log's lines was lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R34", stage="run")


def plant(folder: Path) -> None:
    """Every tenth step is missing."""
    edit_lines(folder / "train.jsonl", lambda lines: [line for line in lines if line["step"] % 10])


def alter(facts: Facts) -> Facts:
    """A tenth of the records in the middle is missing."""
    middle = len(facts.steps) // 2
    return replace(facts, steps=(*facts.steps[:middle], *facts.steps[middle + max(1, middle // 5) :]))
