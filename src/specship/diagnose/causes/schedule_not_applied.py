"""The learning rate of the log is not the one that the recorded settings describe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause, repeated
from specship.pipeline.run_logs.facts import OURS, Facts, LoggedStep, Schedule
from specship.pipeline.training.schedule import learning_rate

_FEWEST: Final = 5
"""Records of the second half, where its shape is all that is known."""
_TOLERANCE: Final = 1e-6
"""Of the peak: rounding of a closed form."""


def _examine(facts: Facts) -> Observed | None:
    schedule = facts.schedule
    assert schedule is not None  # noqa: S101 - among the needs
    logged = [
        step for step in facts.steps if step.lr is not None and math.isfinite(step.lr) and step.step > 0
    ]
    if not schedule.whole:
        return _by_shape(logged, schedule.shape)
    # A Trainer logs the rate of the step that it did or of the next one, by its release.
    off = min((_off(logged, schedule, late) for late in ((0,) if facts.kind == OURS else (0, 1))), key=len)
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


def _off(logged: Sequence[LoggedStep], schedule: Schedule, late: int) -> list[tuple[LoggedStep, float]]:
    """Records whose rate is not that of the settings, with that one."""
    pairs = [(step, _configured(schedule, step.step - late)) for step in logged]
    return [
        (step, rate) for step, rate in pairs if not abs((step.lr or 0.0) - rate) <= _TOLERANCE * schedule.peak
    ]


def _configured(schedule: Schedule, step: int) -> float:
    warm_up, planned = schedule.warmup_steps, schedule.planned_steps
    if step < warm_up:
        return schedule.peak * step / warm_up
    if schedule.shape == "constant" or step == 0:
        return schedule.peak
    if schedule.shape == "linear":
        return schedule.peak * max(0.0, (planned - step) / max(1, planned - warm_up))
    return learning_rate(
        step, peak=schedule.peak, floor=schedule.floor, warmup_steps=warm_up, planned_steps=planned
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
