"""All evaluations between the first and the last were lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R34", stage="run")


def plant(folder: Path) -> None:
    """Two are left."""
    edit_lines(folder / "evaluations.jsonl", lambda lines: [lines[0], lines[-1]])


def alter(facts: Facts) -> Facts:
    """The first one is left."""
    return replace(facts, evaluations=tuple(facts.evaluations)[:1])
