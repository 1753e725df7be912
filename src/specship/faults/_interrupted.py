"""Runs that are told to end and are taken up again, for faults that show only then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_SHARE = 0.8
"""Of the planned steps, after which the run is told to end."""


def interrupted(train: Callable[..., Any]) -> Callable[..., Any]:
    """`pretrain` called twice: a scheduler ends the first process, and a second one goes on."""
    from specship.pipeline.training.termination import TerminationWatch

    def twice(recipe: Any, tokenizer: Any, shards: Any, output: Any, report: Any, **named: Any) -> Any:
        watch = TerminationWatch()
        last = int(_SHARE * recipe.training.steps)

        def until(done: int, total: int, unit: str, **figures: Any) -> None:
            if unit == "steps" and done == last:
                watch.asked, watch.signal_name = True, "SIGTERM"
            report(done, total, unit, **figures)

        train(recipe, tokenizer, shards, output, until, watch=watch, **named)
        return train(recipe, tokenizer, shards, output, report, **named)

    return twice
