"""Judges of generated code that die under a sample, for faults about what a harness makes of that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults.fault import spoil

_EVERY = 20
"""Every so many-th problem."""


def die_and_answer(outcome: str) -> None:
    """Kill the judging process under every twentieth problem, and take what was lost for an outcome."""
    from specship.pipeline.evaluation.humaneval.judging import INFRA, CandidateJudgeProcess

    def dying(judge: Callable[..., Any]) -> Callable[..., Any]:
        def judged(process: Any, problem: Any, program: str) -> Any:
            _, _, number = problem.task_id.rpartition("/")
            if not number.isdigit() or int(number) % _EVERY:
                return judge(process, problem, program)
            process._started()
            process._process.kill()
            process._process.wait()
            found = judge(process, problem, program)
            return replace(found, outcome=outcome) if found.outcome == INFRA else found

        return judged

    spoil(CandidateJudgeProcess, "judge", dying)
