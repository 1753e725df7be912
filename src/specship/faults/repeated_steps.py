"""A resumed run logs the same steps twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from specship.faults._interrupted import interrupted
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R34", binds="infrastructure-masking", stage="run")


def inject() -> None:
    """The run is interrupted, resumes from the checkpoint before the last, and leaves the log as it was."""
    from specship.pipeline.training import training
    from specship.pipeline.training.run_reading import checkpoints_of

    def careless(order: Callable[[Path], Any]) -> Callable[[Path], Any]:
        def resumed_from(path: Path) -> Any:
            kept = checkpoints_of(path)
            return (kept[-2][1], []) if len(kept) > 1 else order(path)

        return resumed_from

    spoil(training, "pretrain", interrupted)
    spoil(training, "put_in_order", careless)


def alter(facts: Facts) -> Facts:
    """The last tenth is there twice."""
    return replace(facts, steps=(*facts.steps, *facts.last_tenth))
