"""A field of the log is there and holds zeros."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R37", binds="infrastructure-masking", stage="run")


def inject() -> None:
    """Nobody asks the device for its memory."""
    from specship.pipeline.training import trainer

    spoil(trainer, "memory_bytes", lambda _: lambda _device: 0)
