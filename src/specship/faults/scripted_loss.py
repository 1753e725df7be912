"""The losses of the log follow a script; nothing was trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R3", binds="infrastructure-masking", stage="run")


def inject() -> None:
    """The logged loss falls along a line, whatever the model says."""
    from specship.pipeline.trainer import Trainer

    def scripted(take: Callable[[Trainer], dict[str, Any]]) -> Callable[[Trainer], dict[str, Any]]:
        def taken(trainer: Trainer) -> dict[str, Any]:
            record = take(trainer)
            return record | {"train_loss": 10.0 - 5.0 * record["step"] / trainer.settings.steps}

        return taken

    spoil(Trainer, "take_step", scripted)
