"""Gradients are far too large and training goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults._log import each_step
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

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


def alter(facts: Facts) -> Facts:
    """A million times the norm in the second half."""
    return each_step(
        facts, lambda one: {} if one.grad_norm is None else {"grad_norm": 1e6 * one.grad_norm}, after=0.5
    )
