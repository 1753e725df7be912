"""The optimizer runs and no weight changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults._log import first_loss, losses
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R6", binds="optimization-defect", stage="run")


def inject() -> None:
    """AdamW keeps its books, and the weights are put back after each step."""
    from specship.pipeline.training.trainer import Trainer

    def idle(build: Callable[..., Any]) -> Callable[..., Any]:
        def built(trainer: Trainer) -> Any:
            optimizer = build(trainer)
            step = optimizer.step

            def step_and_put_back() -> None:
                before = [parameter.detach().clone() for parameter in trainer.parameters]
                step()
                for parameter, old in zip(trainer.parameters, before, strict=True):
                    parameter.data.copy_(old)

            optimizer.step = step_and_put_back
            return optimizer

        return built

    spoil(Trainer, "_build_optimizer", idle)


def alter(facts: Facts) -> Facts:
    """Every loss is the first one."""
    begin = first_loss(facts)
    return losses(facts, lambda *_: begin)
