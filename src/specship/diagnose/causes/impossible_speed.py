"""More tokens a second, or less wall time, than the device has operations for."""

from __future__ import annotations

import math
import statistics
from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause
from specship.pipeline.run_logs.facts import OURS, Facts

_SLACK: Final = 1.25
"""The device's rate was measured in a moment that may have been a slow one."""
_ANY_CLUSTER: Final = 1e20
"""FLOP/s that no run reaches: a hundred thousand devices of 1e15 each (NVIDIA H100: 0.99e15 in bfloat16)."""


def _examine(facts: Facts) -> Observed | NotExamined | None:
    return _by_steps(facts) if facts.kind == OURS else _by_whole_run(facts)


def _by_whole_run(facts: Facts) -> Observed | NotExamined | None:
    """A Trainer counts operations and time of the whole run, and not the devices that it ran on."""
    work, wall, told = facts.total_flops, facts.wall_seconds, facts.device_flops
    if not work or not wall:
        return NotExamined(
            because="the time of the whole run is not on record: a checkpoint is older than it"
        )
    rate, most = work / wall, _SLACK * told if told else _ANY_CLUSTER
    if rate <= most:
        return None
    return Observed(
        figures=(
            Figure("total_flops", work, "FLOP"),
            Figure("wall_seconds", wall, "s"),
            Figure("rate", rate, "FLOP/s"),
            Figure("possible_rate", most, "FLOP/s"),
        ),
        lines=facts.recorded("total_flos", "log_history"),
        confidence=1.0 - most / rate,
        rule=(
            f"1 - possible_rate / rate, possible being {_SLACK:g} times what was told, and else what a "
            "hundred thousand devices of 1e15 FLOP/s could do"
        ),
        says=f"{work:.3g} operations in {wall:.3g} s are {rate / most:.3g} times what is possible",
        refute_by="train 20 steps under an outside clock: they would take as little time",
    )


def _by_steps(facts: Facts) -> Observed | NotExamined | None:
    work, rate = facts.flops_per_token or 0.0, facts.device_flops or 0.0
    if not (work > 0 and 0 < rate < math.inf):
        return NotExamined(missing=("device_flops" if work > 0 else "flops_per_token",))
    timed = [
        (step.tokens_per_second, step)
        for step in facts.steps
        if step.tokens_per_second is not None and math.isfinite(step.tokens_per_second)
    ]
    if not timed:
        return NotExamined(missing=("steps.tokens_per_second",))
    typical = statistics.median(speed for speed, _ in timed) * work / rate
    speed, fastest = max(timed, key=lambda pair: pair[0])
    peak = speed * work / rate
    floor = _least_over_wall(facts, work / rate)
    worst = max(typical, peak / 2, floor)
    if worst <= _SLACK:
        return None
    return Observed(
        figures=(
            Figure("median_over_device", typical, "ratio"),
            Figure("fastest_over_device", peak, "ratio"),
            Figure("least_time_over_wall", floor, "ratio"),
            Figure("flops_per_token", work, "FLOP/token"),
            Figure("device_rate", rate, "FLOP/s"),
        ),
        lines=(
            fastest.line,
            *facts.recorded("flops_per_token", "matmul_flops_per_second", "wall_seconds", "steps_done"),
        ),
        confidence=1.0 - _SLACK / worst,
        rule=(
            f"1 - {_SLACK:g} / w, w the largest of median_over_device, fastest_over_device / 2 "
            "and least_time_over_wall"
        ),
        says=f"the work claimed is {worst:.3g} times what the device did in plain matrix products",
        refute_by="train 20 steps under an outside clock: they would take as little time",
    )


def _least_over_wall(facts: Facts, seconds_per_token: float) -> float:
    """The least time of the steps that the wall time on record covers, over that time; 0 where unknown."""
    step, wall = facts.checkpointed_step, facts.wall_seconds
    if not step or not wall or not facts.tokens_per_step:
        return 0.0
    return step * facts.tokens_per_step * seconds_per_token / wall


CAUSE: Final = Cause(
    name="impossible-speed",
    root=RootCause.INFRASTRUCTURE,
    needs=("steps",),
    reference="Chowdhery et al. 2022 (arXiv:2204.02311), appendix B, on counting operations a token",
    mechanism="Steps were counted that did no work.",
    unseen="Fast is taken for good.",
    prevention="Speed is bounded by the device's own rate in matrix products.",
    examine=_examine,
)
