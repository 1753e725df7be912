"""Early stopping reacts to the noise of a held-out set of two batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

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
