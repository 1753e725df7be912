"""The learning rate is zero in every record."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause, repeated
from specship.pipeline.run_logs.facts import Facts


def _examine(facts: Facts) -> Observed | None:
    logged = [step for step in facts.steps if step.lr is not None]
    if len(logged) < 2 or any(step.lr != 0.0 for step in logged):
        return None
    return Observed(
        figures=(Figure("records_at_zero", len(logged), "records"),),
        lines=tuple(step.line for step in logged[:3]),
        confidence=repeated(len(logged)),
        rule="1 - 2^-records_at_zero",
        says=f"the learning rate is 0 in all {len(logged)} records",
        refute_by="compare the weights before and after one step: they would differ",
    )


CAUSE: Final = Cause(
    name="learning-rate-zero",
    root=RootCause.OPTIMIZATION,
    needs=("steps.lr",),
    reference=(
        "Bengio 2012, Practical Recommendations for Gradient-Based Training of Deep Architectures "
        "(doi:10.1007/978-3-642-35289-8_26), on the learning rate"
    ),
    mechanism="An optimizer with a rate of zero moves nothing.",
    unseen="Losses of different batches differ, which looks like training.",
    prevention="The first checkpoint is compared with the last: every trainable tensor must have moved.",
    examine=_examine,
)
