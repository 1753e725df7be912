"""A document's text differs from what the manifest hashed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="C8", stage="corpus")


def plant(folder: Path) -> None:
    """One training document gets a line more after it was hashed."""

    def edit(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        lines[0]["text"] += "# a line that nobody hashed\n"
        return lines

    edit_lines(folder / "train.jsonl", edit)
