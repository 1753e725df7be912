"""Signs that nothing moves: gradients of zero beside a loss that stays, and held-out losses of one number.

A gradient norm of zero beside a loss that falls is another matter: something moves, and the field was never
filled.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from specship.diagnose.coincidence import resolution
from specship.pipeline.run_logs.facts import Evaluation, Facts, LoggedStep

_FEWEST: Final = 4
"""Records of zero, where all are."""
_FEWEST_AT_THE_END: Final = 20
"""The same of a part of the run: a loss that has come to rest may lose its gradient for some steps."""
_FAR: Final = 0.1
"""Nats a token: a loss of nothing has no gradient, and rightly so."""
_NOISES: Final = 3.0
_FEWEST_ALIKE: Final = 3
"""Evaluations of one loss."""
_FEWEST_ROUNDED: Final = 6
"""The same where the log has so few decimals that small steps may not show."""
_LEAST_FALL: Final = 0.05
"""Nats a token that a training loss which fell came down by."""


def frozen_steps(facts: Facts) -> Sequence[LoggedStep]:
    """The records from the first whose gradient norm is zero to the end; none where one moved, or a loss."""
    steps = [step for step in facts.finite_losses if step.grad_norm is not None]
    at = len(steps)
    while at and steps[at - 1].grad_norm == 0.0:
        at -= 1
    found = steps[at:]
    if len(found) < (_FEWEST_AT_THE_END if at else _FEWEST):
        return ()
    losses = [step.loss or 0.0 for step in found]
    return found if statistics.fmean(losses) > _FAR and abs(fallen(losses)) <= _NOISES * noise(losses) else ()


def fallen(losses: Sequence[float]) -> float:
    """Mean of the first half less that of the second, nats a token."""
    half = len(losses) // 2
    return statistics.fmean(losses[:half]) - statistics.fmean(losses[half:])


def noise(losses: Sequence[float]) -> float:
    """Standard error of that difference, by the differences of neighbours: a fall adds little to these."""
    steps = [(one - two) ** 2 / 2 for one, two in pairwise(losses)]
    return math.sqrt(statistics.fmean(steps) * 4 / len(losses))


def standing_evaluations(facts: Facts) -> Sequence[Evaluation]:
    """The longest series of evaluations that all have one loss; none where any moved.

    An evaluation of step 0 is before training, and one that is logged twice counts once.
    """
    found: list[Evaluation] = []
    for series in facts.evaluation_sets:
        one_each = list({one.step: one for one in series if one.step > 0}.values())
        if len({one.loss for one in one_each}) != 1 or not one_each[0].loss > 0:
            return ()
        rounded = resolution([one_each[0].loss]) > one_each[0].loss * 1e-6
        if len(one_each) >= (_FEWEST_ROUNDED if rounded else _FEWEST_ALIKE):
            found = max(found, one_each, key=len)
    return found


def training_fell(facts: Facts) -> bool:
    """Whether training losses came down beyond their noise."""
    losses = [step.loss or 0.0 for step in facts.finite_losses]
    return len(losses) > 3 and fallen(losses) > max(_LEAST_FALL, _NOISES * noise(losses))
