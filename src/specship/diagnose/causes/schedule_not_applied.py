"""The learning rate of the log is not the one that the recorded settings describe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause, repeated
from specship.pipeline.run_logs.facts import Facts, LoggedStep
from specship.pipeline.run_logs.planned_rates import beside_the_plan, off_the_plan

_FEWEST: Final = 5
"""Records of the second half, where its shape is all that is known."""


def _examine(facts: Facts) -> Observed | None:
    schedule = facts.schedule
    assert schedule is not None  # noqa: S101 - among the needs
    logged = [
        step for step in facts.steps if step.lr is not None and math.isfinite(step.lr) and step.step > 0
    ]
    if not schedule.whole:
        return _by_shape(logged, schedule.shape)
    off = off_the_plan(beside_the_plan(logged, schedule, facts.kind), schedule)
    if not off:
        return None
    worst, _, expected = max(off, key=lambda one: abs(one[1] - one[2]))
    distinct = len({step.lr for step in logged})
    return Observed(
        figures=(
            Figure("records_off", len(off), "records"),
            Figure("records", len(logged), "records"),
            Figure("distinct_rates", distinct, "rates"),
            Figure("logged", worst.lr or 0.0, "learning rate"),
            Figure("configured", expected, "learning rate"),
        ),
        lines=(worst.line, *(step.line for step, _, _ in off[:3])),
        confidence=repeated(len(off)),
        rule="1 - 2^-records_off",
        says=(
            f"{len(off)} of {len(logged)} steps have another learning rate than configured; "
            f"at step {worst.step} {worst.lr:.3g} instead of {expected:.3g}"
            + (", and it never changed" if distinct == 1 else "")
        ),
        refute_by="run 20 steps under two schedules: their logged rates would differ as configured",
    )


def _by_shape(logged: Sequence[LoggedStep], shape: str) -> Observed | None:
    """What the shape alone tells: behind the warm-up a schedule moves the rate, and a constant does not."""
    later = logged[len(logged) // 2 :]
    rates = {step.lr for step in later}
    if len(later) < _FEWEST or (len(rates) == 1) == (shape == "constant"):
        return None
    return Observed(
        figures=(
            Figure("records", len(later), "records"),
            Figure("distinct_rates", len(rates), "rates"),
            Figure("meant", shape, "text"),
        ),
        lines=(later[0].line, later[-1].line),
        confidence=repeated(len(later)),
        rule="1 - 2^-records, those of the second half",
        says=(
            f"a {shape} schedule was meant, the last {len(later)} records have {len(rates)} learning rates"
            + (f": {later[-1].lr:.3g} in each of them" if len(rates) == 1 else "")
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
