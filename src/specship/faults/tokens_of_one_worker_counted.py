"""Of two workers the tokens of one are counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from specship.faults._bytes import edit_lines
from specship.faults._log import each_step
from specship.faults.fault import Fault
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R37", stage="run")


def plant(folder: Path) -> None:
    """Half of the tokens of each step."""
    edit_lines(
        folder / "train.jsonl",
        lambda lines: [{**line, "tokens_seen": line["tokens_seen"] // 2} for line in lines],
    )


def alter(facts: Facts) -> Facts:
    """Half of the tokens of each step."""
    halved = each_step(facts, lambda one: {"tokens_seen": one.tokens_seen and one.tokens_seen // 2})
    return replace(halved, tokens_per_step=facts.tokens_per_step and facts.tokens_per_step // 2)
