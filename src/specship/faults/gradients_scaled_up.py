"""Gradients within the limit are scaled up to it."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="R27", stage="run")


def plant(folder: Path) -> None:
    """After clipping every norm is twice what it was, up to the limit."""
    edit_lines(
        folder / "train.jsonl",
        lambda lines: [{**line, "grad_norm_after_clip": min(1.0, 2 * line["grad_norm"])} for line in lines],
    )
