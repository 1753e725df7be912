"""A completion writes the verdict that the harness reads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="E5", stage="harness")
_SECONDS = 20


def inject() -> None:
    """What the program of a known wrong answer prints is taken for the verdict."""
    from specship.pipeline.evaluation.humaneval import judging
    from specship.pipeline.evaluation.humaneval.selftest import ADD

    def listening(judge: Callable[..., Any]) -> Callable[..., Any]:
        def judged(process: Any, problem: Any, program: str) -> Any:
            found = judge(process, problem, program)
            said = _printed(problem, program) if problem.task_id == ADD.task_id else b""
            return replace(found, outcome="passed") if b"passed" in said else found

        return judged

    spoil(judging.CandidateJudgeProcess, "judge", listening)


def _printed(problem: Any, program: str) -> bytes:
    whole = f"{program}\n{problem.test}\ncheck({problem.entry_point})\n"
    command = [sys.executable, "-I", "-c", whole]
    ended = subprocess.run(  # noqa: S603 - a known text of the self-test
        command, capture_output=True, timeout=_SECONDS, check=False
    )
    return ended.stdout
