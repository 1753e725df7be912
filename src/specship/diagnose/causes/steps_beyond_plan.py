"""More steps than were planned."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause
from specship.pipeline.run_logs.facts import Facts


def _examine(facts: Facts) -> Observed | None:
    planned = facts.planned_steps or 0
    beyond = [step for step in facts.steps if step.step > planned]
    if not beyond:
        return None
    return Observed(
        figures=(
            Figure("steps_done", max(step.step for step in beyond), "steps"),
            Figure("planned_steps", planned, "steps"),
        ),
        lines=(beyond[0].line, beyond[-1].line, *facts.recorded("planned_steps", "max_steps")),
        confidence=1.0,
        rule="1: both numbers are on record",
        says=f"{len(beyond)} records lie beyond the {planned} planned steps",
        refute_by="run again with another number of planned steps: it would end where that says",
    )


CAUSE: Final = Cause(
    name="steps-beyond-plan",
    root=RootCause.OPTIMIZATION,
    needs=("planned_steps", "steps"),
    reference="Hoffmann et al. 2022 (arXiv:2203.15556), appendix B, on schedules that end with the training",
    mechanism="The limit was parsed and never asked, and the schedule had ended before the run did.",
    unseen="More steps look like more training.",
    prevention="Steps done must be those planned, or a named stop.",
    examine=_examine,
)
