"""A worker that died is counted as a wrong answer of the model."""

from __future__ import annotations

from specship.faults._workers import die_and_answer
from specship.faults.fault import Fault

FAULT = Fault(row="E10", stage="harness")


def inject() -> None:
    """What its death leaves unanswered reads failed."""
    die_and_answer("failed:assertion")
