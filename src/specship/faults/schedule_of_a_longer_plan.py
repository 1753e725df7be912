"""The learning rate decays for a plan of four times the steps, and has hardly fallen when the run ends."""

from __future__ import annotations

from collections.abc import Callable

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R35", binds="optimization-defect", stage="run")


def inject() -> None:
    """The schedule is given another number of planned steps than the run."""
    from specship.pipeline.training import trainer

    def stretched(rate: Callable[..., float]) -> Callable[..., float]:
        return lambda step, *, planned_steps, **rest: rate(step, planned_steps=4 * planned_steps, **rest)

    spoil(trainer, "learning_rate", stretched)
