"""The loss went back to where the run began, and fell once more along the same curve.

A spike comes back in a few steps and a harder text lands anywhere; what begins again takes as long as the
first time, from the same level. Held-out loss that is as low right after the jump knows what was learned.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause
from specship.pipeline.run_logs.facts import Facts, LoggedStep

_WIDTH: Final = 3
"""Records on either side of a jump that give its levels."""
_FALLEN: Final = 0.75
"""Share of the way down that the beginning is compared over."""
_ENOUGH: Final = 10
"""Records that show a curve which the log ends before: they have to come down by `_PART`."""
_PART: Final = 0.4
_LIKE: Final = 0.2
"""Share of the way down by which the second curve may lie beside the first, on average."""
_NOISES: Final = 5.0
_LEAST: Final = 0.3
"""Nats a token that the run must have come down."""


def _examine(facts: Facts) -> Observed | None:
    steps = facts.finite_losses
    losses = [step.loss or 0.0 for step in steps]
    at = _largest_jump(losses)
    if at is None:
        return None
    start, before = statistics.fmean(losses[:_WIDTH]), statistics.fmean(losses[at - _WIDTH : at])
    way, spread = start - before, _spread(losses[:at])
    if way < max(_LEAST, _NOISES * spread):
        return None
    whole = _length_of_the_way(losses[:at], before + (1 - _FALLEN) * way)
    part = max(_ENOUGH, _length_of_the_way(losses[:at], before + (1 - _PART) * way))
    down = min(whole, len(losses) - at)
    if down < min(whole, part) or _held_out_stayed(facts, steps[at - 1].step, steps[at + down - 1].step):
        return None
    apart = statistics.fmean(abs(one - two) for one, two in zip(losses, losses[at : at + down], strict=False))
    if apart > _LIKE * way:
        return None
    return _observed(steps, at, down, way=way, apart=apart)


def _held_out_stayed(facts: Facts, jump: int, end: int) -> bool:
    """Whether the first evaluation behind the jump, while training was still above, is no higher."""
    for series in facts.evaluation_sets:
        before = [one.loss for one in series if one.step <= jump]
        after = [one.loss for one in series if jump < one.step <= end]
        if before and after and after[0] <= min(before):
            return True
    return False


def _largest_jump(losses: Sequence[float]) -> int | None:
    """Where the loss rose most from one record to the next, with records enough on either side."""
    places = range(2 * _WIDTH, len(losses) - _WIDTH + 1)
    return max(places, key=lambda at: losses[at] - losses[at - 1], default=None)


def _spread(losses: Sequence[float]) -> float:
    """Noise of one record, by the median difference of neighbours."""
    return statistics.median(abs(a - b) for a, b in pairwise(losses)) / math.sqrt(2) / 0.6745


def _length_of_the_way(losses: Sequence[float], level: float) -> int:
    """Records until three in a row lie below a level on average."""
    ends = range(_WIDTH, len(losses) + 1)
    return next((end for end in ends if statistics.fmean(losses[end - _WIDTH : end]) <= level), len(losses))


def _observed(steps: Sequence[LoggedStep], at: int, down: int, *, way: float, apart: float) -> Observed:
    before, after = steps[at - 1], steps[at]
    return Observed(
        figures=(
            Figure("loss_before", before.loss or 0.0, "nats/token"),
            Figure("loss_after", after.loss or 0.0, "nats/token"),
            Figure("first_loss", steps[0].loss or 0.0, "nats/token"),
            Figure("come_down", way, "nats/token"),
            Figure("apart", apart, "nats/token"),
            Figure("records_compared", down, "records"),
        ),
        lines=(before.line, after.line, steps[0].line, steps[down - 1].line),
        confidence=1.0 - apart / way,
        rule=f"1 - apart / come_down, where that is above {1 - _LIKE:g}: the mean distance of both curves",
        says=(
            f"between steps {before.step} and {after.step} the loss went from {before.loss:.3g} back to "
            f"{after.loss:.3g}, and {down} records repeat the curve of the beginning: the weights were lost"
        ),
        refute_by=f"score the last checkpoint before step {after.step}: its loss would be {after.loss:.3g}",
    )


CAUSE: Final = Cause(
    name="weights-lost",
    root=RootCause.INFRASTRUCTURE,
    needs=("steps.loss",),
    reference="Mohan et al. 2021, CheckFreq (USENIX FAST), on what a resumed run must restore",
    mechanism="A resumed run restored its counters, and neither the weights nor what belongs to them.",
    unseen="The loss falls again, and the step count says that all is well.",
    prevention="The first loss after a resume is held against the last one before it.",
    examine=_examine,
)
