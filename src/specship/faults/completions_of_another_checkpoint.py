"""The texts that are judged come from other weights."""

from __future__ import annotations

from specship.faults._bytes import of_other_weights
from specship.faults.fault import Fault, spoil

FAULT = Fault(row="K10", stage="generations")


def inject() -> None:
    """The stage opens a folder whose weights are other ones."""
    from specship.pipeline.evaluation import python_prompts

    spoil(python_prompts, "open_any_model", of_other_weights)
