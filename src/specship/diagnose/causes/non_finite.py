"""NaN or infinity in the figures of a step, or a run that ended because of one."""

from __future__ import annotations

import math
from typing import Final

from specship.diagnose.facts import Facts, Step
from specship.diagnose.finding import Cause, Figure, Observed, RootCause


def _bad(step: Step) -> bool:
    return any(
        value is not None and not math.isfinite(value) for value in (step.loss, step.grad_norm, step.lr)
    )


def _examine(facts: Facts) -> Observed | None:
    found = [step for step in facts.steps if _bad(step)]
    ended = [event for event in facts.events or () if event.name == "aborted" and "non-finite" in event.text]
    losses = [one for one in facts.evaluations if not math.isfinite(one.loss)]
    if not found and not ended and not losses:
        return None
    return Observed(
        figures=(
            Figure("non_finite_steps", len(found), "steps"),
            Figure("non_finite_evaluations", len(losses), "evaluations"),
            Figure("aborts", len(ended), "events"),
        ),
        lines=(
            *(event.line for event in ended[:1]),
            *(step.line for step in found[:3]),
            *(one.line for one in losses[:1]),
        ),
        confidence=1.0,
        rule="1: a figure that is not finite is on record",
        says=f"{len(found)} steps and {len(losses)} evaluations are not finite, {len(ended)} aborts name one",
        refute_by="repeat the step before the first in float32: all would be finite",
    )


CAUSE: Final = Cause(
    name="non-finite",
    root=RootCause.OPTIMIZATION,
    needs=("steps.loss",),
    reference="Micikevicius et al. 2017 (arXiv:1710.03740) on overflow and loss scaling",
    mechanism="One overflow spreads through the weights in a single step.",
    unseen="A mean over steps can leave the bad ones out.",
    prevention="Loss, gradients, optimizer state and rate are checked before the optimizer moves a weight.",
    examine=_examine,
    guards=("aborted: non-finite",),
)
