"""The data ended before the plan did, and the run said so."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause
from specship.pipeline.run_logs.facts import Facts


def _examine(facts: Facts) -> Observed | NotExamined | None:
    planned, done = facts.planned_steps or 0, facts.ended_step
    if facts.status != "data_exhausted":
        return None
    if done is None or not facts.tokens_per_pass or not facts.tokens_per_step:
        return NotExamined(
            missing=("ended_step",) if done is None else ("tokens_per_pass", "tokens_per_step")
        )
    possible = facts.tokens_per_pass // facts.tokens_per_step
    if done >= planned or done < possible:
        return None  # where the corpus had more to give the stream was cut: `exhausted-stream` says so
    ends = tuple(event.line for event in facts.events or () if event.name == "end_of_data")
    return Observed(
        figures=(
            Figure("steps_done", done, "steps"),
            Figure("planned_steps", planned, "steps"),
            Figure("tokens_per_pass", facts.tokens_per_pass, "tokens"),
            Figure("tokens_per_step", facts.tokens_per_step, "tokens"),
        ),
        lines=(
            *ends[-1:],
            *facts.recorded("steps_done", "planned_steps", "windows_per_pass", "tokens_per_step"),
        ),
        confidence=1.0 - done / planned,
        rule="1 - steps_done / planned_steps",
        says=f"the data ended after {done} of {planned} planned steps: one pass gives no more",
        refute_by=f"bring {planned * facts.tokens_per_step} tokens: the run would still end early",
    )


CAUSE: Final = Cause(
    name="data-ended",
    root=RootCause.DATA,
    needs=("planned_steps", "status"),
    reference=(
        "Hoffmann et al. 2022 (arXiv:2203.15556), appendix B, on schedules longer than the training; "
        "Muennighoff et al. 2023 (arXiv:2305.16264) on what to do where data are few"
    ),
    mechanism="The plan asks for more tokens than one pass over the corpus gives.",
    unseen="Steps and tokens were planned apart.",
    prevention="The plan is held against the size of the corpus before the first step.",
    examine=_examine,
    guards=("end_of_data",),
)
