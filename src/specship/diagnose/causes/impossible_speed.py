"""More tokens a second, or less wall time, than the device has operations for."""

from __future__ import annotations

import statistics
from typing import Final

from specship.diagnose.facts import Facts
from specship.diagnose.finding import Cause, Figure, Observed, RootCause

_SLACK: Final = 1.25
"""The device's rate was measured in a moment that may have been a slow one."""


def _examine(facts: Facts) -> Observed | None:
    work, rate = facts.flops_per_token or 0.0, facts.device_flops or 0.0
    timed = [step for step in facts.steps if step.tokens_per_second is not None]
    speeds = [step.tokens_per_second or 0.0 for step in timed]
    typical = statistics.median(speeds) * work / rate
    fastest = max(timed, key=lambda step: step.tokens_per_second or 0.0)
    peak = (fastest.tokens_per_second or 0.0) * work / rate
    tokens, wall = facts.trained_tokens or 0, facts.wall_seconds
    floor = tokens * work / rate / wall if wall else 0.0
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
        lines=(fastest.line,),
        confidence=1.0 - _SLACK / worst,
        rule=(
            f"1 - {_SLACK:g} / w, w the largest of median_over_device, fastest_over_device / 2 "
            "and least_time_over_wall"
        ),
        says=f"the work claimed is {worst:.3g} times what the device did in plain matrix products",
        refute_by="train 20 steps under an outside clock: they would take as little time",
    )


CAUSE: Final = Cause(
    name="impossible-speed",
    root=RootCause.INFRASTRUCTURE,
    needs=("flops_per_token", "device_flops", "steps.tokens_per_second"),
    reference="Chowdhery et al. 2022 (arXiv:2204.02311), appendix B, on counting operations a token",
    mechanism="Steps were counted that did no work.",
    unseen="Fast is taken for good.",
    prevention="Speed is bounded by the device's own rate in matrix products.",
    examine=_examine,
    essential=False,
)
