"""Losses that stand for an error or for missing data: exactly 0, or loss and gradient norm exactly 1."""

from __future__ import annotations

import math
from typing import Final

from specship.diagnose.facts import Facts, Step
from specship.diagnose.finding import Cause, Figure, Observed, RootCause, repeated


def _placeholder(step: Step) -> bool:
    return step.loss == 0.0 or (step.loss == 1.0 and step.grad_norm == 1.0)


def _hidden_nan(step: Step) -> bool:
    """Trainer leaves NaN out of the mean it logs: the loss reads 0 beside a gradient norm that is NaN."""
    return step.loss == 0.0 and step.grad_norm is not None and math.isnan(step.grad_norm)


def _examine(facts: Facts) -> Observed | None:
    found = [step for step in facts.steps if _placeholder(step)]
    if not found:
        return None
    hidden = sum(map(_hidden_nan, found))
    said = ", NaN hidden by the logger's filter" if hidden else ""
    return Observed(
        figures=(
            Figure("placeholder_steps", len(found), "steps"),
            Figure("hidden_nan", hidden, "steps"),
            Figure("steps", len(facts.steps), "steps"),
        ),
        lines=tuple(step.line for step in found[:3]),
        confidence=repeated(len(found)),
        rule="1 - 2^-placeholder_steps",
        says=f"{len(found)} of {len(facts.steps)} records hold a placeholder (loss {found[0].loss:g}{said})",
        refute_by="score the same batch with the checkpoint of that step: its loss would be that number",
    )


CAUSE: Final = Cause(
    name="placeholder-figures",
    root=RootCause.INFRASTRUCTURE,
    needs=("steps.loss",),
    reference="transformers documentation, TrainingArguments.logging_nan_inf_filter",
    mechanism="An error, or data that had ended, was answered with a constant.",
    unseen="A check for NaN stays green on a constant.",
    prevention="A step without data or with an error ends the run; constants in the log are refused.",
    examine=_examine,
)
