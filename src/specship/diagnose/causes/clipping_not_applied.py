"""Gradient norms after clipping that lie above the clip."""

from __future__ import annotations

import math
from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause, repeated
from specship.pipeline.run_logs.facts import Facts

_ROUNDING: Final = 1.001


def _examine(facts: Facts) -> Observed | NotExamined | None:
    clip = facts.clip_norm or 0.0
    if not 0 < clip < math.inf:
        return NotExamined(missing=("clip_norm",))
    logged = [step for step in facts.steps if math.isfinite(step.clipped_norm or math.nan)]
    above = [step for step in logged if (step.clipped_norm or 0.0) > clip * _ROUNDING]
    clippable = [step for step in logged if (step.grad_norm or 0.0) > clip * _ROUNDING]
    if not above:
        return None
    worst = max(above, key=lambda step: step.clipped_norm or 0.0)
    return Observed(
        figures=(
            Figure("steps_above", len(above), "records"),
            Figure("steps_to_clip", max(len(clippable), len(above)), "records"),
            Figure("largest_over_clip", (worst.clipped_norm or 0.0) / clip, "ratio"),
        ),
        lines=tuple(step.line for step in above[:3]),
        confidence=repeated(len(above)),
        rule="1 - 2^-steps_above",
        says=f"{len(above)} steps have a norm above the clip of {clip:g} after clipping",
        refute_by="clip a gradient of a known norm: its norm would come out as the clip",
    )


CAUSE: Final = Cause(
    name="clipping-not-applied",
    root=RootCause.OPTIMIZATION,
    needs=("clip_norm", "steps.clipped_norm"),
    reference="Pascanu et al. 2012 (arXiv:1211.5063)",
    mechanism="The norm is computed, and no gradient is scaled.",
    unseen="Only the norm before clipping was logged.",
    prevention="The norm after clipping is logged each step and held against the clip.",
    examine=_examine,
)
