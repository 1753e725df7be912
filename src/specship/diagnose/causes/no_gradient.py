"""No gradient reaches the weights: its norm is zero, and the loss does not move."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause, repeated
from specship.diagnose.frozen import fallen, frozen_steps, noise
from specship.pipeline.run_logs.facts import Facts


def _examine(facts: Facts) -> Observed | None:
    steps = frozen_steps(facts)
    if not steps:
        return None
    losses = [step.loss or 0.0 for step in steps]
    later = "" if steps[0] is facts.finite_losses[0] else f" from step {steps[0].step} on"
    return Observed(
        figures=(
            Figure("records_at_zero", len(steps), "records"),
            Figure("fallen", fallen(losses), "nats/token"),
            Figure("standard_error", noise(losses), "nats/token"),
        ),
        lines=(steps[0].line, steps[-1].line),
        confidence=repeated(len(steps)),
        rule="1 - 2^-records_at_zero, where fallen is within 3 standard_error",
        says=(
            f"the gradient norm is 0 in {len(steps)} records{later}, and the loss does not move: "
            f"{fallen(losses):.3g} nats a token"
        ),
        refute_by="take one step and look at each gradient: one at least would not be 0",
    )


CAUSE: Final = Cause(
    name="no-gradient",
    root=RootCause.OPTIMIZATION,
    needs=("steps.loss", "steps.grad_norm"),
    reference="Karpathy 2019, A Recipe for Training Neural Networks, on charting dependencies with backprop",
    mechanism=(
        "The loss is cut from the weights: they are frozen, detached, or below activations that are computed "
        "again without asking for gradients."
    ),
    unseen="Losses of different batches differ, which looks like training.",
    prevention="The norm of every step's gradient must be above zero, and the first step must move a weight.",
    examine=_examine,
)
