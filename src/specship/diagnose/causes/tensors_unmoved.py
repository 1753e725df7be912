"""Tensors that are the same bytes in the first checkpoint and in the last."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause
from specship.pipeline.run_logs.facts import Facts


def _examine(facts: Facts) -> Observed | None:
    tensors, unmoved = facts.tensors or 0, facts.unmoved_tensors or 0
    if not unmoved:
        return None
    return Observed(
        figures=(Figure("unmoved_tensors", unmoved, "tensors"), Figure("tensors", tensors, "tensors")),
        lines=(),
        confidence=1.0,
        rule="1: the bytes of both checkpoints were compared",
        says=(
            f"{unmoved} of {tensors} tensors are the same bytes in `model.safetensors` of the first "
            "checkpoint and of the last"
        ),
        refute_by="take one step and look at each gradient: none would be missing",
    )


CAUSE: Final = Cause(
    name="tensors-unmoved",
    root=RootCause.OPTIMIZATION,
    needs=("tensors", "unmoved_tensors"),
    reference="Karpathy 2019, A Recipe for Training Neural Networks, on charting dependencies with backprop",
    mechanism="A part of the model is cut out of the backward pass, or the optimizer does not hold it.",
    unseen="The rest of the model learns around it, and the loss falls all the same.",
    prevention="The first checkpoint is compared with the last: every trainable tensor must have moved.",
    examine=_examine,
)
