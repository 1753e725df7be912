"""The learning rate is zero from the first step to the last."""

from __future__ import annotations

import math

from specship.faults._log import each_step, first_loss, losses, recorded
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R5", binds="optimization-defect", stage="run")


def inject() -> None:
    """Nothing at every step."""
    from specship.pipeline.training import trainer

    spoil(trainer, "learning_rate", lambda _: lambda _step, **_rest: 0.0)


def alter(facts: Facts) -> Facts:
    """Nothing at every step, and losses that stay where they began."""
    begin = first_loss(facts)
    flat = losses(facts, lambda _, part: begin + 0.01 * math.sin(40 * part))
    return each_step(flat, recorded(lr=0.0))
