"""The held-out set is the beginning of the training shards."""

from __future__ import annotations

from pathlib import Path

from specship.faults.fault import Fault

FAULT = Fault(row="C4", stage="corpus")


def plant(folder: Path) -> None:
    """As many training documents as there are held-out ones take their place."""
    count = len((folder / "heldout.jsonl").read_text(encoding="utf-8").splitlines())
    head = (folder / "train.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)[:count]
    (folder / "heldout.jsonl").write_text("".join(head), encoding="utf-8")
