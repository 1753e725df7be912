"""The wall time counts only what came after the last resume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults._interrupted import interrupted
from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R37", binds="infrastructure-masking", stage="run")


def inject() -> None:
    """The run is interrupted as by a scheduler, and resuming forgets the first session's seconds."""
    from specship.pipeline.training import training

    def forgetful(resume: Callable[..., None]) -> Callable[..., None]:
        def resumed(run: Any, checkpoint: Any) -> None:
            resume(run, checkpoint)
            run._seconds_before = 0.0

        return resumed

    spoil(training, "pretrain", interrupted)
    spoil(training._TrainingRun, "resume", forgetful)
