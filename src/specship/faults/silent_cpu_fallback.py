"""A GPU was asked for, and the CPU did the work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults._log import each_step, recorded
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R1", binds="infrastructure-masking", stage="run")


def inject() -> None:
    """The run asks for CUDA, and whoever resolves devices answers with the CPU and says nothing."""
    import torch

    from specship.pipeline.parallel import group
    from specship.pipeline.training import training

    def asking(train: Callable[..., Any]) -> Callable[..., Any]:
        def asked(recipe: Any, *arguments: Any, **named: Any) -> Any:
            on_cuda = recipe.training.model_copy(update={"device": "cuda"})
            return train(replace(recipe, training=on_cuda), *arguments, **named)

        return asked

    spoil(training, "pretrain", asking)
    spoil(group, "resolve_device", lambda _: lambda _asked: torch.device("cpu"))


def alter(facts: Facts) -> Facts:
    """A GPU was asked for."""
    return replace(each_step(facts, recorded(device="cpu")), device_asked="cuda", device_got="cpu")
