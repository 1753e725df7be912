"""The sandbox of an evaluation did not contain, and its failures were written down as outcomes."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import Line, edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="I12", stage="humaneval")
_FAILED = 5


def plant(folder: Path) -> None:
    """Five outcomes of the first run are errors of the harness, a canary got out, and nothing was held."""

    def edit(lines: list[Line]) -> list[Line]:
        failed = [{**line, "outcome": "infra"} for line in lines[1 : _FAILED + 1]]
        sandbox = {**lines[-1]["sandbox"], "fit_for_release": False, "canary_faults": ["a file was read"]}
        return [lines[0], *failed, *lines[_FAILED + 1 : -1], {**lines[-1], "sandbox": sandbox}]

    edit_lines(folder / "run-1" / "outcomes.jsonl", edit)
