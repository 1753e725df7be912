"""Each step takes a hundred million times as long."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json, edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R37", stage="run")


def plant(folder: Path) -> None:
    """The log and the clock both say so."""
    edit_lines(
        folder / "train.jsonl",
        lambda lines: [{**line, "tokens_per_second": line["tokens_per_second"] / 1e8} for line in lines],
    )
    edit_json(
        folder / "run.json", lambda document: {**document, "wall_seconds": document["wall_seconds"] * 1e8}
    )
