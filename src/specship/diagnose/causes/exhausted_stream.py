"""The stream of data stopped short: the run called itself complete, or the corpus had more to give."""

from __future__ import annotations

from typing import Final

from specship.diagnose.facts import Facts
from specship.diagnose.finding import Cause, Figure, Observed, RootCause

_NAMED: Final = {"stopped_early", "aborted", "preempted", "running"}


def _examine(facts: Facts) -> Observed | None:
    planned, done = facts.planned_steps or 0, facts.steps[-1].step
    # Trainer's last record may stand up to one logging interval before its last step.
    if facts.status in _NAMED or done + facts.log_every > planned:
        return None
    if facts.status == "data_exhausted" and (facts.tokens_per_pass or 0) < (facts.planned_tokens or 0):
        return None  # there really is no more: `data-ended` says so
    return Observed(
        figures=(Figure("steps_done", done, "steps"), Figure("planned_steps", planned, "steps")),
        lines=(facts.steps[-1].line,),
        confidence=1.0 - done / planned,
        rule="1 - steps_done / planned_steps",
        says=(
            f"{done} of {planned} planned steps are on record, and "
            + ("the corpus had more to give" if facts.status == "data_exhausted" else "no reason is")
        ),
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
