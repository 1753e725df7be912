"""An error in a training step becomes a loss of zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults._log import each_step, recorded
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R21", binds="infrastructure-masking", stage="run")


def inject() -> None:
    """Each backward pass raises, the error is caught, and zero is reported."""
    import torch

    from specship.pipeline.training.trainer import Trainer

    def swallowing(backward: Callable[[Trainer], Any]) -> Callable[[Trainer], Any]:
        def nothing(trainer: Trainer) -> Any:
            if trainer.step < 1:
                return backward(trainer)
            try:
                raise RuntimeError("the kernel failed")
            except RuntimeError:
                for parameter in trainer.parameters:
                    parameter.grad = torch.zeros_like(parameter)
                return torch.zeros(())

        return nothing

    spoil(Trainer, "_backward", swallowing)


def alter(facts: Facts) -> Facts:
    """Zero in the place of the last losses."""
    return each_step(facts, recorded(loss=0.0), after=0.9)
