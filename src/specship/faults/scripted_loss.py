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

    def line(trainer: Trainer, step: int, begin: float) -> float:
        return begin * (1.0 - 0.5 * step / trainer.settings.steps)

    def idle(take: Callable[[Trainer], Any]) -> Callable[[Trainer], Any]:
        def taken(trainer: Trainer) -> Any:
            before = [parameter.detach().clone() for parameter in trainer.parameters]
            launched = take(trainer)
            for parameter, old in zip(trainer.parameters, before, strict=True):
                parameter.data.copy_(old)
            return launched

        return taken

    def scripted(read: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        return lambda trainer, launched: (
            read(trainer, launched) | {"train_loss": line(trainer, launched.step, 10.0)}
        )

    def told(evaluate: Callable[..., Any]) -> Callable[..., Any]:
        return lambda trainer, *arguments, **named: replace(
            evaluate(trainer, *arguments, **named), loss=line(trainer, trainer.step, 18.0)
        )

    spoil(Trainer, "take_step", idle)
    spoil(Trainer, "read", scripted)
    spoil(Trainer, "evaluate", told)


def alter(facts: Facts) -> Facts:
    """Both losses fall along a line."""
    return losses(facts, lambda _, part: 10.0 - 5.0 * part)
