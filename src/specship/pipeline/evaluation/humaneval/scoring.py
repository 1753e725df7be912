"""Scoring completions: workers with a warm judge each, canaries in every batch, outcomes as they come.

The seam to generation: whatever makes completions hands `score` a `CompletionFile`.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from specship.bounds import COMPLETION_BYTES
from specship.errors import RequirementMissing
from specship.pipeline.evaluation.humaneval.extraction import ANY, Thoughts, extract
from specship.pipeline.evaluation.humaneval.judging import INFRA, CandidateJudgeProcess, SampleOutcome
from specship.pipeline.evaluation.humaneval.outcomes import FORMAT, OutcomeFile
from specship.pipeline.evaluation.humaneval.problems import CompletionFile, ProblemFile, Sample
from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
from specship.pipeline.evaluation.humaneval.sandbox.process import CONTAINED, facts
from specship.pipeline.evaluation.humaneval.verdicts import Score

BATCH: Final = 50
"""Samples that a worker scores between two looks at the canaries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringSettings:
    """How completions are scored."""

    level: str
    limits: Limits = field(default_factory=Limits)
    workers: int = 2
    stops: bool = False
    """Whether the stop rules of `extraction` cut completions without fences."""
    thoughts: Thoughts = ANY
    """How thoughts are told from answers; recorded with what a model wrote."""
    shard: tuple[int, int] = (1, 1)
    """Which part, from 1, of how many: every so many-th sample of the file."""


def choose_level(limits: Limits) -> str:
    """The strongest level that works here, seen to work with both canaries; never the weakest.

    Raises:
        RequirementMissing: no level that contains anything can be had; with the reason of each.
    """
    reasons = []
    for level in CONTAINED:
        judge = CandidateJudgeProcess(level, limits)
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


def heading(problems: ProblemFile, completions: CompletionFile, settings: ScoringSettings) -> dict[str, Any]:
    """What outcomes belong to: everything that must be equal where they are counted together.

    `completions` are those of the whole evaluation where they were given, and those of the shard alone
    where a model wrote them.
    """
    part, parts = settings.shard
    return {
        "format": FORMAT,
        "problems_sha256": problems.sha256,
        "problems": len(problems.problems),
        "completions_sha256": completions.sha256,
        "samples": completions.whole,
        "generated": completions.generated,
        "level": settings.level,
        "limits": settings.limits.as_json(),
        "stops": settings.stops,
        "shard": [part, parts],
    }


class _ScoringRun:
    """What the workers of one evaluation share."""

    def __init__(
        self, problems: ProblemFile, settings: ScoringSettings, keep: Callable[[Sample, SampleOutcome], None]
    ) -> None:
        self._problems = problems
        self._settings = settings
        self._keep = keep
        self._lock = threading.Lock()
        self.failure: BaseException | None = None
        self.waiting: queue.SimpleQueue[Sample] = queue.SimpleQueue()
        self.canaries = 0
        self.faults: list[str] = []

    def work(self, worker: int) -> None:
        """One worker's life: canaries, a batch, canaries, a batch, …, canaries."""
        settings = self._settings
        own = processors_of(worker, settings.workers)
        judge = CandidateJudgeProcess(settings.level, settings.limits, worker, own)
        try:
            while self._batch(judge):
                pass
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            self.failure = error
        finally:
            judge.stop()

    def finish(self) -> None:
        """Raise what a worker died of."""
        if self.failure is not None:
            raise self.failure

    def _sound(self, judge: CandidateJudgeProcess) -> str:
        """What is wrong; a broken judge gets one fresh start."""
        if fault := judge.canary():
            judge.stop()
            fault = judge.canary()
        with self._lock:
            self.canaries += 1
            self.faults += [fault] if fault else []
        return fault

    def _batch(self, judge: CandidateJudgeProcess) -> bool:
        fault = self._sound(judge)
        for _ in range(BATCH):
            try:
                sample = self.waiting.get_nowait()
            except queue.Empty:
                return False
            if self.failure is not None:
                return False
            outcome = SampleOutcome(INFRA, fault) if fault else self._outcome(judge, sample)
            with self._lock:
                self._keep(sample, outcome)
        return True

    def _outcome(self, judge: CandidateJudgeProcess, sample: Sample) -> SampleOutcome:
        if sample.unanswered:
            return SampleOutcome("failed:context", sample.unanswered)
        if not sample.completion.strip():
            return SampleOutcome("failed:empty")
        problem = self._problems.problems[sample.task_id]
        if len(sample.completion.encode("utf-8", "surrogatepass")) > COMPLETION_BYTES:
            return SampleOutcome("failed:load", f"longer than {COMPLETION_BYTES} bytes")
        program, rule = extract(
            "" if sample.whole else problem.prompt,
            sample.completion,
            problem.entry_point,
            stops=self._settings.stops,
            thoughts=self._settings.thoughts,
        )
        if not program:
            return SampleOutcome("failed:empty", extraction=rule)
        found = judge.judge(problem, program)
        if found.outcome == INFRA:
            found = judge.judge(problem, program)
        return replace(found, extraction=rule)


def score(
    problems: ProblemFile,
    completions: CompletionFile,
    settings: ScoringSettings,
    *,
    out: Path | None = None,
    report: Callable[..., None] | None = None,
) -> Score:
    """Score every completion of the shard that `out` has no outcome for yet.

    `report(done, total, unit)` is told how far it is.

    Raises:
        DamagedArtifact, UnusableInput: `out` holds something else than outcomes of this evaluation.
        CannotWrite: an outcome could not be written.
    """
    part, parts = settings.shard
    samples = completions.samples if completions.generated else completions.samples[part - 1 :: parts]
    file = OutcomeFile(out, heading(problems, completions, settings), samples) if out else None
    outcomes = dict(file.known) if file else {}
    before = len(outcomes)

    def keep(sample: Sample, outcome: SampleOutcome) -> None:
        outcomes[sample.key] = outcome
        if file:
            file.append(sample, outcome)
        if report:
            report(len(outcomes) - before, len(samples) - before, "samples")

    run = _ScoringRun(problems, settings, keep)
    for sample in samples:
        if sample.key not in outcomes:
            run.waiting.put(sample)
    _work(run, min(settings.workers, max(1, run.waiting.qsize())))
    sandbox = facts(settings.level, settings.limits) | {"canaries": run.canaries, "canary_faults": run.faults}
    if file:
        file.close(sandbox, whole=run.failure is None)
    run.finish()
    return Score(len(problems.problems), {s.key: outcomes[s.key] for s in samples}, sandbox)


def _work(run: _ScoringRun, workers: int) -> None:
    """Each worker in a thread; the last look at the canaries is behind the last sample of each."""
    threads = [threading.Thread(target=run.work, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
