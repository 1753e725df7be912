"""More tokens a second than the device has operations for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults._log import each_step
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R12", binds="infrastructure-masking", stage="run")


def inject() -> None:
    """The logged speed is a thousand times the measured one."""
    from specship.pipeline.training.trainer import Trainer

    def boasting(read: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def told(trainer: Trainer, launched: Any) -> dict[str, Any]:
            record = read(trainer, launched)
            return record | {"tokens_per_second": 1000 * record["tokens_per_second"]}

        return told

    spoil(Trainer, "read", boasting)


def alter(facts: Facts) -> Facts:
    """A million times the speed, in no time."""
    fast = each_step(
        facts, lambda one: {"tokens_per_second": one.tokens_per_second and 1e6 * one.tokens_per_second}
    )
    return replace(fast, wall_seconds=facts.wall_seconds and facts.wall_seconds / 1e6)
