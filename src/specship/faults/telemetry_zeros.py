"""A field of the log is there and holds zeros."""

from __future__ import annotations

from specship.faults._log import each_step, recorded
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R37", binds="infrastructure-masking", stage="run")


def inject() -> None:
    """Nobody asks the device for its memory."""
    from specship.pipeline.training import trainer

    spoil(trainer, "memory_bytes", lambda _: lambda _device: 0)


def alter(facts: Facts) -> Facts:
    """What the log has of speed, tokens and memory."""
    return each_step(facts, recorded(tokens_per_second=0.0, tokens_seen=0, device_memory_bytes=0))
