"""The wall time counts only what came after the last resume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R37", binds="infrastructure-masking", stage="run")
_SHARE = 0.8
"""Of the planned steps, after which the run is told to end and is taken up again."""


def inject() -> None:
    """The run is interrupted as by a scheduler, and resuming forgets the first session's seconds."""
    from specship.pipeline import training
    from specship.pipeline.termination import TerminationWatch

    def interrupted(train: Callable[..., Any]) -> Callable[..., Any]:
        def twice(recipe: Any, *arguments: Any, **named: Any) -> Any:
            watch = TerminationWatch()
            report = arguments[3]
            last = int(_SHARE * recipe.training.steps)

            def until(done: int, total: int, unit: str, **figures: Any) -> None:
                if unit == "steps" and done == last:
                    watch.asked, watch.signal_name = True, "SIGTERM"
                report(done, total, unit, **figures)

            train(recipe, *arguments[:3], until, watch=watch, **named)
            return train(recipe, *arguments, **named)

        return twice

    def forgetful(resume: Callable[..., None]) -> Callable[..., None]:
        def resumed(run: Any, checkpoint: Any) -> None:
            resume(run, checkpoint)
            run._seconds_before = 0.0

        return resumed

    spoil(training, "pretrain", interrupted)
    spoil(training._Run, "resume", forgetful)
