"""The learning rate of the log is not the one that the recorded settings describe."""

from __future__ import annotations

import math
from typing import Final

from specship.diagnose.facts import Facts
from specship.diagnose.finding import Cause, Figure, Observed, RootCause, repeated
from specship.pipeline.training.schedule import learning_rate

_TOLERANCE: Final = 1e-6
"""Of the peak: rounding of a closed form."""


def _examine(facts: Facts) -> Observed | None:
    schedule = facts.schedule
    assert schedule is not None  # noqa: S101 - among the needs
    logged = [
        step for step in facts.steps if step.lr is not None and math.isfinite(step.lr) and step.step > 0
    ]
    off = []
    for step in logged:
        expected = learning_rate(
            step.step,
            peak=schedule.peak,
            floor=schedule.floor,
            warmup_steps=schedule.warmup_steps,
            planned_steps=schedule.planned_steps,
        )
        if not abs((step.lr or 0.0) - expected) <= _TOLERANCE * schedule.peak:
            off.append((step, expected))
    if not off:
        return None
    worst, expected = max(off, key=lambda pair: abs((pair[0].lr or 0.0) - pair[1]))
    distinct = len({step.lr for step in logged})
    return Observed(
        figures=(
            Figure("records_off", len(off), "records"),
            Figure("records", len(logged), "records"),
            Figure("distinct_rates", distinct, "rates"),
            Figure("logged", worst.lr or 0.0, "learning rate"),
            Figure("configured", expected, "learning rate"),
        ),
        lines=(worst.line, *(step.line for step, _ in off[:3])),
        confidence=repeated(len(off)),
        rule="1 - 2^-records_off",
        says=(
            f"{len(off)} of {len(logged)} steps have another learning rate than configured; "
            f"at step {worst.step} {worst.lr:.3g} instead of {expected:.3g}"
            + (", and it never changed" if distinct == 1 else "")
        ),
        refute_by="run 20 steps under two schedules: their logged rates would differ as configured",
    )


CAUSE: Final = Cause(
    name="schedule-not-applied",
    root=RootCause.OPTIMIZATION,
    needs=("schedule", "steps.lr"),
    reference="Loshchilov and Hutter 2017 (arXiv:1608.03983)",
    mechanism="The schedule was parsed and the optimizer never got it.",
    unseen="Two budgets gave the same losses, and nobody asked whether what was varied had moved.",
    prevention="Every step's rate is held against the closed form of the settings.",
    examine=_examine,
)
