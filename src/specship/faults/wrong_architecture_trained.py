"""Another architecture was trained than the one declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R38", binds="infrastructure-masking", stage="run")


def inject() -> None:
    """The model is built with half of the declared feed-forward width."""
    from specship.pipeline.training import trainer

    def narrower(build: Callable[..., Any]) -> Callable[..., Any]:
        def built(config: dict[str, Any], device: Any) -> Any:
            return build(config | {"intermediate_size": config["intermediate_size"] // 2}, device)

        return built

    spoil(trainer, "build_model", narrower)
