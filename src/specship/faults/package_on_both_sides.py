"""Files of one package lie on both sides of the split, which was made file by file."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="C5", stage="corpus")


def plant(folder: Path) -> None:
    """The first document of each side is said to be of one package."""
    for split in ("train", "heldout"):
        edit_lines(
            folder / f"{split}.jsonl",
            lambda lines: [{**lines[0], "group": "a-package"}, *lines[1:]],
        )
