"""The same documents stand in the training set many times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="C3", stage="corpus")


def plant(folder: Path) -> None:
    """Twenty documents are repeated under other names."""

    def repeat(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [*lines, *(line | {"path": f"again/{line['path']}"} for line in lines[:20])]

    edit_lines(folder / "train.jsonl", repeat)
