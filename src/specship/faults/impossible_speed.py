"""More tokens a second than the device has operations for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R12", binds="infrastructure-masking", stage="run")


def inject() -> None:
    """The logged speed is a thousand times the measured one."""
    from specship.pipeline.training.trainer import Trainer

    def boasting(take: Callable[[Trainer], dict[str, Any]]) -> Callable[[Trainer], dict[str, Any]]:
        def taken(trainer: Trainer) -> dict[str, Any]:
            record = take(trainer)
            return record | {"tokens_per_second": 1000 * record["tokens_per_second"]}

        return taken

    spoil(Trainer, "take_step", boasting)
