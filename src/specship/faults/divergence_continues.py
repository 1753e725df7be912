"""The losses grow far above those of a guess, and training goes on."""

from __future__ import annotations

from collections.abc import Callable

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R9", binds="optimization-defect", stage="run")


def inject() -> None:
    """Nobody looks at loss and norm before the weights move, which they do along the gradient."""
    from specship.pipeline.trainer import Trainer

    def blind(_check: Callable[..., None]) -> Callable[..., None]:
        def unchecked(trainer: Trainer, step: int, rate: float, figures: list[float]) -> None:
            del step, rate, figures
            for parameter in trainer.parameters:
                parameter.data.mul_(1.03)

        return unchecked

    spoil(Trainer, "_check", blind)
