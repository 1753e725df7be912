"""A layer is cut out of the backward pass and never moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R19", binds="optimization-defect", stage="run")


def inject() -> None:
    """The last layer's weights want no gradient."""
    from specship.pipeline.training import trainer

    def detaching(build: Callable[..., Any]) -> Callable[..., Any]:
        def built(*arguments: Any) -> Any:
            model = build(*arguments)
            model.model.layers[-1].requires_grad_(requires_grad=False)
            return model

        return built

    spoil(trainer, "build_model", detaching)
