"""The learning rate is zero from the first step to the last."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R5", binds="optimization-defect", stage="run")


def inject() -> None:
    """Nothing at every step."""
    from specship.pipeline.training import trainer

    spoil(trainer, "learning_rate", lambda _: lambda _step, **_rest: 0.0)
