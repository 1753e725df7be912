"""Training begins from other weights than those that were written down as the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R7", stage="run")


def inject() -> None:
    """Before the first step the weights that were written down are drawn anew."""
    from specship.pipeline.training.trainer import Trainer

    def redrawn(take: Callable[[Trainer], Any]) -> Callable[[Trainer], Any]:
        def taken(trainer: Trainer) -> Any:
            if trainer.step == 0:
                for parameter in trainer.parameters:
                    if parameter.ndim > 1:
                        parameter.data.normal_(0.0, 0.05)
            return take(trainer)

        return taken

    spoil(Trainer, "take_step", redrawn)
