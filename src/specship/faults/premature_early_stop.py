"""Early stopping reacts to the noise of a held-out set of two batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults._log import cut
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(
    row="R4",
    binds="optimization-defect",
    stage="run",
    settings={"training": {"evaluation_tokens": 1024, "patience": 2, "evaluate_every": 8}},
)


def inject() -> None:
    """The limits of a smoke test, and nobody asks whether noise is the reason."""
    from specship.pipeline.training.early_stopping import EarlyStopping

    def credulous(observe: Callable[..., None]) -> Callable[..., None]:
        def observed(stopping: Any, step: int, loss: float, standard_error: float) -> None:
            observe(stopping, step, loss, standard_error)
            stopping.noisy = False

        return observed

    spoil(EarlyStopping, "observe", credulous)


def alter(facts: Facts) -> Facts:
    """The run stops after four tenths, before what its evaluations gain is more than their noise."""
    stopped = replace(cut(facts, 0.4), finished=True, patience=1, min_improvement=1e-6)
    return replace(
        stopped, evaluations=tuple(replace(one, standard_error=0.1) for one in stopped.evaluations)
    )
