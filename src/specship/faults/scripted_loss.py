"""The losses of the log follow a script; nothing was trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults._log import losses
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R3", binds="infrastructure-masking", stage="run")


def inject() -> None:
    """No weight is kept from one step to the next; both losses fall along a line."""
    from specship.pipeline.training.trainer import Trainer

    def line(trainer: Trainer, begin: float) -> float:
        return begin * (1.0 - 0.5 * trainer.step / trainer.settings.steps)

    def scripted(take: Callable[[Trainer], dict[str, Any]]) -> Callable[[Trainer], dict[str, Any]]:
        def taken(trainer: Trainer) -> dict[str, Any]:
            before = [parameter.detach().clone() for parameter in trainer.parameters]
            record = take(trainer)
            for parameter, old in zip(trainer.parameters, before, strict=True):
                parameter.data.copy_(old)
            return record | {"train_loss": line(trainer, 10.0)}

        return taken

    def told(evaluate: Callable[..., Any]) -> Callable[..., Any]:
        return lambda trainer, *arguments, **named: replace(
            evaluate(trainer, *arguments, **named), loss=line(trainer, 18.0)
        )

    spoil(Trainer, "take_step", scripted)
    spoil(Trainer, "evaluate", told)


def alter(facts: Facts) -> Facts:
    """Both losses fall along a line."""
    return losses(facts, lambda _, part: 10.0 - 5.0 * part)
