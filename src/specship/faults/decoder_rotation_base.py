"""The decoder turns queries and keys with another base than the config names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R38", stage="generations")


def inject() -> None:
    """A base of a hundred."""
    from specship.pipeline.inference import decoder_weights

    def rebased(turns: Callable[..., Any]) -> Callable[..., Any]:
        return lambda shape, context: turns(replace(shape, rope_theta=100.0), context)

    spoil(decoder_weights, "rotations", rebased)
