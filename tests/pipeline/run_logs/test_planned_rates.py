"""The planned rate of a step, for every shape and every way in which loggers count."""

import pytest

from specship.pipeline.run_logs.facts import OURS, TRAINER, Line, LoggedStep, Schedule
from specship.pipeline.run_logs.planned_rates import beside_the_plan, off_the_plan, planned_rate


def schedule(shape: str) -> Schedule:
    return Schedule(peak=1.0, floor=0.1, warmup_steps=10, planned_steps=110, shape=shape)


@pytest.mark.parametrize(
    ("shape", "rates"),
    [
        ("cosine", {5: 0.5, 10: 1.0, 60: 0.55, 110: 0.1, 200: 0.1}),
        ("linear", {5: 0.5, 10: 1.0, 60: 0.55, 110: 0.1, 200: 0.1}),
        ("constant", {0: 0.0, 5: 0.5, 10: 1.0, 200: 1.0}),
    ],
)
def test_the_closed_form(shape: str, rates: dict[int, float]) -> None:
    assert {step: planned_rate(schedule(shape), step) for step in rates} == pytest.approx(rates)


@pytest.mark.parametrize("late", [0, 1, -1])
def test_whichever_step_the_log_means(late: int) -> None:
    plan = schedule("cosine")
    steps = [
        LoggedStep(line=Line("log", at), step=at, lr=planned_rate(plan, at - late)) for at in range(2, 111, 3)
    ]

    assert off_the_plan(beside_the_plan(steps, plan, TRAINER), plan) == []
    assert bool(off_the_plan(beside_the_plan(steps, plan, OURS), plan)) == bool(late)
