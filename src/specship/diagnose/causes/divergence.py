"""The loss grew and training went on, or ended because of it."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise
from typing import Final

from specship.diagnose.facts import Facts, Step
from specship.diagnose.finding import Cause, Figure, Observed, RootCause

_GROWTH: Final = 2.0
"""Ratio between successive held-out losses that is divergence."""
_RISE: Final = 1.1
"""Ratio of the last training losses to the lowest level before."""


def _examine(facts: Facts) -> Observed | None:
    aborted = [
        event for event in facts.events or () if event.name == "aborted" and "divergence" in event.text
    ]
    growth, pair = max(
        (
            (after.loss / before.loss, (before, after))
            for before, after in pairwise(facts.evaluations)
            if before.loss > 0
        ),
        key=lambda found: found[0],
        default=(1.0, None),
    )
    rise, low = _rise(facts)
    if not aborted and growth <= _GROWTH and rise <= _RISE:
        return None
    lines = [event.line for event in aborted]
    lines += [one.line for one in pair] if pair and growth > _GROWTH else []
    lines += [low.line, facts.last_tenth[-1].line] if low and rise > _RISE else []
    strength = max(growth / _GROWTH, rise / _RISE)
    return Observed(
        figures=(
            Figure("held_out_growth", growth, "ratio"),
            Figure("training_rise", rise, "ratio"),
            Figure("aborts", len(aborted), "events"),
        ),
        lines=tuple(lines[:5]),
        confidence=1.0 if aborted else 1.0 - 1.0 / (1.0 + strength**4),
        rule=(
            "1 where the run aborted itself for it, else 1 - 1 / (1 + s^4), "
            f"with s the larger of held_out_growth / {_GROWTH:g} and training_rise / {_RISE:g}"
        ),
        says=f"losses grew: held-out to {growth:.3g} of the one before, training to {rise:.3g} of its lowest",
        refute_by="go on from the last good checkpoint with a tenth of the rate: it would grow again",
    )


def _rise(facts: Facts) -> tuple[float, Step | None]:
    """The last tenth's mean over the lowest mean of a stretch of that length before it."""
    finite = [step for step in facts.losses if math.isfinite(step.loss or 0.0)]
    size = len(facts.last_tenth)
    stretches = (
        [finite[at : at + size] for at in range(0, len(finite) - 2 * size + 1, size)] if size > 2 else []
    )
    if not stretches:
        return 1.0, None
    lowest = min(stretches, key=lambda some: statistics.fmean(step.loss or 0.0 for step in some))
    low, last = (statistics.fmean(step.loss or 0.0 for step in some) for some in (lowest, facts.last_tenth))
    return (last / low if low > 0 else 1.0), lowest[0]


CAUSE: Final = Cause(
    name="divergence",
    root=RootCause.OPTIMIZATION,
    needs=("steps.loss",),
    reference="Zhang et al. 2022 (arXiv:2205.01068), section 2.5, on divergences and the learning rate",
    mechanism="Steps are larger than the loss surface allows, and each makes the next one worse.",
    unseen="Nothing compared an evaluation with the one before it.",
    prevention="A held-out loss that doubles, or a training loss above 2 ln V, ends the run with its reason.",
    examine=_examine,
    guards=("aborted: divergence",),
)
