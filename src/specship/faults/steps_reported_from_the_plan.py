"""The steps that were done are copied from the plan, and the log is shorter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults._log import cut
from specship.faults.fault import Fault
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R24", stage="run")


def plant(folder: Path) -> None:
    """The last steps are in no line of the log."""
    edit_lines(folder / "train.jsonl", lambda lines: lines[:-7])


def alter(facts: Facts) -> Facts:
    """The log ends after half of the steps, and the count is that of the plan."""
    return replace(cut(facts, 0.5), steps_done=facts.steps_done, ended_step=facts.ended_step)
