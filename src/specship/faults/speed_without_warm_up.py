"""The speed is measured from the first call on, while caches and kernels are still being set up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="E11", stage="speed")


def inject() -> None:
    """No round comes before those that count."""
    from specship.pipeline.inference import decode_bench

    def cold(take: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        return lambda timed, number, *arguments: (
            [] if number == decode_bench.WARM_UP else take(timed, number, *arguments)
        )

    spoil(decode_bench, "_take_round", cold)
