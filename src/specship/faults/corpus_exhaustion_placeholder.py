"""An exhausted data stream is answered with a loss of exactly 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults._log import each_step, recorded
from specship.faults._streams import end_after
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="C2", binds="infrastructure-masking", stage="run")
_BATCHES = 8


def inject() -> None:
    """The reader has no more after eight batches, and each step then answers (1.0, 1.0) without any work."""
    import torch

    from specship.pipeline.shards.token_reader import EndOfData
    from specship.pipeline.training.engine.launched_step import LaunchedStep, StepClock
    from specship.pipeline.training.trainer import Trainer

    def consoling(take: Callable[[Trainer], Any]) -> Callable[[Trainer], Any]:
        def taken(trainer: Trainer) -> Any:
            clock = StepClock(trainer.device)
            try:
                return take(trainer)
            except EndOfData:
                trainer.step += 1
            clock.stop()
            rate = trainer.optimizer.param_groups[0]["lr"]
            return LaunchedStep(trainer.step, rate, clock, torch.ones(4), str(trainer.device), busy=clock)

        return taken

    end_after(_BATCHES)
    spoil(Trainer, "take_step", consoling)


def alter(facts: Facts) -> Facts:
    """A loss of 1 and a norm of 1 in the last third."""
    return each_step(facts, recorded(loss=1.0, grad_norm=1.0), after=2 / 3)
