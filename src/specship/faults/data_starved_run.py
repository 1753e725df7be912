"""A run passed many times over a small part of the data that its size asks for."""

from __future__ import annotations

from dataclasses import replace

from specship.faults.fault import Fault
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="C1", stage="run")


def alter(facts: Facts) -> Facts:
    """A hundredth of the unique tokens, passed over a hundred times as often."""
    less = (one and max(1, one // 100) for one in (facts.unique_tokens, facts.tokens_per_pass))
    unique, per_pass = less
    return replace(
        facts,
        unique_tokens=unique,
        tokens_per_pass=per_pass,
        epochs=facts.epochs and 100 * facts.epochs,
    )
