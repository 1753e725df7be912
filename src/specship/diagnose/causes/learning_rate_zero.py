"""The learning rate is zero in every record."""

from __future__ import annotations

from typing import Final

from specship.diagnose.facts import Facts
from specship.diagnose.finding import Cause, Figure, Observed, RootCause, repeated


def _examine(facts: Facts) -> Observed | None:
    logged = [step for step in facts.steps if step.lr is not None]
    if len(logged) < 2 or any(step.lr != 0.0 for step in logged):
        return None
    return Observed(
        figures=(Figure("steps_at_zero", len(logged), "steps"),),
        lines=tuple(step.line for step in logged[:3]),
        confidence=repeated(len(logged)),
        rule="1 - 2^-steps_at_zero",
        says=f"the learning rate is 0 in all {len(logged)} records",
        refute_by="compare the weights before and after one step: they would differ",
    )


CAUSE: Final = Cause(
    name="learning-rate-zero",
    root=RootCause.OPTIMIZATION,
    needs=("steps.lr",),
    reference="Loshchilov and Hutter 2017 (arXiv:1711.05101)",
    mechanism="An optimizer with a rate of zero moves nothing.",
    unseen="Losses of different batches differ, which looks like training.",
    prevention="The first checkpoint is compared with the last: every trainable tensor must have moved.",
    examine=_examine,
)
