"""A generated text was improved by hand after it was generated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="E1", stage="generations", also=("completions",))


def plant(folder: Path) -> None:
    """The first completion reads like a body that parses."""

    def improve(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        lines[0]["text"] = lines[0]["body"] = "\n    return None\n"
        return lines

    edit_lines(folder / "generations.jsonl", improve)
