"""Figures that are there and hold zeros, or what is below: no step has them."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause
from specship.diagnose.frozen import frozen_steps
from specship.pipeline.run_logs.facts import Facts

_POSITIVE: Final = ("grad_norm", "tokens_per_second", "tokens_seen", "device_memory_bytes")


def _examine(facts: Facts) -> Observed | None:
    dead = {}
    for name in _POSITIVE:
        held = [step for step in facts.steps if getattr(step, name) is not None]
        if len(held) > 1 and all(getattr(step, name) <= 0 for step in held):
            dead[name] = held
    if "grad_norm" in dead and frozen_steps(facts):
        del dead["grad_norm"]  # `no-gradient` says so: the field is filled, and nothing moves
    if not dead:
        return None
    held = next(iter(dead.values()))
    return Observed(
        figures=(Figure("dead_fields", ", ".join(dead), "text"), Figure("records", len(held), "records")),
        lines=tuple(step.line for step in held[:3]),
        confidence=1.0 - 1.0 / len(held),
        rule="1 - 1 / records",
        says=f"{', '.join(dead)} is not above 0 in any of {len(held)} records",
        refute_by="measure the same figure from outside for one step: it would be 0",
    )


CAUSE: Final = Cause(
    name="dead-telemetry",
    root=RootCause.INFRASTRUCTURE,
    needs=("steps",),
    reference="Breck et al. 2017, The ML Test Score (IEEE Big Data), on monitoring speed and numbers",
    mechanism="The fields of the log were declared and never filled.",
    unseen="A dashboard draws a line at zero.",
    prevention="Required figures must be above zero.",
    examine=_examine,
)
