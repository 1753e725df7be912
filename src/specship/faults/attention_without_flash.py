"""Attention took the slow path that writes out its scores, and nothing said so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="I3", stage="run")


def inject() -> None:
    """Only the mathematical kernel is allowed while a step is taken."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    from specship.pipeline.training.trainer import Trainer

    def slowly(take: Callable[..., Any]) -> Callable[..., Any]:
        def taken(*arguments: Any, **named: Any) -> Any:
            with sdpa_kernel(SDPBackend.MATH):
                return take(*arguments, **named)

        return taken

    spoil(Trainer, "take_step", slowly)
