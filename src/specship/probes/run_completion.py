"""Whether the planned steps were done, or an early stop explains each one that was not."""

from __future__ import annotations

from specship.errors import NotRecorded
from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.needs import judged_facts, on_word, unrecorded
from specship.pipeline.training.early_stopping import EarlyStopping
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "run.completion",
    checked="steps",
    steps="steps",
    status="text",
    unexplained_steps="steps",
    steps_beyond_plan="steps",
    aborts="events",
    misreported_steps="steps",
)
def run_completion(run: Artifact) -> Figures:
    """Steps that are planned, not in the log, and not left out by an early stop that was due.

    The stop is computed again from the evaluations: its event alone explains nothing. A run
    whose data ended, which aborted or which is not finished leaves its steps unexplained. Where every k-th
    step is logged, the log may end up to k - 1 steps before the run does, and the run's own count decides
    within that.

    Raises:
        DamagedArtifact: a log or the record of the run cannot be read.
    """
    facts = judged_facts(run.path)
    logged = _logged(facts)
    reported = facts.steps_done
    within = reported is not None and 0 <= reported - logged < facts.log_every
    done = reported if within and reported is not None else logged
    planned = facts.schedule.planned_steps if facts.schedule else facts.planned_steps
    left = None if planned is None else max(0, planned - done)
    aborted = [event for event in facts.events or () if event.name == "aborted"]
    return {
        "steps": done,
        "status": _status(facts, left),
        "unexplained_steps": unrecorded(facts, "planned_steps")
        if left is None
        else _unexplained(facts, done, left),
        "steps_beyond_plan": unrecorded(facts, "planned_steps")
        if planned is None
        else max(0, done - planned),
        "aborts": unrecorded(facts, "events") if facts.events is None else len(aborted),
        "misreported_steps": unrecorded(facts, "steps_done") if reported is None else abs(reported - done),
        "notes": [
            *(f"step {event.step}: {event.text}" for event in aborted[:3]),
            *filter(None, (facts.reason or facts.stop_reason,)),
            *on_word(facts, "planned_steps", "schedule"),
        ],
    }


def _logged(facts: Facts) -> int:
    """Steps that the log shows: those with a record where all are logged, else all up to the last."""
    return len({step.step for step in facts.steps}) if facts.log_every == 1 else facts.steps_by_log


def _status(facts: Facts, left: int | None) -> str | NotRecorded:
    """As the run says, or as its count of steps and its end show."""
    if facts.status is not None:
        return facts.status
    if facts.finished is None:
        return unrecorded(facts, "status")
    if not facts.finished:
        return "running"
    if facts.stop_reason:
        return "stopped_early"
    return "completed" if left == 0 else "ended"


def _unexplained(facts: Facts, done: int, left: int) -> int | NotRecorded:
    """Steps that are left, none where the evaluations show that a stop was due."""
    if not left:
        return 0
    if facts.events is not None:
        named = any(event.name == "early_stop" and event.step == done for event in facts.events)
        return 0 if named and _stop_was_due(facts, done) else left
    if facts.stop_reason:  # what the callback looked for may be no loss, and its threshold is not on record
        return unrecorded(facts, "patience", "min_improvement")
    return left


def _stop_was_due(facts: Facts, step: int) -> bool:
    """Whether the settings' patience had run out at a step, by the evaluations themselves."""
    if facts.patience is None or facts.min_improvement is None:
        return False
    stopping = EarlyStopping(facts.patience, facts.min_improvement)
    for found in facts.evaluations:
        if found.standard_error is None:
            return False
        stopping.observe(found.step, found.loss, found.standard_error)
        if stopping.due:
            return found.step == step
    return False
