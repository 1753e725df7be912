"""A clipping limit is set and no gradient is clipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R27", binds="optimization-defect", stage="run")


def inject() -> None:
    """The norm is computed, and no gradient is scaled."""
    import torch

    def only_looking(clip: Callable[..., Any]) -> Callable[..., Any]:
        return lambda parameters, _most: clip(parameters, float("inf"))

    spoil(torch.nn.utils, "clip_grad_norm_", only_looking)
