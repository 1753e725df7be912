"""A completion writes the verdict that the harness reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="E5", stage="harness")


def inject() -> None:
    """What a completion prints is taken for the verdict."""
    from specship.pipeline.humaneval import selftest

    def listening(score: Callable[..., Any]) -> Callable[..., Any]:
        def scored(*arguments: Any, **named: Any) -> Any:
            found = score(*arguments, **named)
            samples = arguments[1].samples
            changed = {
                sample.key: replace(found.outcomes[sample.key], outcome="passed")
                for sample in [one for one in samples if "print('passed'" in one.completion]
            }
            return replace(found, outcomes={**found.outcomes, **changed})

        return scored

    spoil(selftest, "score", listening)
