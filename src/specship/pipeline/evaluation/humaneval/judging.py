"""A judging process as its driver sees it: started, asked, and replaced when it hangs or dies."""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass
from typing import Final

from specship.interpreter import isolated
from specship.pipeline.evaluation.humaneval.problems import Problem
from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
from specship.pipeline.evaluation.humaneval.sandbox.protocol import Channel, Ended, MalformedFrame, TimeUp

PASSED: Final = "passed"
INFRA: Final = "infra"
FAILURES: Final = (
    "failed:assertion", "failed:exception", "failed:load", "failed:exit", "failed:protocol", "failed:timeout",
    "failed:memory", "failed:empty", "failed:context",
)  # fmt: skip
OUTCOMES: Final = (PASSED, *FAILURES, INFRA)
_PATIENCE: Final = 5.0
"""Seconds behind every limit of a sample at which a judge that says nothing is taken to hang."""

CANARY: Final = Problem(
    task_id="canary",
    prompt="import math\n\n\ndef canary(values, key=None):\n",
    entry_point="canary",
    canonical_solution="    return [math.isqrt(value) for value in values], {key: 1.5}\n",
    test="def check(candidate):\n    assert candidate([4, 9], key='a') == ([2, 3], {'a': 1.5})\n",
)
"""Right and wrong programs for this problem run in every batch: a broken sandbox looks like a bad model."""
_WRONG: Final = "    return [math.isqrt(value) for value in values], {key: 2.5}\n"


@dataclass(frozen=True, slots=True)
class SampleOutcome:
    """What came of one program."""

    outcome: str
    """One of OUTCOMES."""
    detail: str = ""
    seconds: float = 0.0
    extraction: str = ""
    """By which rule the program was found in the completion; empty where no program was looked for."""


class CandidateJudgeProcess:
    """One warm judging process with its sandbox; a dead one is replaced at the next question."""

    def __init__(self, level: str, limits: Limits, worker: int = 0, processors: tuple[int, ...] = ()) -> None:
        """`processors` are those that judge, server and samples keep to; none: they go where they are put."""
        self._start = (level, limits, worker, processors)
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None

    def _started(self) -> Channel:
        """The stream to a judge that is up.

        Raises:
            Ended: it did not come up; its text is in the message.
        """
        if self._channel is not None:
            return self._channel
        ours, theirs = socket.socketpair()
        with ours, theirs:
            command = isolated("specship.pipeline.evaluation.humaneval.sandbox.judge", str(theirs.fileno()))
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
            self._channel = Channel(ours.detach())
        level, limits, worker, processors = self._start
        until = time.monotonic() + limits.start_seconds + 4 * _PATIENCE
        self._channel.send([level, limits.as_json(), worker, list(processors)])
        answer = self._channel.receive(until)
        if answer != ["up"]:
            raise Ended(str(answer[-1]))
        return self._channel

    def judge(self, problem: Problem, program: str) -> SampleOutcome:
        """The outcome of one program; a judge that dies or hangs on a result is the program's fault."""
        began = time.monotonic()
        try:
            channel = self._started()
            channel.send([problem.task_id, problem.prompt, problem.test, problem.entry_point, program])
            answer = channel.receive(began + self._limits.start_seconds + 4 * _PATIENCE)
        except (Ended, MalformedFrame, TimeUp, OSError) as error:
            self.stop()
            return SampleOutcome(INFRA, str(error) or f"the judge: {type(error).__name__}", _since(began))
        if answer != ["began"]:
            return SampleOutcome(str(answer[0]), str(answer[1]), _since(began))
        try:
            outcome, detail, _ = channel.receive(time.monotonic() + self._limits.wall_seconds + _PATIENCE)
        except TimeUp:
            self.stop()
            return SampleOutcome("failed:timeout", "the judge hung on a result", _since(began))
        except (Ended, MalformedFrame):
            self.stop()
            return SampleOutcome("failed:protocol", "the judge died of a result", _since(began))
        return SampleOutcome(outcome, detail, _since(began))

    def canary(self) -> str:
        """What is wrong with judge or sandbox; empty when both known programs come out as they must."""
        for code, expected in ((CANARY.canonical_solution, PASSED), (_WRONG, "failed:assertion")):
            found = self.judge(CANARY, CANARY.prompt + code)
            if found.outcome != expected:
                detail = f" ({found.detail})" if found.detail else ""
                return f"a program that must come out as {expected} came out as {found.outcome}{detail}"
        return ""

    def stop(self) -> None:
        """End the judge; its sandbox ends with it."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            try:
                self._process.wait(1.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def _since(began: float) -> float:
    return round(time.monotonic() - began, 4)
