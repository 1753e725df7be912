"""One matrix never gets a gradient, and weight decay alone moves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R20", stage="run")


def inject() -> None:
    """The backward pass of the last layer's gate projection writes zeros."""
    from specship.pipeline.training.trainer import Trainer

    def forgetting(backward: Callable[[Trainer], Any]) -> Callable[[Trainer], Any]:
        def done(trainer: Trainer) -> Any:
            loss = backward(trainer)
            place = max(at for at, name in enumerate(trainer.names) if name.endswith("gate_proj.weight"))
            gradient = trainer.parameters[place].grad
            if gradient is not None:
                gradient.zero_()
            return loss

        return done

    spoil(Trainer, "_backward", forgetting)
