"""Neither training loss nor held-out loss moves, and the latter not by its last digit: the weights stand."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause, repeated
from specship.diagnose.frozen import standing_evaluations, training_fell
from specship.pipeline.run_logs.facts import Facts


def _examine(facts: Facts) -> Observed | None:
    same = standing_evaluations(facts)
    if not same or training_fell(facts):
        return None
    return Observed(
        figures=(
            Figure("evaluations_alike", len(same), "evaluations"),
            Figure("held_out", same[0].loss, "nats/token"),
        ),
        lines=tuple(one.line for one in same[:3]),
        confidence=repeated(len(same)),
        rule="1 - 2^-evaluations_alike",
        says=(
            f"all {len(same)} held-out losses are {same[0].loss!r} to the last digit, and training loss stays"
        ),
        refute_by="compare the weights of two checkpoints: they would differ",
    )


CAUSE: Final = Cause(
    name="weights-unmoved",
    root=RootCause.OPTIMIZATION,
    needs=("steps.loss", "evaluations"),
    reference="Karpathy 2019, A Recipe for Training Neural Networks, on charting dependencies with backprop",
    mechanism="The optimizer holds other tensors than the model computes with, or steps round to nothing.",
    unseen="Losses of different batches differ, which looks like training.",
    prevention="The first checkpoint is compared with the last: every trainable tensor must have moved.",
    examine=_examine,
    symptom_of=("learning-rate-zero", "no-gradient", "tensors-unmoved"),
)
