"""A weight becomes NaN in the middle of the run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults._log import cut, losses
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Event, Facts

FAULT = Fault(row="R29", binds="optimization-defect", stage="run")


def inject() -> None:
    """After sixty steps one weight is not a number any more."""
    from specship.pipeline.training.trainer import Trainer

    def poisoned(take: Callable[[Trainer], Any]) -> Callable[[Trainer], Any]:
        def taken(trainer: Trainer) -> Any:
            if trainer.step == 60:
                trainer.parameters[0].data.view(-1)[0] = math.nan
            return take(trainer)

        return taken

    spoil(Trainer, "take_step", poisoned)


def alter(facts: Facts) -> Facts:
    """From the middle on no loss is a number, and the run aborts."""
    sick = losses(cut(facts, 0.75), lambda loss, part: loss if part < 0.5 else math.nan)
    event = Event(line=sick.steps[-1].line, name="aborted", step=sick.steps[-1].step, text="the loss is NaN")
    events = None if sick.events is None else (*sick.events, event)
    return replace(sick, events=events, status="aborted", finished=True)
