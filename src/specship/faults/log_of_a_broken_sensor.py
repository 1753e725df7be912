"""A sensor gave nothing, and the log says nothing in its place."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import Line, edit_lines
from specship.faults._log import each_step
from specship.faults.fault import Fault
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R37", stage="run")


def plant(folder: Path) -> None:
    """A step has no norm, and another one no rate."""

    def edit(lines: list[Line]) -> list[Line]:
        del lines[1]["grad_norm"]
        del lines[2]["lr"]
        return lines

    edit_lines(folder / "train.jsonl", edit)


def alter(facts: Facts) -> Facts:
    """No norm and no rate in the second half."""
    return each_step(facts, lambda _: {"grad_norm": None, "lr": None}, after=0.5)
