"""Training loss falls, and every evaluation gives one and the same number: it scores another model."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause, repeated
from specship.diagnose.frozen import standing_evaluations, training_fell
from specship.pipeline.run_logs.facts import Facts


def _examine(facts: Facts) -> Observed | None:
    same = standing_evaluations(facts)
    if not same or not training_fell(facts):
        return None
    return Observed(
        figures=(
            Figure("evaluations_alike", len(same), "evaluations"),
            Figure("held_out", same[0].loss, "nats/token"),
        ),
        lines=(same[0].line, same[-1].line, facts.finite_losses[0].line, facts.finite_losses[-1].line),
        confidence=repeated(len(same)),
        rule="1 - 2^-evaluations_alike",
        says=(
            f"all {len(same)} held-out losses are {same[0].loss!r} to the last digit, and training loss falls"
        ),
        refute_by="score the held-out text with the last checkpoint: its loss would be that number",
    )


CAUSE: Final = Cause(
    name="evaluation-of-another-model",
    root=RootCause.INFRASTRUCTURE,
    needs=("steps.loss", "evaluations"),
    reference=(
        "Tambon et al. 2021, Silent Bugs in Deep Learning Frameworks (arXiv:2112.13314), on wrong figures "
        "without an error"
    ),
    mechanism="The evaluated copy, average or base model is not the one that the optimizer moves.",
    unseen="A held-out loss that stands still is taken for a model that has stopped to generalise.",
    prevention="The evaluation is computed again from the checkpoint that was written at its step.",
    examine=_examine,
)
