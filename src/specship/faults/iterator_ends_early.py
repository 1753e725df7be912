"""The data iterator ends, and the run says after a few steps that all of them were done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults._log import cut
from specship.faults._streams import end_after
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R24", binds="infrastructure-masking", stage="run")
_BATCHES = 43


def inject() -> None:
    """After 43 batches the reader has no more, which ends the loop as its plan would."""
    from specship.pipeline.shards.token_reader import EndOfData
    from specship.pipeline.training import training

    def content(steps: Callable[..., Any]) -> Callable[..., Any]:
        def done(run: Any, *arguments: Any) -> Any:
            try:
                return steps(run, *arguments)
            except EndOfData:
                run.evaluate()
                return training.TrainingOutcome("completed", "every planned step was done", run.trainer.step)

        return done

    end_after(_BATCHES)
    spoil(training._TrainingRun, "steps", content)


def alter(facts: Facts) -> Facts:
    """The run ends after seven tenths, as if nothing were left to do."""
    return replace(cut(facts, 0.7), finished=True, stop_reason="")
