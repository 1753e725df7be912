"""The state of the optimizer is lost when a run is resumed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R34", stage="replay")


def inject() -> None:
    """Moments are read and thrown away."""
    from specship.pipeline.training.trainer import Trainer

    def forgetful(restore: Callable[..., Any]) -> Callable[..., Any]:
        def restored(trainer: Trainer, folder: Any) -> Any:
            progress = restore(trainer, folder)
            trainer.optimizer.state.clear()
            return progress

        return restored

    spoil(Trainer, "restore", forgetful)
