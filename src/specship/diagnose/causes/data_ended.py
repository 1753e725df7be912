"""The data ended before the plan did, and the run said so."""

from __future__ import annotations

from typing import Final

from specship.diagnose.facts import Facts
from specship.diagnose.finding import Cause, Figure, Observed, RootCause


def _examine(facts: Facts) -> Observed | None:
    planned, done = facts.planned_steps or 0, facts.steps[-1].step
    enough = facts.tokens_per_pass is not None and facts.tokens_per_pass >= (facts.planned_tokens or 0)
    if facts.status != "data_exhausted" or done >= planned or enough:
        return None
    ends = tuple(event.line for event in facts.events or () if event.name == "end_of_data")
    return Observed(
        figures=(Figure("steps_done", done, "steps"), Figure("planned_steps", planned, "steps")),
        lines=(*ends[:1], facts.steps[-1].line),
        confidence=1.0 - done / planned,
        rule="1 - steps_done / planned_steps",
        says=f"the data ended after {done} of {planned} planned steps",
        refute_by=f"bring {planned / done:.3g} times the tokens: the run would still end early",
    )


CAUSE: Final = Cause(
    name="data-ended",
    root=RootCause.DATA,
    needs=("planned_steps", "status", "steps"),
    reference="Hoffmann et al. 2022 (arXiv:2203.15556)",
    mechanism="The plan asks for more tokens than one pass over the corpus gives.",
    unseen="Steps and tokens were planned apart.",
    prevention="The plan is held against the size of the corpus before the first step.",
    examine=_examine,
    guards=("end_of_data",),
    essential=False,
)
