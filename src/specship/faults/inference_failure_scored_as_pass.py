"""A failed generation is counted as a solved problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="E5", stage="harness", also=("humaneval",))


def inject() -> None:
    """A fallback that nobody took out puts the problem's own solution where no answer came."""
    from specship.pipeline.evaluation.humaneval import scoring

    def generous(score: Callable[..., Any]) -> Callable[..., Any]:
        def scored(run: Any, judge: Any, sample: Any) -> Any:
            if sample.completion.strip():
                return score(run, judge, sample)
            solution = run._problems.problems[sample.task_id].canonical_solution
            return score(run, judge, replace(sample, completion=solution, unanswered=""))

        return scored

    spoil(scoring._ScoringRun, "_outcome", generous)
