"""The run trains, and every checkpoint that it writes holds the weights with which it began."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R19", stage="run")


def inject() -> None:
    """Whoever writes checkpoints keeps the model that it was first given; the log is the trained one."""
    from specship.pipeline.training import trainer

    begun: list[Any] = []

    def stale(write: Callable[..., None]) -> Callable[..., None]:
        def written(*arguments: Any, weights: Any, **named: Any) -> None:
            if not begun:
                begun.append({name: tensor.detach().clone() for name, tensor in weights.items()})
            write(*arguments, weights=begun[0], **named)

        return written

    spoil(trainer, "write_checkpoint", stale)
