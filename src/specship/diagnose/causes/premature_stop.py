"""Early stopping inside the noise of its held-out set, or while the training loss was still falling."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Final

from specship.diagnose.facts import Facts, Step
from specship.diagnose.finding import Cause, Figure, Observed, RootCause

_BY_NOISE: Final = 0.1
_FALLING: Final = 3.0
"""Standard errors of the slope at which a loss is still falling."""


def _examine(facts: Facts) -> Observed | None:
    stops = [event for event in facts.events or () if event.name == "early_stop"]
    withheld = [event for event in facts.events or () if event.name == "early_stop_withheld"]
    stopped = facts.status == "stopped_early" or bool(stops)
    noise = max((one.standard_error or 0.0 for one in facts.evaluations), default=0.0)
    wanted = facts.min_improvement or 0.0
    by_noise = math.erfc(wanted / (2.0 * noise)) if noise else 0.0
    slope, z = _slope(facts.losses[len(facts.losses) // 2 :])
    by_slope = math.erf(z / math.sqrt(2.0)) if slope < 0 and z > _FALLING else 0.0
    if by_noise < _BY_NOISE and not (by_slope and stopped):
        return None
    return Observed(
        figures=(
            Figure("standard_error", noise, "nats/token"),
            Figure("min_improvement", wanted, "nats/token"),
            Figure("training_slope", slope, "nats/token/step"),
            Figure("slope_over_error", z, "ratio"),
        ),
        lines=(
            *(event.line for event in (*stops, *withheld)[:2]),
            *(one.line for one in facts.evaluations[-2:]),
        ),
        confidence=max(by_noise, by_slope if stopped else 0.0),
        rule=(
            "the larger of erfc(min_improvement / (2 standard_error)), the chance of such a difference "
            "by noise alone, and erf(slope_over_error / sqrt 2) where it stopped on a falling loss"
        ),
        says=(
            f"{'it stopped early' if stopped else 'early stopping would decide'} with held-out noise of "
            f"{noise:.3g} nats a token, {wanted:.3g} being "
            f"looked for, while training loss moved by {slope:.3g} a step"
        ),
        refute_by="go on with 8 times the held-out tokens: no evaluation would be better",
    )


def _slope(steps: Sequence[Step]) -> tuple[float, float]:
    """Least-squares slope of the loss over steps, and its size in standard errors."""
    if len(steps) < 4:
        return 0.0, 0.0
    xs, ys = [float(step.step) for step in steps], [step.loss or 0.0 for step in steps]
    slope, start = statistics.linear_regression(xs, ys)
    middle = statistics.fmean(xs)
    squares = math.fsum((x - middle) ** 2 for x in xs)
    residual = math.fsum((y - start - slope * x) ** 2 for x, y in zip(xs, ys, strict=True)) / (len(xs) - 2)
    error = math.sqrt(residual / squares) if squares else 0.0
    return slope, abs(slope) / error if error else 0.0


CAUSE: Final = Cause(
    name="premature-stop",
    root=RootCause.OPTIMIZATION,
    needs=("steps.loss", "evaluations", "events", "min_improvement"),
    reference="Prechelt 1998, Early Stopping - But When? (doi:10.1007/3-540-49430-8_3)",
    mechanism="Patience ran out on evaluations that differ by their own noise.",
    unseen="The constants came from a smoke test, and an early end looks like a finished run.",
    prevention="Held-out noise must be smaller than the improvement looked for, or stopping is withheld.",
    examine=_examine,
    guards=("early_stop_withheld",),
    essential=False,
)
