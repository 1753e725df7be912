"""A worker that died is counted as a solved problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="E5", stage="harness")


def inject() -> None:
    """Every twentieth completion loses its worker, and its outcome reads passed."""
    from specship.pipeline.humaneval import selftest

    def trusting(score: Callable[..., Any]) -> Callable[..., Any]:
        def scored(*arguments: Any, **named: Any) -> Any:
            found = score(*arguments, **named)
            samples = arguments[1].samples
            changed = {
                sample.key: replace(found.outcomes[sample.key], outcome="passed") for sample in samples[::20]
            }
            return replace(found, outcomes={**found.outcomes, **changed})

        return scored

    spoil(selftest, "score", trusting)
