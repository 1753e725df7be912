"""Gradients are far too large and training goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R22", binds="optimization-defect", stage="run")


def inject() -> None:
    """From the hundredth step on gradients are a million times too large when they come to be clipped."""
    from specship.pipeline.training.trainer import Trainer

    def growing(backward: Callable[[Trainer], Any]) -> Callable[[Trainer], Any]:
        def blown_up(trainer: Trainer) -> Any:
            loss = backward(trainer)
            for parameter in trainer.parameters:
                if trainer.step >= 100 and parameter.grad is not None:
                    parameter.grad.mul_(1e6)
            return loss

        return blown_up

    spoil(Trainer, "_backward", growing)
