"""A model was asked three of the problems, once."""

from __future__ import annotations

import shutil
from pathlib import Path

from specship.digests import sha256_file
from specship.faults._bytes import Line, edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="X8", stage="humaneval")
_ASKED = 3


def plant(folder: Path) -> None:
    """One run is left, and of it what belongs to the first problems."""
    for run in folder.glob("run-*"):
        if run.name != "run-1":
            shutil.rmtree(run)
    problems, run = folder / "problems.jsonl", folder / "run-1"
    edit_lines(problems, lambda lines: lines[:_ASKED])
    names = {"problems_sha256": sha256_file(problems)}

    def edit(lines: list[Line]) -> list[Line]:
        return [{**lines[0], **names}, *lines[1 : _ASKED + 1], *lines[1:][len(lines) - 1 - _ended(lines) :]]

    edit_lines(run / "samples.jsonl", edit)
    names |= {"completions_sha256": sha256_file(run / "samples.jsonl")}
    edit_lines(run / "outcomes.jsonl", edit)


def _ended(lines: list[Line]) -> int:
    """Lines behind the samples: the ending of a file of outcomes."""
    return sum("ended" in line for line in lines)
