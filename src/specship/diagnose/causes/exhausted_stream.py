"""The stream of data ended or stopped short, and the run called itself complete."""

from __future__ import annotations

from typing import Final

from specship.diagnose.facts import Facts
from specship.diagnose.finding import Cause, Figure, Observed, RootCause

_NAMED: Final = {"stopped_early", "aborted", "preempted", "data_exhausted", "running"}


def _examine(facts: Facts) -> Observed | None:
    planned, done = facts.planned_steps or 0, facts.steps[-1].step
    # Trainer's last record may stand up to one logging interval before its last step.
    if facts.status in _NAMED or done + facts.log_every > planned:
        return None
    return Observed(
        figures=(Figure("steps_done", done, "steps"), Figure("planned_steps", planned, "steps")),
        lines=(facts.steps[-1].line,),
        confidence=1.0 - done / planned,
        rule="1 - steps_done / planned_steps",
        says=f"{done} of {planned} planned steps are on record, and no reason is",
        refute_by="count the batches that the data give: there would be enough for the plan",
    )


CAUSE: Final = Cause(
    name="exhausted-stream",
    root=RootCause.INFRASTRUCTURE,
    needs=("planned_steps", "steps"),
    reference="Python documentation, the iterator protocol: StopIteration ends a for loop without a word",
    mechanism="The iterator ended, the loop with it, and the exit status was 0.",
    unseen="Nobody compared steps done with steps planned.",
    prevention="A run does its planned steps or names why not.",
    examine=_examine,
)
