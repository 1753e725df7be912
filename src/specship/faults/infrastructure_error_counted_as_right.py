"""A worker that died is counted as a solved problem."""

from __future__ import annotations

from specship.faults._workers import die_and_answer
from specship.faults.fault import Fault

FAULT = Fault(row="E5", stage="harness")


def inject() -> None:
    """What its death leaves unanswered reads passed."""
    die_and_answer("passed")
