"""Whether the planned steps were done, or an early stop explains each one that was not."""

from __future__ import annotations

from specship.pipeline.training.early_stopping import EarlyStopping
from specship.pipeline.training.run_reading import RunRecord, read_evaluations, read_log, read_run, read_steps
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
    whose data ended, which aborted or which is not finished leaves its steps unexplained.

    Raises:
        DamagedArtifact: a log or the record of the run cannot be read.
    """
    record = read_run(run.path)
    done = len({step["step"] for step in read_steps(run.path)})
    left = max(0, record.config.training.steps - done)
    events = read_log(run.path / "events.jsonl")
    named = any(event.get("event") == "early_stop" and event.get("step") == done for event in events)
    aborted = [event for event in events if event.get("event") == "aborted"]
    notes = [f"step {event.get('step')}: {event.get('reason')}" for event in aborted[:3]]
    return {
        "steps": done,
        "status": record.status,
        "unexplained_steps": 0 if named and _stop_was_due(run, record, done) else left,
        "steps_beyond_plan": max(0, done - record.config.training.steps),
        "aborts": len(aborted),
        "misreported_steps": abs(record.steps_done - done),
        "notes": [*notes, record.reason] if record.reason else notes,
    }


def _stop_was_due(run: Artifact, record: RunRecord, step: int) -> bool:
    """Whether the settings' patience had run out at a step, by the evaluations themselves."""
    settings = record.config.training
    stopping = EarlyStopping(settings.patience, settings.min_improvement)
    for found in read_evaluations(run.path):
        stopping.observe(int(found["step"]), float(found["val_loss"]), float(found["standard_error"]))
        if stopping.due:
            return int(found["step"]) == step
    return False
