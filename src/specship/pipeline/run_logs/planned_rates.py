"""The learning rate of each logged step beside the one that the schedule's closed form gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from specship.pipeline.run_logs.facts import OURS, LoggedStep, Schedule
from specship.pipeline.training.schedule import learning_rate

_TOLERANCE: Final = 1e-6
"""Of the peak: rounding of a closed form."""
Rated = tuple[LoggedStep, float, float]
"""A record, its rate, and the rate that the schedule gives."""


def beside_the_plan(steps: Sequence[LoggedStep], schedule: Schedule, kind: str) -> list[Rated]:
    """Every record that holds a rate, with the planned one; of the kind's ways to log it the nearest.

    Ours logs the rate of the step that was done. Other programs log that or the rate of the next step, by
    their release, and some count steps from 0.
    """
    rated = [(step, step.lr) for step in steps if step.lr is not None]
    ways = [
        [(step, rate, planned_rate(schedule, step.step - late)) for step, rate in rated]
        for late in ((0,) if kind == OURS else (0, 1, -1))
    ]
    return min(ways, key=lambda way: sum(not _close(rate, planned, schedule) for _, rate, planned in way))


def off_the_plan(rated: Sequence[Rated], schedule: Schedule) -> list[Rated]:
    """Those that differ by more than rounding."""
    return [one for one in rated if not _close(one[1], one[2], schedule)]


def _close(rate: float, planned: float, schedule: Schedule) -> bool:
    return abs(rate - planned) <= _TOLERANCE * schedule.peak


def planned_rate(schedule: Schedule, step: int) -> float:
    """Learning rate of a step, 1 being the first, by the closed form of the settings."""
    warm_up, planned = schedule.warmup_steps, schedule.planned_steps
    if step < warm_up:
        return schedule.peak * step / warm_up
    if schedule.shape == "constant" or step == 0:
        return schedule.peak
    if schedule.shape == "linear":
        left = max(0.0, (planned - step) / max(1, planned - warm_up))
        return schedule.floor + (schedule.peak - schedule.floor) * left
    return learning_rate(
        step, peak=schedule.peak, floor=schedule.floor, warmup_steps=warm_up, planned_steps=planned
    )
