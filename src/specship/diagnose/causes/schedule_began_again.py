"""The learning rate began again in the middle of its schedule, as after a resume that lost it.

A schedule that restarts by design has come to its end before it does so (Loshchilov and Hutter 2017), or
does it at equal distances.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause, repeated
from specship.pipeline.run_logs.facts import Facts, LoggedStep

_SAME: Final = 1e-6
"""Relative: what rounding leaves of equal rates."""
_MOST: Final = 64
"""Places that are looked at."""
_ENDED: Final = 0.1
"""Share of the peak below which a schedule has come to its end."""


def _examine(facts: Facts) -> Observed | None:
    steps = [step for step in facts.steps if step.lr is not None and math.isfinite(step.lr)]
    rates = [step.lr or 0.0 for step in steps]
    places = [
        at for at in range(2, len(rates)) if _same(rates[at], rates[0]) and not _same(*rates[at - 1 : at + 1])
    ]
    if len(places) > _MOST:
        return None  # a rate that goes to and fro is none of a schedule
    found = [(at, same) for at in places if (same := _repeated(rates, at)) > 1]
    if not found or _by_design([at for at, _ in found], len(rates)):
        return None
    at, same = max(found, key=lambda pair: pair[1])
    peak = max(rates[:at])
    if rates[at - 1] <= max(_ENDED * peak, rates[0] if rates[0] < peak else 0.0):
        return None
    return _observed(steps, at, same, peak)


def _same(one: float, two: float) -> bool:
    return math.isclose(one, two, rel_tol=_SAME)


def _repeated(rates: Sequence[float], at: int) -> int:
    """Rates from a record on that are those of the beginning, up to where both part; 0 where these stand."""
    same = 0
    while at + same < len(rates) and same < at and _same(rates[at + same], rates[same]):
        same += 1
    return same if len(set(rates[:same])) > 1 else 0


def _by_design(places: Sequence[int], records: int) -> bool:
    """Whether all cycles have one length: at least two whole ones, to one record."""
    edges = [0, *places, records]
    lengths = [after - before for before, after in pairwise(edges)]
    return max(lengths[:-1]) - min(lengths[:-1]) <= 1 and abs(lengths[-1] - lengths[0]) <= 1


def _observed(steps: Sequence[LoggedStep], at: int, same: int, peak: float) -> Observed:
    before, after = steps[at - 1], steps[at]
    return Observed(
        figures=(
            Figure("rates_repeated", same, "records"),
            Figure("rate_before", before.lr or 0.0, "learning rate"),
            Figure("rate_after", after.lr or 0.0, "learning rate"),
            Figure("peak", peak, "learning rate"),
        ),
        lines=(before.line, after.line, steps[0].line),
        confidence=repeated(same),
        rule="1 - 2^-rates_repeated",
        says=(
            f"between steps {before.step} and {after.step} the learning rate went from {before.lr:.3g} to "
            f"{after.lr:.3g}, and {same} records repeat the rates of the first ones: the schedule began again"
        ),
        refute_by="read the scheduler's step in the checkpoint that was resumed: it would be that of the run",
    )


CAUSE: Final = Cause(
    name="schedule-began-again",
    root=RootCause.OPTIMIZATION,
    needs=("steps.lr",),
    reference="Loshchilov and Hutter 2017 (arXiv:1608.03983), on restarts that are meant",
    mechanism="A resumed run made a new schedule and did not give it the steps that were done.",
    unseen="The loss recovers from a second warm-up, only later and higher.",
    prevention="The scheduler's state is part of a checkpoint, and each step's rate a function of the step.",
    examine=_examine,
)
