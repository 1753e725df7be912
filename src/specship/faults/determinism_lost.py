"""Deterministic kernels were asked for, and something switched them off again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R17", stage="run")


def inject() -> None:
    """A library switches the flag off once the process is set up."""
    import torch

    from specship.pipeline.training import training

    def switched_off(prepare: Callable[..., Any]) -> Callable[..., Any]:
        def prepared(*arguments: Any, **named: Any) -> Any:
            threads = prepare(*arguments, **named)
            torch.use_deterministic_algorithms(False)
            return threads

        return prepared

    spoil(training, "prepare", switched_off)
