"""Five whys, built from what was found: symptom, finding, mechanism, why nobody saw it, what prevents it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from specship.diagnose.diagnosing import Diagnosis
from specship.diagnose.facts import Facts


@dataclass(frozen=True, slots=True)
class Why:
    """One question and its answer."""

    question: str
    answer: str


def five_whys(diagnosis: Diagnosis) -> tuple[Why, ...]:
    """The chain of the binding finding; empty where nothing was found."""
    if not diagnosis.findings:
        return ()
    first = diagnosis.findings[0]
    also = [finding.cause.name for finding in diagnosis.findings[1:]]
    return (
        Why("Why is this run not to be believed or not good enough?", symptom(diagnosis.facts)),
        Why("Why is that so?", f"{first.observed.says} ({first.cause.name})."),
        Why("Why does that happen?", first.cause.mechanism),
        Why("Why was it not seen?", first.cause.unseen),
        Why(
            "Why could it happen at all?",
            f"What prevents it was missing: {first.cause.prevention}"
            + (f" To be looked at next: {', '.join(also)}." if also else ""),
        ),
    )


def symptom(facts: Facts) -> str:
    """Where the losses ended, in figures; nothing else is claimed."""
    parts = []
    finite = [step.loss for step in facts.losses if step.loss is not None and math.isfinite(step.loss)]
    if finite:
        parts.append(f"training loss ended at {finite[-1]:.4g} nats a token")
    if facts.evaluations:
        parts.append(f"held-out loss at {facts.evaluations[-1].loss:.4g}")
    if facts.ln_vocabulary is not None:
        parts.append(f"knowing nothing costs {facts.ln_vocabulary:.4g}")
    if facts.steps and facts.planned_steps:
        parts.append(f"{facts.steps[-1].step} of {facts.planned_steps} steps were done")
    return ("; ".join(parts) or "there are no losses on record") + "."
