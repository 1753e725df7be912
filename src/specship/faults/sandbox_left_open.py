"""Generated code runs where it can read, write or start what it likes."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="I12", stage="harness")


def inject() -> None:
    """The level is chosen that limits time and memory and contains nothing."""
    from specship.pipeline.evaluation.humaneval import scoring

    spoil(scoring, "choose_level", lambda _: lambda _limits: "rlimits")
