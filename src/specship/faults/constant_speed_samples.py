"""The samples of a speed are one mean, written several times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import fmean
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="E12", stage="speed")


def inject() -> None:
    """Every sample of our decoder has the mean of all of them."""
    from specship.pipeline.inference import decode_bench

    def flattened(take: Callable[..., Any]) -> Callable[..., Any]:
        def taken(*arguments: Any, **named: Any) -> Any:
            samples = take(*arguments, **named)
            mean = fmean(sample.seconds for sample in samples if sample.decoder == decode_bench.OURS)
            return [
                replace(sample, seconds=mean) if sample.decoder == decode_bench.OURS else sample
                for sample in samples
            ]

        return taken

    spoil(decode_bench, "take_samples", flattened)
