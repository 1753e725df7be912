"""A weight becomes NaN in the middle of the run."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R29", binds="optimization-defect", stage="run")


def inject() -> None:
    """After sixty steps one weight is not a number any more."""
    from specship.pipeline.training.trainer import Trainer

    def poisoned(take: Callable[[Trainer], dict[str, Any]]) -> Callable[[Trainer], dict[str, Any]]:
        def taken(trainer: Trainer) -> dict[str, Any]:
            if trainer.step == 60:
                trainer.parameters[0].data.view(-1)[0] = math.nan
            return take(trainer)

        return taken

    spoil(Trainer, "take_step", poisoned)
