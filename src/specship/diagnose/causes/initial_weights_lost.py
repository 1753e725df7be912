"""A run that was to begin from a checkpoint does not begin with that checkpoint's loss."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause
from specship.pipeline.run_logs.facts import Facts

_REASON: Final = "initialisation"


def _examine(facts: Facts) -> Observed | NotExamined | None:
    aborted = facts.status == "aborted" and facts.reason.startswith(_REASON)
    difference, allowed = facts.initialisation_difference, facts.initialisation_tolerance
    if not facts.initialised and not aborted:
        return NotExamined(because="the run began from random weights")
    if not aborted and (difference is None or allowed is None):
        missing = "initialisation_difference" if difference is None else "initialisation_tolerance"
        return NotExamined(missing=(missing,))
    if not aborted and (difference or 0.0) <= (allowed or 0.0):
        return None
    told = {"difference": difference, "tolerance": allowed}
    ends = [event.line for event in facts.events or () if event.name == "aborted"] if aborted else []
    return Observed(
        figures=(
            *(Figure(name, value, "nats/token") for name, value in told.items() if value is not None),
            Figure("aborts", int(aborted), "runs"),
        ),
        lines=(*ends[-1:], *facts.recorded("initialisation", "status", "reason")),
        confidence=1.0,
        rule="1: the difference is on record and above its tolerance, or the run aborted itself for it",
        says=(
            facts.reason
            if aborted
            else f"the first held-out loss is {difference:.3g} nats a token from the checkpoint's own; "
            f"{allowed:g} are allowed"
        ),
        refute_by="score the checkpoint itself on the held-out text: the loss would be that of step 0",
    )


CAUSE: Final = Cause(
    name="initial-weights-lost",
    root=RootCause.INFRASTRUCTURE,
    needs=("initialised",),
    reference=(
        "Humbatova et al. 2019, Taxonomy of Real Faults in Deep Learning Systems (arXiv:1910.11015), "
        "on wrong weight initialisation"
    ),
    mechanism="Tensors of the checkpoint were not taken over: left out, transposed, or random instead.",
    unseen="The model trains all the same, and nobody looks at the loss before the first step.",
    prevention="The first held-out loss is compared with the checkpoint's own before a weight is moved.",
    examine=_examine,
)
