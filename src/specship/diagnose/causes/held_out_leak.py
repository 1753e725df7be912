"""Held-out loss far below training loss on data that were read once: the model has seen the held-out text."""

from __future__ import annotations

import math
import statistics
from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause
from specship.pipeline.run_logs.facts import OURS, Facts

_LEAST: Final = 0.3
"""Nats a token: dropout, the average over a falling curve and easier documents explain less."""
_NOISES: Final = 5.0


def _examine(facts: Facts) -> Observed | NotExamined | None:
    if facts.kind != OURS:
        return NotExamined(
            because="a Trainer's evaluation text need not be a sample of its training text, and may be easier"
        )
    steps, finite = facts.last_tenth, facts.finite_evaluations
    if (facts.passes or 0.0) > 1.0:
        return None  # `memorisation` looks at what is read again
    if len(steps) < 5 or not finite:
        return NotExamined(missing=("steps.loss" if len(steps) < 5 else "evaluations",))
    last, losses = finite[-1], [step.loss or 0.0 for step in steps]
    noise = math.hypot(math.sqrt(statistics.variance(losses) / len(losses)), last.standard_error or 0.0)
    gap = statistics.fmean(losses) - last.loss
    if gap < max(_LEAST, _NOISES * noise) or last.loss >= (facts.ln_vocabulary or math.inf):
        return None  # a text that costs more than a guess was not seen before
    return Observed(
        figures=(
            Figure("held_out_below_training", gap, "nats/token"),
            Figure("standard_error", noise, "nats/token"),
            Figure("passes", facts.passes or 0.0, "passes"),
        ),
        lines=(last.line, steps[0].line, steps[-1].line),
        confidence=1.0 - _LEAST / gap,
        rule=f"1 - {_LEAST:g} / held_out_below_training, where that is above {_NOISES:g} standard_error",
        says=f"held-out loss is {gap:.3g} nats a token below training loss in a single pass",
        refute_by="compare the documents of both splits: none would be shared",
    )


CAUSE: Final = Cause(
    name="held-out-leak",
    root=RootCause.INFRASTRUCTURE,
    needs=("passes", "steps.loss", "evaluations"),
    reference="Lee et al. 2021 (arXiv:2107.06499), on documents that both splits hold",
    mechanism="The held-out text is easier because the model was trained on it.",
    unseen="A low held-out loss is good news, and good news is not questioned.",
    prevention="Held-out documents are disjoint from training by content, near-duplicates included.",
    examine=_examine,
    symptom_of=("divergence", "loss-off-scale", "weights-lost"),
)
