"""Held-out losses that are one number, to the last digit, from the first evaluation to the last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from specship.diagnose.coincidence import resolution
from specship.diagnose.facts import Evaluation, Facts
from specship.diagnose.frozen import fallen, noise

_FEWEST: Final = 3
_FEWEST_ROUNDED: Final = 6
"""Where the log has so few decimals that small steps may not show."""
_NOISES: Final = 3.0
_LEAST: Final = 0.05
"""Nats a token that a training loss which fell came down by."""


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
        if len(one_each) >= (_FEWEST_ROUNDED if rounded else _FEWEST):
            found = max(found, one_each, key=len)
    return found


def training_fell(facts: Facts) -> bool:
    """Whether training losses came down beyond their noise."""
    losses = [step.loss or 0.0 for step in facts.finite_losses]
    return len(losses) > 3 and fallen(losses) > max(_LEAST, _NOISES * noise(losses))
