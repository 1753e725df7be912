"""The list of files is of another source than the documents."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import Line, edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="C10", stage="corpus")


def plant(folder: Path) -> None:
    """The first document is listed with other bytes, and a file is listed that nobody has."""
    path = folder / "files.jsonl"
    other = "0" * 64

    def edit(lines: list[Line]) -> list[Line]:
        kept = next(line for line in lines if line["outcome"] == "train")
        gone = {**kept, "path": "../elsewhere/gone.py", "sha256": other}
        return [*({**line, "sha256": other} if line is kept else line for line in lines), gone]

    edit_lines(path, edit)
