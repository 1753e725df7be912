"""The score that is shown is that of other weights."""

from __future__ import annotations

from specship.faults._bytes import of_other_weights
from specship.faults.fault import Fault, spoil

FAULT = Fault(row="K10", stage="humaneval")


def inject() -> None:
    """The stage opens a folder whose weights are other ones."""
    from specship.pipeline.evaluation.humaneval import generation

    spoil(generation, "open_any_model", of_other_weights)
