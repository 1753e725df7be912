"""Held-out files are part of the training set."""

from __future__ import annotations

from pathlib import Path

from specship.faults.fault import Fault

FAULT = Fault(row="C5", stage="corpus")


def plant(folder: Path) -> None:
    """A tenth of the held-out documents is appended to the training ones."""
    held_out = (folder / "heldout.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    with (folder / "train.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(held_out[: max(1, len(held_out) // 10)])
