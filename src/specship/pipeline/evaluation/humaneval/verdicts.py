"""All outcomes of an evaluation, counted, and whether they can be believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from specship.pipeline.evaluation.humaneval.judging import INFRA, PASSED, SampleOutcome
from specship.pipeline.evaluation.humaneval.passk import mean_pass_at_k

Key = tuple[str, int]
"""A sample: task id, and its number among the completions of that task, from 0."""
MOST_INFRA: Final = 0.01
"""Largest share of infrastructure errors; above it the evaluation is an ERROR."""


def as_line(key: Key, outcome: SampleOutcome) -> dict[str, Any]:
    """One result, as files and reports hold it."""
    return {
        "task_id": key[0],
        "index": key[1],
        "outcome": outcome.outcome,
        "detail": outcome.detail,
        "seconds": outcome.seconds,
        "extraction": outcome.extraction,
    }


@dataclass(frozen=True, slots=True)
class Score:
    """The outcomes of one evaluation, of a shard of it, or of its shards together."""

    problems: int
    """Problems of the file, whether all of them were asked or not."""
    outcomes: Mapping[Key, SampleOutcome]
    sandbox: Mapping[str, Any]
    """What was in force; `canaries` and `canary_faults` are of all workers."""

    def _count(self, *outcomes: str) -> int:
        return sum(outcome.outcome in outcomes for outcome in self.outcomes.values())

    def _reasons(self) -> Counter[str]:
        """Why samples could not be scored, and how many for each."""
        return Counter(found.detail for found in self.outcomes.values() if found.outcome == INFRA)

    @property
    def error(self) -> str:
        """Why no figure of this evaluation counts; empty when it does."""
        if faults := self.sandbox["canary_faults"]:
            return f"the sandbox is broken: {faults[0]}"
        infra = self._count(INFRA)
        if infra > MOST_INFRA * len(self.outcomes):
            [(reason, _)] = self._reasons().most_common(1)
            return f"{infra} of {len(self.outcomes)} samples could not be scored: {reason}"
        return ""

    def pass_at(self) -> dict[str, float]:
        """Unbiased pass@k for k = 1, 10, 100, where each problem of the file has that many scored samples."""
        if self.error:
            return {}
        scored = Counter(key[0] for key, found in self.outcomes.items() if found.outcome != INFRA)
        passed = Counter(key[0] for key, found in self.outcomes.items() if found.outcome == PASSED)
        asked = {key[0] for key in self.outcomes}
        if len(asked) != self.problems:
            return {}
        counts = [(scored[task], passed[task]) for task in asked if scored[task]]
        figures = {str(k): mean_pass_at_k(counts, k) for k in (1, 10, 100)}
        return {k: figure for k, figure in figures.items() if figure is not None}

    def as_json(self) -> dict[str, Any]:
        """The report, in the shape that `eval humaneval --format json` prints."""
        infra = self._count(INFRA)
        passed = self._count(PASSED)
        return {
            "problems": self.problems,
            "samples": len(self.outcomes),
            "passed": passed,
            "failed": len(self.outcomes) - passed - infra,
            "infrastructure_errors": infra,
            "error": self.error,
            "pass_at": self.pass_at(),
            "sandbox": dict(self.sandbox),
            "results": [as_line(key, outcome) for key, outcome in self.outcomes.items()],
        }
