"""The run does more or fewer steps than were planned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R36", binds="optimization-defect", stage="run")


def inject() -> None:
    """Ten more steps are taken and logged once the plan is done."""
    from specship.pipeline.training import training

    def overshooting(steps: Callable[..., Any]) -> Callable[..., Any]:
        def more(run: Any, *arguments: Any) -> Any:
            outcome = steps(run, *arguments)
            for _ in range(10):
                run.folder.steps.append(run.trainer.read(run.trainer.take_step()))
            return replace(outcome, steps_done=run.trainer.step)

        return more

    spoil(training._TrainingRun, "steps", overshooting)


def alter(facts: Facts) -> Facts:
    """As many steps again as were planned."""
    last = facts.steps[-1].step
    more = tuple(replace(one, step=one.step + last) for one in facts.steps)
    return replace(facts, steps=(*facts.steps, *more), steps_done=2 * last, ended_step=2 * last)
