"""Losses that stand for an error or for missing data: exactly 0, or loss and gradient norm exactly 1.

A loss of 0 is no placeholder by itself: four decimals make one of a memorised text, and losses of
reinforcement learning begin there. It is one where the losses around it are far above 0 and no gradient says
that there was a loss, or beside a gradient norm that is no number: that one hides NaN, and is its symptom.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause, repeated
from specship.pipeline.run_logs.facts import Facts, LoggedStep, is_finite

_FAR: Final = 0.1
"""Nats a token: a loss falls from here to 0 over many steps, never from one to the next."""


def _examine(facts: Facts) -> Observed | None:
    found = [step for step in facts.losses if _ones(step)] + list(_zeros(facts.steps))
    if not found:
        return None
    found.sort(key=lambda step: step.line.number)
    hidden = sum(step.hides_nan for step in found)
    said = ", NaN hidden by the logger's filter" if hidden else ""
    return Observed(
        figures=(
            Figure("placeholders", len(found), "records"),
            Figure("hidden_nan", hidden, "records"),
            Figure("records", len(facts.steps), "records"),
        ),
        lines=tuple(step.line for step in found[:3]),
        confidence=repeated(len(found)),
        rule="1 - 2^-placeholders",
        says=f"{len(found)} of {len(facts.steps)} records hold a placeholder (loss {found[0].loss:g}{said})",
        refute_by="score the same batch with the checkpoint of that step: its loss would be that number",
    )


def _ones(step: LoggedStep) -> bool:
    return step.loss == 1.0 and step.grad_norm == 1.0


def _zeros(steps: Sequence[LoggedStep]) -> list[LoggedStep]:
    """Zeros beside a gradient norm that is no number, and zeros that come from far above."""
    found: list[LoggedStep] = []
    before = next((abs(step.loss) for step in steps if step.loss and is_finite(step.loss)), None)
    for step in steps:
        if step.hides_nan or (step.loss == 0.0 and not step.grad_norm and (before is None or before >= _FAR)):
            found.append(step)
        elif step.loss and is_finite(step.loss):
            before = abs(step.loss)
    return found


CAUSE: Final = Cause(
    name="placeholder-figures",
    root=RootCause.INFRASTRUCTURE,
    needs=("steps.loss",),
    reference=(
        "Tambon et al. 2021, Silent Bugs in Deep Learning Frameworks (arXiv:2112.13314), on wrong figures "
        "without an error; for NaN that reads 0, transformers, TrainingArguments.logging_nan_inf_filter"
    ),
    mechanism="An error, or data that had ended, was answered with a constant.",
    unseen="A check for NaN stays green on a constant.",
    prevention="A step without data or with an error ends the run; constants in the log are refused.",
    examine=_examine,
    symptom_of=("non-finite",),
)
