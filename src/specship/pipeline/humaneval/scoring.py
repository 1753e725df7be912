"""Scoring completions: workers with a warm judge each, canaries in every batch, outcomes as they come.

The seam to generation: whatever makes completions hands `score` a `CompletionFile`.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from specship.bounds import COMPLETION_BYTES
from specship.errors import RequirementMissing
from specship.pipeline.humaneval.extraction import program_of
from specship.pipeline.humaneval.judging import INFRA, PASSED, JudgeProcess, Outcome
from specship.pipeline.humaneval.limits import Limits
from specship.pipeline.humaneval.outcomes import OutcomeFile, as_line
from specship.pipeline.humaneval.passk import mean_pass_at_k
from specship.pipeline.humaneval.problems import CompletionFile, ProblemFile, Sample
from specship.pipeline.humaneval.sandbox import CONTAINED, facts

BATCH: Final = 50
"""Samples that a worker scores between two looks at the canaries."""
MOST_INFRA: Final = 0.01
"""Largest share of infrastructure errors; above it the evaluation is an ERROR."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How completions are scored."""

    level: str
    limits: Limits = field(default_factory=Limits)
    workers: int = 2
    stops: bool = False
    """Whether the stop rules of `extraction` cut completions without fences."""
    shard: tuple[int, int] = (1, 1)
    """Which part, from 1, of how many: every so many-th sample of the file."""


@dataclass(frozen=True, slots=True)
class Score:
    """All outcomes of an evaluation, and whether it can be believed."""

    problems: ProblemFile
    samples: tuple[Sample, ...]
    outcomes: dict[Sample, Outcome]
    sandbox: dict[str, Any]
    canaries: int
    faults: tuple[str, ...]
    """What the canaries found wrong with the sandbox; empty when it was sound throughout."""

    def _count(self, *outcomes: str) -> int:
        return sum(outcome.outcome in outcomes for outcome in self.outcomes.values())

    @property
    def error(self) -> str:
        """Why no figure of this evaluation counts; empty when it does."""
        if self.faults:
            return f"the sandbox is broken: {self.faults[0]}"
        infra = self._count(INFRA)
        if infra > MOST_INFRA * len(self.samples):
            return f"{infra} of {len(self.samples)} samples could not be scored"
        return ""

    def pass_at(self) -> dict[str, float]:
        """Unbiased pass@k for k = 1, 10, 100, where each problem of the file has that many scored samples."""
        if self.error:
            return {}
        scored = Counter(s.task_id for s, found in self.outcomes.items() if found.outcome != INFRA)
        passed = Counter(s.task_id for s, found in self.outcomes.items() if found.outcome == PASSED)
        asked = {sample.task_id for sample in self.samples}
        if asked != self.problems.problems.keys():
            return {}
        counts = [(scored[task], passed[task]) for task in asked if scored[task]]
        figures = {str(k): mean_pass_at_k(counts, k) for k in (1, 10, 100)}
        return {k: figure for k, figure in figures.items() if figure is not None}

    def as_json(self) -> dict[str, Any]:
        """The report, in the shape that `eval humaneval --format json` prints."""
        infra = self._count(INFRA)
        passed = self._count(PASSED)
        return {
            "problems": len(self.problems.problems),
            "samples": len(self.samples),
            "passed": passed,
            "failed": len(self.outcomes) - passed - infra,
            "infrastructure_errors": infra,
            "error": self.error,
            "pass_at": self.pass_at(),
            "sandbox": {**self.sandbox, "canaries": self.canaries, "canary_faults": list(self.faults)},
            "results": [as_line(sample, self.outcomes[sample]) for sample in self.samples],
        }


def choose_level(limits: Limits) -> str:
    """The strongest level that works here, seen to work with both canaries; never the weakest.

    Raises:
        RequirementMissing: no level that contains anything can be had; with the reason of each.
    """
    reasons = []
    for level in CONTAINED:
        judge = JudgeProcess(level, limits)
        try:
            fault = judge.canary()
        finally:
            judge.stop()
        if not fault:
            return level
        reasons.append(f"{level}: {fault}")
    raise RequirementMissing(
        "generated code cannot be contained on this machine",
        why="; ".join(reasons),
        mend="allow user namespaces, or use a kernel with landlock and seccomp; "
        "`--level rlimits` runs it uncontained, which no release counts",
    )


def processors_of(worker: int, workers: int) -> tuple[int, ...]:
    """Where a worker's processes stay: one processor, if the workers fill the machine, else anywhere.

    They only ever wait for one another, and a sample that is handed over on one processor is handed over
    sooner. Fewer workers than processors are not bound, because another evaluation may sit there already.
    """
    if not hasattr(os, "sched_getaffinity"):
        return ()
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[worker % len(allowed)],) if workers >= len(allowed) else ()


def _heading(problems: ProblemFile, completions: CompletionFile, settings: Settings) -> dict[str, Any]:
    return {
        "format": "specship humaneval outcomes 1",
        "problems_sha256": problems.sha256,
        "completions_sha256": completions.sha256,
        "level": settings.level,
        "limits": settings.limits.as_json(),
        "stops": settings.stops,
        "shard": list(settings.shard),
    }


class _Run:
    """What the workers of one evaluation share."""

    def __init__(
        self, problems: ProblemFile, settings: Settings, keep: Callable[[Sample, Outcome], None]
    ) -> None:
        self._problems = problems
        self._settings = settings
        self._keep = keep
        self._lock = threading.Lock()
        self._failure: BaseException | None = None
        self.waiting: queue.SimpleQueue[Sample] = queue.SimpleQueue()
        self.canaries = 0
        self.faults: list[str] = []

    def work(self, worker: int) -> None:
        """One worker's life: canaries, a batch, canaries, a batch, …, canaries."""
        settings = self._settings
        own = processors_of(worker, settings.workers)
        judge = JudgeProcess(settings.level, settings.limits, worker, own)
        try:
            while self._batch(judge):
                pass
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            self._failure = error
        finally:
            judge.stop()

    def finish(self) -> None:
        """Raise what a worker died of."""
        if self._failure is not None:
            raise self._failure

    def _sound(self, judge: JudgeProcess) -> str:
        """What is wrong; a broken judge gets one fresh start."""
        if fault := judge.canary():
            judge.stop()
            fault = judge.canary()
        with self._lock:
            self.canaries += 1
            self.faults += [fault] if fault else []
        return fault

    def _batch(self, judge: JudgeProcess) -> bool:
        fault = self._sound(judge)
        for _ in range(BATCH):
            try:
                sample = self.waiting.get_nowait()
            except queue.Empty:
                return False
            if self._failure is not None:
                return False
            outcome = Outcome(INFRA, fault) if fault else self._outcome(judge, sample)
            with self._lock:
                self._keep(sample, outcome)
        return True

    def _outcome(self, judge: JudgeProcess, sample: Sample) -> Outcome:
        problem = self._problems.problems[sample.task_id]
        if len(sample.completion.encode("utf-8", "surrogatepass")) > COMPLETION_BYTES:
            return Outcome("failed:load", f"longer than {COMPLETION_BYTES} bytes")
        program = program_of(
            problem.prompt, sample.completion, problem.entry_point, stops=self._settings.stops
        )
        found = judge.judge(problem, program)
        return judge.judge(problem, program) if found.outcome == INFRA else found


def score(
    problems: ProblemFile, completions: CompletionFile, settings: Settings, *, out: Path | None = None
) -> Score:
    """Score every completion of the shard that `out` has no outcome for yet.

    Raises:
        DamagedArtifact, UnusableInput: `out` holds something else than outcomes of this evaluation.
        CannotWrite: an outcome could not be written.
    """
    part, parts = settings.shard
    samples = completions.samples[part - 1 :: parts]
    file = OutcomeFile(out, _heading(problems, completions, settings), samples) if out else None
    outcomes = dict(file.known) if file else {}

    def keep(sample: Sample, outcome: Outcome) -> None:
        outcomes[sample] = outcome
        if file:
            file.append(sample, outcome)

    run = _Run(problems, settings, keep)
    for sample in samples:
        if sample not in outcomes:
            run.waiting.put(sample)
    _work(run, min(settings.workers, max(1, run.waiting.qsize())))
    if file:
        file.close()
    run.finish()
    sandbox = facts(settings.level, settings.limits)
    return Score(problems, samples, outcomes, sandbox, run.canaries, tuple(run.faults))


def _work(run: _Run, workers: int) -> None:
    """Each worker in a thread; the last look at the canaries is behind the last sample of each."""
    threads = [threading.Thread(target=run.work, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
