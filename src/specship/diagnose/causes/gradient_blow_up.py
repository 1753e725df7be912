"""Gradient norms grow by orders of magnitude while training goes on."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause
from specship.pipeline.run_logs.facts import Facts, is_finite

_TIMES: Final = 1000.0
"""Of a norm that nine tenths of the steps before it exceed."""
_FEWEST: Final = 10


def _examine(facts: Facts) -> Observed | None:
    steps = [step for step in facts.steps if is_finite(step.grad_norm)]
    if len(steps) <= _FEWEST:
        return None
    # Before it only: norms that shrink as a text is learned make the first ones look large.
    at = max(range(_FEWEST, len(steps)), key=lambda number: steps[number].grad_norm or 0.0)
    worst, before = steps[at], sorted(step.grad_norm or 0.0 for step in steps[:at])
    usual = before[at // 10]
    ratio = (worst.grad_norm or 0.0) / usual if usual > 0 else 0.0
    if ratio <= _TIMES:
        return None
    return Observed(
        figures=(
            Figure("largest_norm", worst.grad_norm or 0.0, "gradient norm"),
            Figure("usual_norm_before", usual, "gradient norm"),
            Figure("largest_over_usual", ratio, "ratio"),
        ),
        lines=(steps[0].line, steps[at - 1].line, worst.line),
        confidence=1.0 - _TIMES / ratio,
        rule=f"1 - {_TIMES:g} / largest_over_usual",
        says=f"at step {worst.step} the gradient norm is {ratio:.3g} times the usual one before it",
        refute_by="repeat that step alone from the checkpoint before it: its norm would be ordinary",
    )


CAUSE: Final = Cause(
    name="gradient-blow-up",
    root=RootCause.OPTIMIZATION,
    needs=("steps.grad_norm",),
    reference="Pascanu et al. 2012 (arXiv:1211.5063)",
    mechanism="Products of many derivatives grow without bound.",
    unseen="The norm was logged after clipping, or not at all.",
    prevention="The norm before clipping is logged each step and has a ceiling.",
    examine=_examine,
)
