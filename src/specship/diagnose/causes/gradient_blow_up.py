"""Gradient norms grow by orders of magnitude while training goes on."""

from __future__ import annotations

import math
from typing import Final

from specship.diagnose.facts import Facts
from specship.diagnose.finding import Cause, Figure, Observed, RootCause

_TIMES: Final = 1000.0
"""Of a norm that nine tenths of the steps exceed: the median may be one that has blown up already."""


def _examine(facts: Facts) -> Observed | None:
    steps = [step for step in facts.steps if step.grad_norm is not None and math.isfinite(step.grad_norm)]
    if len(steps) < 10:
        return None
    usual = sorted(step.grad_norm or 0.0 for step in steps)[len(steps) // 10]
    worst = max(steps, key=lambda step: step.grad_norm or 0.0)
    ratio = (worst.grad_norm or 0.0) / usual if usual > 0 else 0.0
    if ratio <= _TIMES:
        return None
    return Observed(
        figures=(
            Figure("largest_norm", worst.grad_norm or 0.0, "ratio"),
            Figure("usual_norm", usual, "ratio"),
            Figure("largest_over_usual", ratio, "ratio"),
        ),
        lines=(worst.line,),
        confidence=1.0 - _TIMES / ratio,
        rule=f"1 - {_TIMES:g} / largest_over_usual",
        says=f"at step {worst.step} the gradient norm is {ratio:.3g} times the usual one",
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
    essential=False,
)
