"""Held-out loss far below training loss on data that were read once: the model has seen the held-out text."""

from __future__ import annotations

import statistics
from typing import Final

from specship.diagnose.facts import Facts
from specship.diagnose.finding import Cause, Figure, Observed, RootCause, within_noise

_LEAST: Final = 0.3
"""Nats a token: dropout and the average over a falling curve explain less."""


def _examine(facts: Facts) -> Observed | None:
    steps = facts.last_tenth
    if (facts.passes or 0.0) > 1.0 or len(steps) < 5:
        return None
    last = facts.evaluations[-1]
    losses = [step.loss or 0.0 for step in steps]
    noise = (statistics.variance(losses) / len(losses) + (last.standard_error or 0.0) ** 2) ** 0.5
    gap = statistics.fmean(losses) - last.loss
    if gap < max(_LEAST, 5 * noise):
        return None
    return Observed(
        figures=(
            Figure("held_out_below_training", gap, "nats/token"),
            Figure("standard_error", noise, "nats/token"),
        ),
        lines=(last.line, steps[-1].line),
        confidence=within_noise(gap, noise),
        rule="erf(held_out_below_training / (standard_error * sqrt 2))",
        says=f"held-out loss is {gap:.3g} nats a token below training loss in a single pass",
        refute_by="compare the documents of both splits: none would be shared",
    )


CAUSE: Final = Cause(
    name="held-out-leak",
    root=RootCause.INFRASTRUCTURE,
    needs=("unique_tokens", "steps.loss", "evaluations"),
    reference="Lee et al. 2021 (arXiv:2107.06499)",
    mechanism="The held-out text is easier because the model was trained on it.",
    unseen="A low held-out loss is good news, and good news is not questioned.",
    prevention="Held-out documents are disjoint from training by content, near-duplicates included.",
    examine=_examine,
    essential=False,
)
