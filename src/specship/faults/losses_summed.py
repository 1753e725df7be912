"""Losses are sums over a sequence, and are called means."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults._log import each_step
from specship.faults.fault import Fault
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R9", stage="run")
_TOKENS = 64


def plant(folder: Path) -> None:
    """Each loss of the log is that of so many tokens."""
    edit_lines(
        folder / "train.jsonl",
        lambda lines: [{**line, "train_loss": line["train_loss"] * _TOKENS} for line in lines],
    )


def alter(facts: Facts) -> Facts:
    """Eight parts of a batch, added up."""
    return each_step(facts, lambda one: {} if one.loss is None else {"loss": 8 * one.loss})
