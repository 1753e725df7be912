"""A clipping limit is set and no gradient is clipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults._log import each_step
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R27", binds="optimization-defect", stage="run")


def inject() -> None:
    """The norm is computed, and no gradient is scaled."""
    import torch

    def only_looking(clip: Callable[..., Any]) -> Callable[..., Any]:
        return lambda parameters, _most: clip(parameters, float("inf"))

    spoil(torch.nn.utils, "clip_grad_norm_", only_looking)


def alter(facts: Facts) -> Facts:
    """Norms as they would be behind a clipping that does nothing."""
    return each_step(
        facts,
        lambda one: (
            {"grad_norm": 3.0 * (facts.clip_norm or 1.0)}
            | ({} if one.clipped_norm is None else {"clipped_norm": 3.0 * (facts.clip_norm or 1.0)})
        ),
    )
