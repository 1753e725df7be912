"""A schedule is configured and the learning rate stays constant."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R5", binds="optimization-defect", stage="run")


def inject() -> None:
    """The peak at every step."""
    from specship.pipeline.training import trainer

    spoil(trainer, "learning_rate", lambda _: lambda _step, *, peak, **_rest: peak)
