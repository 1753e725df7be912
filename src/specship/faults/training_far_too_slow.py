"""Each step takes a hundred million times as long."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from specship.faults._bytes import edit_json, edit_lines
from specship.faults._log import each_step
from specship.faults.fault import Fault
from specship.pipeline.run_logs.facts import Facts

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


def alter(facts: Facts) -> Facts:
    """The log and the clock both say so."""
    slow = each_step(
        facts, lambda one: {"tokens_per_second": one.tokens_per_second and one.tokens_per_second / 1e8}
    )
    return replace(slow, wall_seconds=facts.wall_seconds and facts.wall_seconds * 1e8)
