"""A schedule is configured and the learning rate stays constant."""

from __future__ import annotations

from specship.faults._log import each_step, recorded
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R5", binds="optimization-defect", stage="run")


def inject() -> None:
    """The peak at every step."""
    from specship.pipeline.training import trainer

    spoil(trainer, "learning_rate", lambda _: lambda _step, *, peak, **_rest: peak)


def alter(facts: Facts) -> Facts:
    """The highest rate at every step."""
    return each_step(facts, recorded(lr=max((one.lr or 0.0 for one in facts.steps), default=0.0)))
