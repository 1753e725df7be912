"""Fields of the log are there and hold zeros."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R37", binds="infrastructure-masking", stage="run")


def inject() -> None:
    """Speed and memory are logged and never filled in."""
    from specship.pipeline.trainer import Trainer

    def unfilled(take: Callable[[Trainer], dict[str, Any]]) -> Callable[[Trainer], dict[str, Any]]:
        def taken(trainer: Trainer) -> dict[str, Any]:
            return take(trainer) | {"device_memory_bytes": 0}

        return taken

    spoil(Trainer, "take_step", unfilled)
