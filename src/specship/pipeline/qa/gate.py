"""A quality gate: one question to a model; every file in `gates/` has one `GATE`, and `registry` finds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from specship.pipeline.qa.records import GateFindings, GateLimits
from specship.pipeline.qa.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityGate:
    """One question to a model: what is measured, and within which limits the answer is yes."""

    number: int
    """Its place in the report, from 1."""
    name: str
    measure: Callable[[Subject], GateFindings]
    """Raises our own errors where it cannot measure; the runner turns them into verdicts."""
    limits: Callable[[Subject], GateLimits]
