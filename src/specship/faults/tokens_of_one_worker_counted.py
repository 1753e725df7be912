"""Of two workers the tokens of one are counted."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R37", stage="run")


def plant(folder: Path) -> None:
    """Half of the tokens of each step."""
    edit_lines(
        folder / "train.jsonl",
        lambda lines: [{**line, "tokens_seen": line["tokens_seen"] // 2} for line in lines],
    )
