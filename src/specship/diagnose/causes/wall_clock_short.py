"""Less wall time on record than the steps that it covers took."""

from __future__ import annotations

import math
from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause
from specship.pipeline.run_logs.facts import Facts

_SLACK: Final = 1.05


def _examine(facts: Facts) -> Observed | NotExamined | None:
    per_step, wall, until = (
        facts.tokens_per_step or 0,
        facts.wall_seconds or 0.0,
        facts.checkpointed_step or 0,
    )
    # The wall time is written down with a checkpoint, and the log goes on behind it.
    timed = [step for step in facts.steps if (step.tokens_per_second or 0.0) > 0 and step.step <= until]
    if wall < 0:
        return NotExamined(missing=("wall_seconds",))
    if not timed:
        return NotExamined(because="no step lies before the checkpoint that the wall time belongs to")
    steps = math.fsum(per_step / (step.tokens_per_second or math.inf) for step in timed)
    if steps <= _SLACK * wall:
        return None
    return Observed(
        figures=(
            Figure("logged_seconds", steps, "s"),
            Figure("wall_seconds", wall, "s"),
            Figure("steps", len(timed), "records"),
        ),
        lines=(timed[0].line, timed[-1].line, *facts.recorded("wall_seconds", "steps_done")),
        confidence=1.0 - wall / steps,
        rule="1 - wall_seconds / logged_seconds",
        says=f"{len(timed)} steps on record took {steps:.3g} s, the run says {wall:.3g} s for them",
        refute_by="add up the sessions of the run: they would come to the wall time on record",
    )


CAUSE: Final = Cause(
    name="wall-clock-short",
    root=RootCause.INFRASTRUCTURE,
    needs=("tokens_per_step", "wall_seconds", "checkpointed_step", "steps.tokens_per_second"),
    reference="Mattson et al. 2019, MLPerf Training Benchmark (arXiv:1910.01500), on timing a whole run",
    mechanism="The clock began again with the last session.",
    unseen="A cheap run is good news.",
    prevention="The wall time of a run is the sum over its sessions, and is held against its steps.",
    examine=_examine,
)
