"""The learning-rate schedule begins again when a run is resumed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R34", stage="replay")


def inject() -> None:
    """After a resume the schedule counts from its first step."""
    from specship.pipeline.training import trainer
    from specship.pipeline.training.trainer import Trainer

    began = [0]

    def noting(restore: Callable[..., Any]) -> Callable[..., Any]:
        def restored(resumed: Trainer, folder: Any) -> Any:
            progress = restore(resumed, folder)
            began[0] = resumed.step
            return progress

        return restored

    def anew(rate: Callable[..., float]) -> Callable[..., float]:
        return lambda step, **plan: rate(step - began[0], **plan)

    spoil(Trainer, "restore", noting)
    spoil(trainer, "learning_rate", anew)
