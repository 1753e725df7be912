"""The run does more or fewer steps than were planned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R36", binds="optimization-defect", stage="run")


def inject() -> None:
    """Ten more steps are taken and logged once the plan is done."""
    from specship.pipeline.training import training

    def overshooting(steps: Callable[..., Any]) -> Callable[..., Any]:
        def more(run: Any, *arguments: Any) -> Any:
            outcome = steps(run, *arguments)
            for _ in range(10):
                run.folder.steps.append(run.trainer.take_step())
            return replace(outcome, steps_done=run.trainer.step)

        return more

    spoil(training._TrainingRun, "steps", overshooting)
