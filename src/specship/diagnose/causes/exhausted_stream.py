"""The stream of data stopped short: the run called itself complete, or the corpus had more to give."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause
from specship.pipeline.run_logs.facts import Facts

_KNOWN_ABORTS: Final = ("divergence", "non-finite", "initialisation")
"""Beginnings of reasons to abort that have a cause of their own."""


def _examine(facts: Facts) -> Observed | NotExamined | None:
    if facts.finished is False:
        return NotExamined(because="the run has not ended by its record, and its plan may still be done")
    done, planned = facts.ended_step, facts.planned_steps or 0
    if facts.finished is None or done is None:
        return NotExamined(missing=("finished",) if facts.finished is None else ("ended_step",))
    if facts.status in {"aborted", "stopped_early"} or (facts.stop_reason and facts.status is None):
        known = facts.status != "aborted" or facts.reason.startswith(_KNOWN_ABORTS)
        return None if known and facts.stop_reason else NotExamined(missing=("stop_reason",))
    possible = _possible(facts, planned)
    if possible is None:
        return NotExamined(missing=("tokens_per_pass", "tokens_per_step"))
    if done >= possible:
        return None
    contradicts = facts.status == "completed"
    return Observed(
        figures=(
            Figure("steps_done", done, "steps"),
            Figure("planned_steps", planned, "steps"),
            Figure("possible_steps", possible, "steps"),
        ),
        lines=(
            *(event.line for event in facts.events or () if event.name == "end_of_data"),
            *(step.line for step in facts.steps[-1:]),
            *facts.recorded("steps_done", "global_step", "planned_steps", "max_steps", "windows_per_pass"),
        ),
        confidence=1.0 if contradicts else 1.0 - done / possible,
        rule=(
            "1 where the run calls itself completed and did fewer steps than it planned, else "
            "1 - steps_done / possible_steps: those of the plan that the data suffice for"
        ),
        says=(
            f"the run ended after {done} of {planned} planned steps, and "
            + (
                f"one pass over the corpus gives {facts.tokens_per_pass} tokens, enough for {possible}"
                if facts.status == "data_exhausted"
                else "no reason is on record"
            )
        ),
        refute_by="count the batches that the data give: there would be no more than were trained on",
    )


def _possible(facts: Facts, planned: int) -> int | None:
    """Planned steps that the data suffice for, where the run says that they did not; all of them else."""
    if facts.status != "data_exhausted":
        return planned
    if not facts.tokens_per_pass or not facts.tokens_per_step:
        return None
    return min(planned, facts.tokens_per_pass // facts.tokens_per_step)


CAUSE: Final = Cause(
    name="exhausted-stream",
    root=RootCause.INFRASTRUCTURE,
    needs=("planned_steps", "steps"),
    reference=(
        "Tambon et al. 2021, Silent Bugs in Deep Learning Frameworks (arXiv:2112.13314), "
        "on wrong behaviour without a crash or a message"
    ),
    mechanism="The iterator ended, the loop with it, and the exit status was 0.",
    unseen="Nobody compared steps done with steps planned.",
    prevention="A run does its planned steps or names why not.",
    examine=_examine,
)
